/** The options of loading and of every call: their documentation, their checks and their defaults. */

import type { Priority } from './batching/work.js';
import { type CacheOptions, checkCacheOptions } from './cache/options.js';
import {
  aBoolean,
  aDuration,
  aFunction,
  aNonEmptyString,
  anAbortSignal,
  aPositiveInteger,
  aText,
  type Check,
  type Checks,
  checkOptions,
  isPositiveInteger,
  oneOf,
} from './checks.js';
import { ASKED_ACTIVATIONS, type AskedActivations } from './devices/computation.js';
import { aFallback, type FallbackOptions } from './devices/fallback-options.js';
import { invalidArgument } from './errors.js';
import type { Logger } from './logger.js';
import type { DownloadProgress } from './models/index.js';
import type { PoolingType, Precision } from './native.js';
import { areCleanSteps, type CleanSteps } from './text/clean-inputs.js';
import { DTYPES, type Dtype } from './vectors/dtype.js';
import { Ranges } from './vectors/ranges.js';

/** What a text is for; models trained with instructions put another prompt in front of queries than of documents. */
export type InputType = 'query' | 'document';

/**
 * What happens to a text that is longer than the model reads: it loses its end, or its beginning (not its prompt), and is
 * marked; it is `ERR_INPUT_TOO_LONG`; or it is read whole, in windows whose vectors are pooled into one (docs/text.md).
 */
export type Truncate = 'error' | 'end' | 'start' | 'chunk';

