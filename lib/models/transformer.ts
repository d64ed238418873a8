/**
 * The Transformer module: its own configuration (`sentence_bert_config.json`), the network's (`config.json`) and the
 * tokenizer's (`tokenizer_config.json`), as far as they decide what ovembed does.
 */
import { join, posix } from 'node:path';
import { invalid, type JsonObject, readJsonObject, show } from './json-file.js';
import { checkTokenizerCode } from './tokenizer-code.js';

/** Read in this order; the first that exists counts. The later ones are names of early releases. */
export const MODULE_CONFIGS = ['bert', 'roberta', 'distilbert', 'camembert', 'albert', 'xlm-roberta', 'xlnet'].map(
  (family) => `sentence_${family}_config.json`,
);
export const TOKENIZER_CONFIG = 'tokenizer_config.json';
export const NETWORK_CONFIG = 'config.json';

/** Lengths from here on mean "no limit"; transformers writes 10^30 where a tokenizer states none. */
const UNLIMITED = 1_000_000_000;
const LARGEST_TOKEN_ID = 2 ** 31 - 1;

/** Their first position is the one after `pad_token_id`, so their tables take that many tokens less. */
const POSITIONS_AFTER_PADDING = ['roberta', 'xlm-roberta', 'xlm-roberta-xl', 'camembert', 'longformer', 'mpnet'];
/** `pad_token_id` of these types where `config.json` states none. */
const THEIR_PADDING = 1;

/** Keys that change neither tokens nor vectors beyond the precision, which is ovembed's own choice. */
const HARMLESS_MODEL_KEYS = ['torch_dtype', 'dtype', 'attn_implementation', 'trust_remote_code'];
const MODULE_KEYS = [
  ...['max_seq_length', 'do_lower_case', 'transformer_task', 'modality_config', 'module_output_name', 'unpad_inputs'],
  ...['processing_kwargs', 'query_length', 'document_length', 'query_expansion', 'tokenizer_name_or_path', 'backend'],
  ...['model_args', 'model_kwargs', 'tokenizer_args', 'processor_kwargs', 'config_args', 'config_kwargs'],
];
/** Keys that would change the vectors in ways ovembed does not reproduce, unless empty. */
const MUST_BE_EMPTY = [
  'processing_kwargs',
  'query_length',
  'document_length',
  'query_expansion',
  'tokenizer_name_or_path',
];

export interface Transformer {
  /** `model_type` of `config.json`, such as `bert`; null if not stated. */
  modelType: string | null;
  /** Longest input in tokens, special tokens counted; 0: no limit. */
  maxLength: number;
  /** Tokens for which the network has positions; 0: no limit. No text may be longer, whatever else is stated. */
  maxPositions: number;
  /** Texts are lower-cased (Unicode, per character) before the tokenizer's own normalisation. */
  doLowerCase: boolean;
  paddingSide: 'left' | 'right';
  /** The end at which long texts are cut; null where only `tokenizer.json` says it, or nothing. */
  truncationSide: 'left' | 'right' | null;
  padTokenId: number;
  /** A causal language model: pooled by its last token where nothing else is stated. */
  causal: boolean;
  /** The module's own configuration, relative to the model's folder; null if there is none. */
  moduleConfig: string | null;
}

/**
 * @param folder the model's folder
 * @param subfolder the module's folder inside it
 * @param asModule false without a `modules.json`: the module's own configuration is then not looked at
 */
export async function readTransformer(folder: string, subfolder: string, asModule: boolean): Promise<Transformer> {
  const own = asModule ? await readModuleConfig(folder, subfolder) : undefined;
  const network = await readJsonObject(folder, posix.join(subfolder, NETWORK_CONFIG));
  if (!network) {
    throw invalid(
      `${join(folder, subfolder, NETWORK_CONFIG)} is missing. A model folder holds config.json, tokenizer.json and weights ` +
        '(model.safetensors, openvino/openvino_model.xml or onnx/model.onnx).',
    );
  }
  const tokenizer = await readJsonObject(folder, posix.join(subfolder, TOKENIZER_CONFIG));
  await checkTokenizerCode(join(folder, subfolder), network, tokenizer);
  const overrides = own?.config.object('processor_kwargs') ?? own?.config.object('tokenizer_args');

  return {
    modelType: network.string('model_type') ?? null,
    maxLength: maxLength(own?.config, overrides, tokenizer, network),
    maxPositions: maxPositions(network),
    doLowerCase: own?.config.boolean('do_lower_case') ?? false,
    paddingSide: side(overrides, 'padding_side') ?? side(tokenizer, 'padding_side') ?? 'right',
    truncationSide: side(overrides, 'truncation_side') ?? side(tokenizer, 'truncation_side') ?? null,
    padTokenId: padTokenId(network),
    causal: isCausal(network),
    moduleConfig: own?.file ?? null,
  };
}

