/** `N_Pooling/config.json`: how token vectors become one vector. Keys as written by sentence-transformers 6 and before. */
import type { PoolingType } from '../native.js';
import { invalid, type JsonObject, readJsonObject } from './json-file.js';

/** Values of `pooling_mode`. */
const MODES: Readonly<Record<string, PoolingType>> = {
  cls: 'CLS',
  max: 'MAX',
  mean: 'MEAN',
  mean_sqrt_len_tokens: 'MEAN_SQRT_LEN',
  weightedmean: 'WEIGHTED_MEAN',
  lasttoken: 'LAST_TOKEN',
};

/** The booleans that stood in place of `pooling_mode` before release 6, in the order in which several are put together. */
const FLAGS: Readonly<Record<string, PoolingType>> = {
  pooling_mode_cls_token: 'CLS',
  pooling_mode_max_tokens: 'MAX',
  pooling_mode_mean_tokens: 'MEAN',
  pooling_mode_mean_sqrt_len_tokens: 'MEAN_SQRT_LEN',
  pooling_mode_weightedmean_tokens: 'WEIGHTED_MEAN',
  pooling_mode_lasttoken: 'LAST_TOKEN',
};

const DIMENSION = 'embedding_dimension';
const OLD_DIMENSION = 'word_embedding_dimension';
const LARGEST_DIMENSION = 1_000_000;
const KNOWN_KEYS = [DIMENSION, OLD_DIMENSION, 'pooling_mode', 'include_prompt', ...Object.keys(FLAGS)];

export interface Pooling {
  /** Never empty. What each gives is put side by side, in this order. */
  types: PoolingType[];
  /** Whether the tokens of the prompt take part. */
  includePrompt: boolean;
  /** Width of a token vector. */
  tokenDimensions: number;
}

/** @param file path of the configuration inside `folder`, such as `1_Pooling/config.json` */
export async function readPooling(folder: string, file: string): Promise<Pooling> {
  const config = await readJsonObject(folder, file);
  if (!config) {
    throw invalid(
      `${file} is missing in ${folder}, though modules.json names it: how to pool is unknown. Fetch the file again.`,
    );
  }
  // sentence-transformers passes the keys to Python as named arguments, so it fails on unknown ones too.
  for (const key of config.keys) if (!KNOWN_KEYS.includes(key)) throw config.unsupported(key, KNOWN_KEYS.join(', '));

  return {
    types: poolingTypes(config),
    includePrompt: config.boolean('include_prompt') ?? true,
    tokenDimensions: tokenDimensions(config),
  };
}

function tokenDimensions(config: JsonObject): number {
  const key = config.raw(DIMENSION) === undefined ? OLD_DIMENSION : DIMENSION;
  return config.required(key, 'the width of a token vector', config.integer(key, 1, LARGEST_DIMENSION));
}

function poolingTypes(config: JsonObject): PoolingType[] {
  const value = config.raw('pooling_mode');
  if (value === undefined) return poolingFromFlags(config);
  const modes = Array.isArray(value) ? value : [value];
  const types = modes.map((mode) => (typeof mode === 'string' && Object.hasOwn(MODES, mode) ? MODES[mode] : undefined));
  if (types.length > 0 && types.every((type) => type !== undefined)) return types;
  throw config.invalid('pooling_mode', `one or several of ${Object.keys(MODES).join(', ')}`);
}

function poolingFromFlags(config: JsonObject): PoolingType[] {
  const types = Object.entries(FLAGS).flatMap(([key, type]) => (config.boolean(key) ? [type] : []));
  // No mode at all means mean pooling in sentence-transformers.
  return types.length > 0 ? types : ['MEAN'];
}