/** Options of `Embedder.load`. */
export interface LoadOptions {
  /**
   * `'auto'`, or a device of OpenVINO such as `'CPU'`, `'GPU'`, `'GPU.1'` or `'NPU'`, or several in order of preference: what
   * fails on one goes to the next. `'auto'` is the CPU; `'NPU'` is `['NPU', 'CPU']` unless `fallback` is false. Default `'auto'`.
   */
  device?: string | readonly string[];
  /**
   * What happens when a device fails: a batch is tried again, then goes to the next device; a device that keeps failing is left
   * alone until it is well again (docs/reliability.md). `false`: one device, one try, and no comparison with the CPU.
   * Default `true`.
   */
  fallback?: boolean | FallbackOptions;
  /**
   * Devices that work at once on what is to be embedded, each at its speed; `true`: all of this machine. They compute in the
   * precision of the first. In place of `device`; not with `fallback: false`. Default: one device works at a time.
   */
  distribute?: boolean | readonly string[];
  /**
   * `'static'`: a compiled model for each bucket, for one text at a time, as an NPU always has them; compiled in the background
   * as buckets are met, those of a list of `buckets` at once. Takes the memory of the weights each time. Default `'dynamic'`.
   */
  shapes?: 'dynamic' | 'static';
  /**
   * Element type of the computation. `'auto'` is the fastest whose vectors have a cosine of at least 0.9999 to `f32` on
   * this machine, found by a short measurement and remembered. `'int8'` quantises the weights to a quarter of their
   * memory in f32, at some loss (docs/precision.md). What runs badly or not at all is refused. Default `'auto'`.
   */
  precision?: 'auto' | Precision;
  /**
   * With `precision: 'int8'`: element type of the activations. A float type, to which weights are widened as they are used;
   * `'int8'`, quantised token by token before they meet weights, with all else in f32; or `'int8+bf16'`, with all else in
   * bf16. `'auto'` is the fastest, found by a short measurement and remembered. Default `'auto'`.
   */
  activations?: 'auto' | AskedActivations;
  /**
   * What the CPU's threads are set up for. `'throughput'`: several streams, the most texts per second. `'latency'`: one stream
   * with all threads, so that a single batch is done soonest. `'auto'` follows the queue: all threads for a batch that is
   * alone, and for queries beside a list; more streams when the queue is full. The vectors are the same. Default `'auto'`.
   */
  performance?: 'auto' | 'latency' | 'throughput';
  /** Batches that run side by side on the device. Integer from 1. Default: chosen by a short measurement, and remembered. */
  streams?: number;
  /** Threads of all streams together. Integer from `streams`. Default: the CPUs this process may use. */
  threads?: number;
  /**
   * Lengths in tokens to which texts are padded: a number is a multiple, a list holds the lengths themselves (a longer
   * text gets a multiple of the last). Integers from 1. A text's vector depends on its bucket in the last bits, so
   * vectors to be compared bit by bit need the same buckets. Default 16.
   */
  buckets?: number | readonly number[];
  /**
   * Most tokens of a batch, padding counted. A longer text is a batch of its own. Integer from 1. Default: 1,024, or half or
   * twice of it where a short measurement finds that clearly faster; remembered. Setting this or `streams` leaves out the
   * measurement of both.
   */
  batchTokens?: number;
  /** Most texts of a batch. Integer from 1. Default 64. */
  maxBatchSize?: number;
  /** Milliseconds that a text may wait for others to share its batch. At 0 it goes as soon as the device has room. Default 0. */
  batchDelayMs?: number;
  /**
   * Most that may wait for the device, of texts and of their tokens; interactive calls and bulk are counted apart. A call that
   * finds no room rejects with `ERR_OVERLOADED`; one that was let in waits for room for its further texts. Integers from 1.
   * Default 32,000 texts and 8,192,000 tokens.
   */
  maxQueue?: { texts?: number; tokens?: number };
  /** How token vectors become a text's vector. Default: what the model folder says. */
  poolingType?: PoolingType;
  /** Whether vectors are scaled to length 1. Default: what the model folder says. */
  normalize?: boolean;
  /** Longest text in tokens, special tokens counted. Integer from 1 to what the model reads. Default: the model's. */
  maxLength?: number;
  /** The side of a text on which padding goes. Default: `right`, which gives a text the vector it has alone. */
  paddingSide?: 'left' | 'right';
  /** Text put in front of every query; replaces the model's own prompt for queries. Default: the model's. */
  queryInstruction?: string;
  /** Text put in front of every document; replaces the model's own prompt for documents. Default: the model's. */
  embedInstruction?: string;
  /** Vectors are cut to this many dimensions, then normalised (Matryoshka). Integer from 1 to the model's. Default: the model's. */
  dimensions?: number;
  /** What happens to a text longer than `maxLength`. Default `'end'`, unless the tokenizer's file says `'start'`. */
  truncate?: Truncate;
  /** Branch, tag or commit of the model on the hub. Default `'main'`. */
  revision?: string;
  /**
   * File of weights inside the model's folder, such as `onnx/model_quantized.onnx` or `openvino/openvino_model_qint8.xml`.
   * Default: the plain OpenVINO IR, safetensors or ONNX, the first that is there and runs; another only if it is the only one.
   */
  modelFile?: string;
  /**
   * Load and run the model once in a child process before it is loaded here, so that a model that makes native code crash
   * is `ERR_MODEL_PROBE_CRASHED` instead of the end of this process. Remembered per model, machine and options in
   * `cacheDir`: only the first load takes longer. For models from people you do not know. Default `false`.
   */
  probe?: boolean;
  /** Folder for compiled models and remembered choices. Default: `OVEMBED_CACHE_DIR`, else the user's cache folder. */
  cacheDir?: string;
  /** Never use the network: a model that is not on this machine is an error. Default: what `HF_HUB_OFFLINE` says. */
  offline?: boolean;
  /** Milliseconds that `embedQuery` may take; 0 or Infinity: no limit. Default 30,000. Lists and streams have no default limit. */
  timeoutMs?: number;
  /**
   * Milliseconds that interactive calls, such as `embedQuery`, may wait for the device before `ERR_QUEUE_TIMEOUT`; 0 or
   * Infinity: no limit. Default 500. Bulk calls have no default limit.
   */
  queueTimeoutMs?: number;
  /**
   * Where vectors are kept, so that no text is computed twice; `{}`: in memory. A kept vector has the bits of a computed
   * one. Default `false`: nowhere.
   */
  cache?: CacheOptions | false;
  /**
   * The ends of each dimension for calls with the `dtype` `int8` or `uint8`, as `calibrate` found them: or the path of a file
   * that `save` wrote. A call's own go before them. Default: none.
   */
  ranges?: Ranges | string;
  /** Receives what was decided and worked around. Default: stderr at the level in `OVEMBED_LOG`, else silent. */
  logger?: Logger;
  /** Stops loading; the promise rejects with `signal.reason`. */
  signal?: AbortSignal;
  /** Called while a model is downloaded. */
  onProgress?: (progress: DownloadProgress) => void;
}