async function readModuleConfig(folder: string, subfolder: string) {
  for (const name of MODULE_CONFIGS) {
    const file = posix.join(subfolder, name);
    const config = await readJsonObject(folder, file);
    if (!config) continue;
    checkModuleConfig(config);
    return { file, config };
  }
  return undefined;
}

function checkModuleConfig(config: JsonObject): void {
  // sentence-transformers passes the keys to Python as named arguments, so it fails on unknown ones too.
  for (const key of config.keys) if (!MODULE_KEYS.includes(key)) throw config.unsupported(key, MODULE_KEYS.join(', '));
  for (const key of MUST_BE_EMPTY) {
    const value = config.raw(key) ?? {};
    if (typeof value !== 'object' || Object.keys(value).length > 0) throw config.unsupported(key, 'absent or empty');
  }
  requireValue(config, 'transformer_task', 'feature-extraction');
  requireValue(config, 'module_output_name', 'token_embeddings');
  for (const key of ['model_args', 'model_kwargs']) allowOnly(config.object(key), HARMLESS_MODEL_KEYS);
  for (const key of ['config_args', 'config_kwargs']) allowOnly(config.object(key), ['trust_remote_code']);
  for (const key of ['tokenizer_args', 'processor_kwargs']) {
    allowOnly(config.object(key), ['model_max_length', 'padding_side', 'truncation_side', 'trust_remote_code']);
  }
  const text = config.object('modality_config')?.object('text');
  if (text) {
    requireValue(text, 'method', 'forward');
    requireValue(text, 'method_output_name', 'last_hidden_state');
  } else if (config.raw('modality_config')) {
    throw config.unsupported('modality_config', 'models of text');
  }
}

function requireValue(config: JsonObject, key: string, value: string): void {
  if ((config.string(key) ?? value) !== value) throw config.unsupported(key, show(value));
}

function allowOnly(config: JsonObject | undefined, allowed: readonly string[]): void {
  if (!config) return;
  for (const key of config.keys) if (!allowed.includes(key)) throw config.unsupported(key, allowed.join(', '));
}

/** The rule of sentence-transformers: what the module states holds as it is; else tokenizer and network, the smaller one. */
function maxLength(
  own: JsonObject | undefined,
  overrides: JsonObject | undefined,
  tokenizer: JsonObject | undefined,
  network: JsonObject,
): number {
  const stated = length(overrides, 'model_max_length') ?? length(own, 'max_seq_length');
  if (stated !== undefined) return stated === Number.POSITIVE_INFINITY ? 0 : stated;

  const shortest = Math.min(length(tokenizer, 'model_max_length') ?? Number.POSITIVE_INFINITY, positions(network));
  return shortest === Number.POSITIVE_INFINITY ? 0 : shortest;
}

/** Size of the network's table of positions; Infinity if it has none. */
function positions(network: JsonObject): number {
  // -1 is how XLNet says that its positions are relative.
  if (network.raw('max_position_embeddings') === -1) return Number.POSITIVE_INFINITY;
  // NomicBERT's name, from GPT-2. T5 has that key too, and no table: its positions are relative.
  const named = network.string('model_type') === 'nomic_bert' ? length(network, 'n_positions') : undefined;
  return length(network, 'max_position_embeddings') ?? named ?? Number.POSITIVE_INFINITY;
}

function startsAfterPadding(network: JsonObject): boolean {
  return POSITIONS_AFTER_PADDING.includes(network.string('model_type') ?? '');
}

/** Padding is masked, so its id matters only to networks that derive positions from it. */
function padTokenId(network: JsonObject): number {
  return network.integer('pad_token_id', 0, LARGEST_TOKEN_ID) ?? (startsAfterPadding(network) ? THEIR_PADDING : 0);
}

function maxPositions(network: JsonObject): number {
  const size = positions(network);
  // DeBERTa without position embeddings knows distances alone, the farthest of which are one.
  const onlyDistances =
    network.string('model_type') === 'deberta-v2' && network.boolean('position_biased_input') === false;
  if (size === Number.POSITIVE_INFINITY || onlyDistances) return 0;
  if (!startsAfterPadding(network)) return size;
  const padding = padTokenId(network);
  if (size <= padding + 1) throw network.invalid('max_position_embeddings', `more than ${padding + 1} positions`);
  return size - padding - 1;
}

function length(config: JsonObject | undefined, key: string): number | undefined {
  const value = config?.number(key) ?? 0;
  return value >= UNLIMITED ? Number.POSITIVE_INFINITY : config?.integer(key, 1, UNLIMITED);
}

function side(config: JsonObject | undefined, key: 'padding_side' | 'truncation_side'): 'left' | 'right' | undefined {
  const value = config?.string(key);
  if (value === undefined || value === 'left' || value === 'right') return value;
  throw config?.invalid(key, '"left" or "right"');
}

function isCausal(network: JsonObject): boolean {
  const first = network.array('architectures')?.[0];
  return typeof first === 'string' && first.endsWith('ForCausalLM') && network.boolean('is_causal') !== false;
}
