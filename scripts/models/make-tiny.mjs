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
import { dense, layerNorm, moduleFiles, modulesAfterPooling, moduleType, normalize } from './tiny-modules.mjs';
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
  /** A mode, or a list of them. */
  pooling: 'MEAN',
  includePrompt: true,
  /** Modules between Pooling and the Normalize at the end: see tiny-modules.mjs. */
  modules: [],
  normalize: true,
  /** Files that the tensors are dealt out to; more than one with an index, as transformers saves large models. */
  shards: 1,
  /** `do_lower_case` in sentence_bert_config.json (old layout), with a tokenizer that does not lower-case by itself. */
  lowerCase: false,
  truncateDim: null,
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
  /** Every mode, put together in another order than the old flags have. */
  'several-poolings': { ...base, pooling: ['LAST_TOKEN', 'MEAN', 'CLS', 'WEIGHTED_MEAN', 'MAX', 'MEAN_SQRT_LEN'] },
  /** Of the old flags; then LaBSE's Dense. */
  'several-flags': {
    ...base,
    layout: 'old',
    pooling: ['CLS', 'MAX', 'WEIGHTED_MEAN'],
    modules: [dense(96, 40, { activation: 'activation.Tanh' })],
  },
  /** EmbeddingGemma's chain. */
  'dense-twice': {
    ...base,
    modules: [dense(32, 100, { bias: false, dtype: 'BF16' }), dense(100, 24, { bias: false, dtype: 'F16' })],
    prompts: { query: 'task: search | query: ', document: 'title: none | text: ' },
  },
  /** sentence-t5's chain, and every activation function. */
  activations: {
    ...base,
    modules: [
      dense(32, 48, { activation: 'activation.GELU' }),
      dense(48, 33, { activation: 'activation.ReLU' }),
      dense(33, 40, { activation: 'activation.SiLU' }),
      dense(40, 40, { activation: 'activation.Sigmoid' }),
      dense(40, 20, { activation: null }),
    ],
  },
  'layer-norm': { ...base, modules: [layerNorm(32)], normalize: false },
  'normalize-in-the-middle': { ...base, modules: [normalize(), dense(32, 16), layerNorm(16)], normalize: false },
  'truncate-dim': { ...base, modules: [dense(32, 24)], truncateDim: 10, normalize: false },
  'lower-case': { ...base, layout: 'old', lowerCase: true },
  'last-token': { ...base, pooling: 'LAST_TOKEN', paddingSide: 'left' },
  'plain-transformer': { ...base, layout: 'none' },
};

/** Writes one model folder. A spec may be varied: `writeTinyModel({ ...tinyModels.mean, pooling: 'MAX' }, folder)`. */
export function writeTinyModel(spec, directory) {
  const files = {
    'config.json': bertConfig(spec.bert),
    'tokenizer.json': tokenizerJson(spec),
    'tokenizer_config.json': tokenizerConfig(spec),
    ...(spec.layout === 'none' ? {} : sentenceTransformerFiles(spec)),
  };
  for (const [name, content] of Object.entries(files))
    write(join(directory, name), `${JSON.stringify(content, null, 2)}\n`);
  const tensors = bertTensors(spec.bert);
  if (spec.shards > 1) writeShards(tensors, spec.shards, directory);
  else write(join(directory, 'model.safetensors'), encodeSafetensors(tensors));
  if (spec.layout === 'none') return;
  for (const [name, content] of Object.entries(moduleFiles(spec))) write(join(directory, name), content);
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
      : { max_seq_length: spec.maxSeqLength, do_lower_case: spec.lowerCase },
    '1_Pooling/config.json': isNew ? newPoolingConfig(spec) : oldPoolingConfig(spec),
    'config_sentence_transformers.json': {
      ...(isNew ? { model_type: 'SentenceTransformer' } : {}),
      __version__: { sentence_transformers: isNew ? '6.2.0' : '2.2.2' },
      prompts: spec.prompts,
      default_prompt_name: spec.defaultPromptName,
      similarity_fn_name: 'cosine',
      ...(spec.truncateDim === null ? {} : { truncate_dim: spec.truncateDim }),
    },
  };
}

function modules(spec, isNew) {
  const entries = [
    ['', isNew ? 'base.modules.transformer.Transformer' : 'models.Transformer'],
    ['1_Pooling', isNew ? 'sentence_transformer.modules.pooling.Pooling' : 'models.Pooling'],
    ...modulesAfterPooling(spec).map(({ folder, type }) => [folder, moduleType(type, isNew)]),
  ];
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
  const modes = [pooling].flat().map((type) => POOLING_NAMES[type][0]);
  const pooling_mode = modes.length === 1 ? modes[0] : modes;
  return { embedding_dimension: hidden, pooling_mode, include_prompt: includePrompt };
}

function oldPoolingConfig({ bert: { hidden }, pooling, includePrompt }) {
  const flags = Object.entries(POOLING_NAMES).map(([type, names]) => [names[1], [pooling].flat().includes(type)]);
  return { word_embedding_dimension: hidden, ...Object.fromEntries(flags), include_prompt: includePrompt };
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