/** Options of `Embedder.load` where a process of its own may have the model. */
export interface SharedLoadOptions extends LoadOptions {
  /**
   * `'auto'`: a server that this user started with `ovembed serve --daemon` is used if it has this model with these options;
   * otherwise the model is loaded here, and the log says why. Or the path of a server's socket, or its URL: that server, or an error.
   * Default `false`: loaded here. See docs/server.md.
   */
  daemon: 'auto' | (string & {}) | false;
}

/** Limits that every call takes. */
export interface LimitOptions {
  /** Milliseconds until `ERR_TIMEOUT`; 0 or Infinity: no limit. Default: 30,000 for `embedQuery` (see load), else no limit. */
  timeoutMs?: number;
  /** Ends the call: it rejects at once with `signal.reason`, and what it has queued is dropped. */
  signal?: AbortSignal;
}

/** Options that decide what the model reads. */
export interface InputOptions extends LimitOptions {
  /** Selects the prompt for queries or for documents. Default: that of the method called; `embed` and `stream` have none. */
  inputType?: InputType;
  /** Text put in front of every text; goes before `promptName` and `inputType`. `''` for none. */
  prompt?: string;
  /** A prompt of the model by its name; goes before `inputType`. */
  promptName?: string;
  /** What happens to a text longer than the model reads. Default: as given to `load`. */
  truncate?: Truncate;
  /**
   * `'interactive'` goes ahead of `'bulk'`, which still gets its turn: at least one batch in 100 ms, or every other one.
   * Default: `'interactive'` for `embedQuery`, else `'bulk'`.
   */
  priority?: Priority;
  /**
   * Milliseconds that a text may wait for the device before `ERR_QUEUE_TIMEOUT`; 0 or Infinity: no limit. Default: as given
   * to `load` for interactive calls, no limit for bulk.
   */
  queueTimeoutMs?: number;
}

/** Options of `calibrate`. */
export interface CalibrateOptions extends InputOptions {
  /** Vectors are cut to this many dimensions, then normalised. Integer from 1 to the model's. Default: as given to `load`. */
  dimensions?: number;
  /** Whether vectors are scaled to length 1. Default: as given to `load`. */
  normalize?: boolean;
}

/** Options of `embedDocuments`, `embedQuery` and `embed`. */
export interface EmbedOptions<D extends Dtype = 'float32'> extends CalibrateOptions {
  /**
   * Element type of the vectors, with the semantics of sentence-transformers' `quantize_embeddings`; see `quantize` in
   * `ovembed/vectors`. `int8` and `uint8` need `ranges`. Default `'float32'`.
   */
  dtype?: D;
  /** The ends of each dimension, for `int8` and `uint8`; others ignore them. Default: as given to `load`. */
  ranges?: Ranges;
}

/** Options of `embedChunks`. */
export interface EmbedChunksOptions<D extends Dtype = 'float32'> extends Omit<EmbedOptions<D>, 'truncate'> {
  /**
   * A text longer than the model reads goes in windows: so many tokens of the window before are read again, so that the
   * first of a window's own know what comes before them. Integer from 0; half of a window at most. Default: 256, but no more
   * than a quarter of what the model reads.
   */
  overlapTokens?: number;
}

/** Options of `embedDocuments` and `embed`. */
export interface EmbedListOptions<D extends Dtype = 'float32'> extends EmbedOptions<D> {
  /**
   * Texts are cleaned by these steps of `clean` (`ovembed/text`, docs/text.md) before they are read; `chunks`, offsets and caches are
   * of the cleaned ones. Token ids are taken as they are. Default: nothing is changed.
   */
  clean?: CleanSteps;
}

/** Options of `stream`. */
export interface StreamOptions<D extends Dtype = 'float32'> extends EmbedListOptions<D> {
  /** Texts that are taken from the source and embedded together; two such windows are in memory. Integer from 1. Default 512. */
  batchSize?: number;
  /** Whether vectors come in the order of the source, or else as soon as they are there. Default `true`. */
  ordered?: boolean;
}

