/**
 * Tiny random BERT models (some 100 KB each) as SentenceTransformer.save() writes them, for tests that need every
 * layout, dtype and pooling mode but no meaning. Pure Node and deterministic: tests make the folders when they run,
 * and test/fixtures/tiny holds what sentence-transformers gives for them (make_tiny.py).
 *
 *     node scripts/models/make-tiny.mjs DIRECTORY      writes DIRECTORY/<name> for every model below
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { encodeSafetensors } from './safetensors.mjs';
import { bertConfig, bertTensors } from './tiny-bert.mjs';
import { tokenizerConfig, tokenizerJson } from './tiny-tokenizer.mjs';

/** Our pooling type → its names in 1_Pooling/config.json since 6.x and before. */
const POOLING_NAMES = {
  CLS: ['cls', 'pooling_mode_cls_token'],
  MEAN: ['mean', 'pooling_mode_mean_tokens'],
  MAX: ['max', 'pooling_mode_max_tokens'],
  MEAN_SQRT_LEN: ['mean_sqrt_len_tokens', 'pooling_mode_mean_sqrt_len_tokens'],
  WEIGHTED_MEAN: ['weightedmean', 'pooling_mode_weightedmean_tokens'],
  LAST_TOKEN: ['lasttoken', 'pooling_mode_lasttoken'],
};

/** @type {import('./tiny-bert.mjs').BertShape} */
const bert = {
  weights: 'bert',
  dtype: 'F32',
  hidden: 32,
  layers: 2,
  heads: 4,
  intermediate: 64,
  activation: 'gelu',
  epsilon: 1e-12,
  positions: 64,
  prefix: '',
  pooler: true,
  positionIds: false,
};

const base = {
  bert,
  /** `new`: file contents as 6.x writes them; `old`: as before; `none`: a plain transformers folder. */
  layout: 'new',
  pooling: 'MEAN',
  includePrompt: true,
  normalize: true,
  /** Files that the tensors are dealt out to; more than one with an index, as transformers saves large models. */
  shards: 1,
  /** `max_seq_length` in sentence_bert_config.json (old layout). */
  maxSeqLength: null,
  /** `model_max_length` in tokenizer_config.json. */
  modelMaxLength: 48,
  paddingSide: 'right',
  prompts: { query: '', document: '' },
  defaultPromptName: null,
};

/** The models by name. Where nothing is said they share the weights of `mean`. */
export const tinyModels = {
  mean: base,
  cls: {
    ...base,
    layout: 'old',
    pooling: 'CLS',
    normalize: false,
    maxSeqLength: 24,
    bert: {
      ...bert,
      weights: 'cls',
      dtype: 'BF16',
      hidden: 48,
      layers: 3,
      heads: 6,
      intermediate: 96,
      activation: 'gelu_new',
      epsilon: 0.1,
      prefix: 'bert.',
      pooler: false,
    },
  },
  /** Its limit is the number of position embeddings. */
  max: {
    ...base,
    layout: 'old',
    pooling: 'MAX',
    modelMaxLength: null,
    bert: {
      ...bert,
      weights: 'max',
      dtype: 'F16',
      heads: 2,
      intermediate: 96,
      activation: 'relu',
      positions: 40,
      positionIds: true,
    },
  },
  prompts: { ...base, prompts: { query: 'query: ', document: 'passage: ' } },
  'default-prompt': { ...base, prompts: { text: 'text: ' }, defaultPromptName: 'text' },
  'prompt-excluded': { ...base, includePrompt: false, prompts: { query: 'query: ', document: 'passage: ' } },
  'last-token': { ...base, pooling: 'LAST_TOKEN', paddingSide: 'left' },
  'plain-transformer': { ...base, layout: 'none' },
};

/** Writes one model folder. A spec may be varied: `writeTinyModel({ ...tinyModels.mean, pooling: 'MAX' }, folder)`. */
export function writeTinyModel(spec, directory) {
  const files = {
    'config.json': bertConfig(spec.bert),
    'tokenizer.json': tokenizerJson(),
    'tokenizer_config.json': tokenizerConfig(spec),
    ...(spec.layout === 'none' ? {} : sentenceTransformerFiles(spec)),
  };
  for (const [name, content] of Object.entries(files))
    write(join(directory, name), `${JSON.stringify(content, null, 2)}\n`);
  const tensors = bertTensors(spec.bert);
  if (spec.shards > 1) writeShards(tensors, spec.shards, directory);
  else write(join(directory, 'model.safetensors'), encodeSafetensors(tensors));
}

function writeShards(tensors, count, directory) {
  const name = (shard) => `model-0000${shard + 1}-of-0000${count}.safetensors`;
  const weight_map = Object.fromEntries(tensors.map((tensor, i) => [tensor.name, name(i % count)]));
  for (let shard = 0; shard < count; shard++) {
    write(join(directory, name(shard)), encodeSafetensors(tensors.filter((_, i) => i % count === shard)));
  }
  write(join(directory, 'model.safetensors.index.json'), JSON.stringify({ metadata: {}, weight_map }, null, 2));
}

function sentenceTransformerFiles(spec) {
  const isNew = spec.layout === 'new';
  return {
    'modules.json': modules(spec, isNew),
    'sentence_bert_config.json': isNew
      ? newTransformerConfig()
      : { max_seq_length: spec.maxSeqLength, do_lower_case: false },
    '1_Pooling/config.json': isNew ? newPoolingConfig(spec) : oldPoolingConfig(spec),
    'config_sentence_transformers.json': {
      ...(isNew ? { model_type: 'SentenceTransformer' } : {}),
      __version__: { sentence_transformers: isNew ? '6.2.0' : '2.2.2' },
      prompts: spec.prompts,
      default_prompt_name: spec.defaultPromptName,
      similarity_fn_name: 'cosine',
    },
    ...(isNew && spec.normalize ? { '2_Normalize/config.json': normalizeConfig() } : {}),
  };
}

function modules({ normalize }, isNew) {
  const entries = [
    ['', isNew ? 'base.modules.transformer.Transformer' : 'models.Transformer'],
    ['1_Pooling', isNew ? 'sentence_transformer.modules.pooling.Pooling' : 'models.Pooling'],
  ];
  if (normalize) entries.push(['2_Normalize', isNew ? 'base.modules.normalize.Normalize' : 'models.Normalize']);
  return entries.map(([path, type], idx) => ({ idx, name: String(idx), path, type: `sentence_transformers.${type}` }));
}

function newTransformerConfig() {
  return {
    transformer_task: 'feature-extraction',
    modality_config: { text: { method: 'forward', method_output_name: 'last_hidden_state' } },
    module_output_name: 'token_embeddings',
  };
}

function newPoolingConfig({ bert: { hidden }, pooling, includePrompt }) {
  return { embedding_dimension: hidden, pooling_mode: POOLING_NAMES[pooling][0], include_prompt: includePrompt };
}

function oldPoolingConfig({ bert: { hidden }, pooling, includePrompt }) {
  const flags = Object.entries(POOLING_NAMES).map(([type, names]) => [names[1], type === pooling]);
  return { word_embedding_dimension: hidden, ...Object.fromEntries(flags), include_prompt: includePrompt };
}

function normalizeConfig() {
  return { module_input_name: 'sentence_embedding', module_output_name: 'sentence_embedding' };
}

function write(file, content) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const directory = process.argv[2];
  if (!directory) throw new Error('usage: node scripts/models/make-tiny.mjs DIRECTORY');
  for (const [name, spec] of Object.entries(tinyModels)) writeTinyModel(spec, join(directory, name));
}