/** Options of `tokenize`. */
export interface TokenizeOptions extends LimitOptions {
  /** Whether the tokenizer's special tokens (such as [CLS] and [SEP]) are added. Default `true`. */
  addSpecialTokens?: boolean;
}

/** Options of `decode`. */
export interface DecodeOptions extends LimitOptions {
  /** Whether special tokens are left out of the text. Default `true`. */
  skipSpecialTokens?: boolean;
}

export const TRUNCATE: readonly Truncate[] = ['error', 'end', 'start', 'chunk'];

const POOLING_TYPES: readonly PoolingType[] = ['CLS', 'MEAN', 'MAX', 'MEAN_SQRT_LEN', 'WEIGHTED_MEAN', 'LAST_TOKEN'];

const bucketList: Check = (value, name) => {
  const buckets = Array.isArray(value) ? value : [value];
  if (buckets.length === 0 || !buckets.every(isPositiveInteger)) {
    throw invalidArgument(name, 'an integer of at least 1, or a list of such integers', value);
  }
};

const aDevice: Check = (value, name) => {
  if (!Array.isArray(value)) return aNonEmptyString(value, name);
  if (value.length === 0) throw invalidArgument(name, 'at least one device', value);
  for (const [i, device] of value.entries()) aNonEmptyString(device, `${name}[${i}]`);
};

const aDistribution: Check = (value, name) => {
  if (typeof value === 'boolean') return;
  if (!Array.isArray(value)) throw invalidArgument(name, 'true or a list of devices', value);
  aDevice(value, name);
};

export const aLogger: Check = (value, name) => {
  const methods = ['debug', 'info', 'warn', 'error'];
  const fits = methods.every((method) => typeof (value as Record<string, unknown> | null)?.[method] === 'function');
  if (!fits) throw invalidArgument(name, `an object with the methods ${methods.join(', ')}`, value);
};

const QUEUE_CHECKS: Checks<{ texts: number; tokens: number }> = { texts: aPositiveInteger, tokens: aPositiveInteger };

const aQueueSize: Check = (value, name) => checkOptions(value as object, QUEUE_CHECKS, name);

const aWholeNumber: Check = (value, name) => {
  if (!Number.isInteger(value) || (value as number) < 0) throw invalidArgument(name, 'an integer of at least 0', value);
};

/** A delay is spent on every text that comes alone, so a long one is a mistake. */
const aShortDuration: Check = (value, name) => {
  if (typeof value === 'number' && value >= 0 && value <= LONGEST_DELAY_MS) return;
  throw invalidArgument(name, `a number of milliseconds from 0 to ${LONGEST_DELAY_MS}`, value);
};

const LONGEST_DELAY_MS = 1_000;

const areRanges: Check = (value, name) => {
  if (!(value instanceof Ranges)) throw invalidArgument(name, 'Ranges', value);
};

const areRangesOrFile: Check = (value, name) => {
  if (value instanceof Ranges || (typeof value === 'string' && value !== '')) return;
  throw invalidArgument(name, 'Ranges or the path of a file', value);
};

const LOAD_CHECKS: Checks<LoadOptions> = {
  device: aDevice,
  fallback: aFallback,
  distribute: aDistribution,
  shapes: oneOf('dynamic', 'static'),
  precision: oneOf('auto', 'f32', 'bf16', 'f16', 'int8'),
  activations: oneOf('auto', ...ASKED_ACTIVATIONS),
  performance: oneOf('auto', 'latency', 'throughput'),
  streams: aPositiveInteger,
  threads: aPositiveInteger,
  buckets: bucketList,
  batchTokens: aPositiveInteger,
  maxBatchSize: aPositiveInteger,
  batchDelayMs: aShortDuration,
  maxQueue: aQueueSize,
  poolingType: oneOf(...POOLING_TYPES),
  normalize: aBoolean,
  maxLength: aPositiveInteger,
  paddingSide: oneOf('left', 'right'),
  queryInstruction: aText,
  embedInstruction: aText,
  dimensions: aPositiveInteger,
  truncate: oneOf(...TRUNCATE),
  revision: aNonEmptyString,
  modelFile: aNonEmptyString,
  probe: aBoolean,
  cacheDir: aNonEmptyString,
  offline: aBoolean,
  timeoutMs: aDuration,
  queueTimeoutMs: aDuration,
  cache: checkCacheOptions,
  ranges: areRangesOrFile,
  logger: aLogger,
  signal: anAbortSignal,
  onProgress: aFunction,
};

const LIMIT_CHECKS: Checks<LimitOptions> = { timeoutMs: aDuration, signal: anAbortSignal };

const INPUT_CHECKS: Checks<InputOptions> = {
  priority: oneOf('interactive', 'bulk'),
  queueTimeoutMs: aDuration,
  inputType: oneOf('query', 'document'),
  prompt: aText,
  promptName: aNonEmptyString,
  truncate: oneOf(...TRUNCATE),
  ...LIMIT_CHECKS,
};

const CALIBRATE_CHECKS: Checks<CalibrateOptions> = {
  dimensions: aPositiveInteger,
  normalize: aBoolean,
  ...INPUT_CHECKS,
};
export const EMBED_CHECKS: Checks<EmbedOptions<Dtype>> = {
  dtype: oneOf(...DTYPES),
  ranges: areRanges,
  ...CALIBRATE_CHECKS,
};
const { truncate: _, ...EMBED_CHUNKS_CHECKS } = EMBED_CHECKS;
const CHUNKS_CHECKS: Checks<EmbedChunksOptions<Dtype>> = { ...EMBED_CHUNKS_CHECKS, overlapTokens: aWholeNumber };
const LIST_CHECKS: Checks<EmbedListOptions<Dtype>> = { clean: areCleanSteps, ...EMBED_CHECKS };
const STREAM_CHECKS: Checks<StreamOptions<Dtype>> = {
  batchSize: aPositiveInteger,
  ordered: aBoolean,
  ...LIST_CHECKS,
};
const TOKENIZE_CHECKS: Checks<TokenizeOptions> = { addSpecialTokens: aBoolean, ...LIMIT_CHECKS };
const DECODE_CHECKS: Checks<DecodeOptions> = { skipSpecialTokens: aBoolean, ...LIMIT_CHECKS };

/** Checks the options of `Embedder.load`; `where` and `others` (`checkOptions`) are for those that have more. */
export function checkLoadOptions(
  options: LoadOptions,
  where = 'Embedder.load',
  others: readonly string[] = ['daemon'],
): void {
  checkOptions(options, LOAD_CHECKS, where, others);
  const { streams, threads, precision, activations, device, fallback, distribute } = options;
  if (distribute && (fallback === false || device !== undefined)) {
    throw invalidArgument('distribute', 'none beside device or fallback: false', distribute);
  }
  if (fallback === false && Array.isArray(device) && device.length > 1) {
    throw invalidArgument('device', 'one device, as fallback is false,', device);
  }
  if (activations !== undefined && precision !== 'int8') {
    throw invalidArgument('activations', "none unless precision is 'int8'", activations);
  }
  if (streams !== undefined && threads !== undefined && streams > threads) {
    throw invalidArgument('streams', `at most as many streams as threads (${threads})`, streams);
  }
}

export const checkLimitOptions = (options: LimitOptions, where: string) => checkOptions(options, LIMIT_CHECKS, where);
export const checkInputOptions = (options: InputOptions, where: string) => checkOptions(options, INPUT_CHECKS, where);
export const checkEmbedOptions = (options: EmbedOptions<Dtype>, where: string) =>
  checkOptions(options, EMBED_CHECKS, where);
export const checkEmbedListOptions = (options: EmbedListOptions<Dtype>, where: string) =>
  checkOptions(options, LIST_CHECKS, where);
export const checkEmbedChunksOptions = (options: EmbedChunksOptions<Dtype>) =>
  checkOptions(options, CHUNKS_CHECKS, 'embedChunks');
export const checkStreamOptions = (options: StreamOptions<Dtype>) => checkOptions(options, STREAM_CHECKS, 'stream');
export const checkCalibrateOptions = (options: CalibrateOptions) =>
  checkOptions(options, CALIBRATE_CHECKS, 'calibrate');
export const checkTokenizeOptions = (options: TokenizeOptions) => checkOptions(options, TOKENIZE_CHECKS, 'tokenize');
export const checkDecodeOptions = (options: DecodeOptions) => checkOptions(options, DECODE_CHECKS, 'decode');
