/**
 * The one typed seam to the C++ addon. Nothing else in lib/ touches the addon object, and the addon decides nothing:
 * it tokenises, infers, pools and reports. Every promise settles on the JavaScript thread; work runs on native threads.
 */
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { isOvembedErrorCode, OvembedError, type OvembedErrorCode } from './errors.js';
import { type LoadedAddon, loadAddon } from './load-addon.js';
import type { Dtype, VectorArray } from './vectors/dtype.js';

/** How token vectors become one vector per text; the six modes of sentence-transformers' Pooling module. */
export type PoolingType = 'CLS' | 'MEAN' | 'MAX' | 'MEAN_SQRT_LEN' | 'WEIGHTED_MEAN' | 'LAST_TOKEN';

/** Activation functions of PyTorch, with their default parameters. */
export type Activation = 'identity' | 'tanh' | 'relu' | 'gelu' | 'silu' | 'sigmoid';

/** What is done with a vector after pooling. `file` is the absolute path of the module's `model.safetensors`. */
export type VectorModule =
  | { type: 'dense'; file: string; inFeatures: number; outFeatures: number; bias: boolean; activation: Activation }
  | { type: 'layerNorm'; file: string; dimension: number }
  | { type: 'normalize' };

/** Floating-point element types that a model can be computed in. */
export type FloatPrecision = 'f32' | 'bf16' | 'f16';

/** A precision that can be run, as opposed to `auto`, which is a choice still to be made. `int8` is that of the weights. */
export type Precision = FloatPrecision | 'int8';

/** What a model's file holds in 8 bits or fewer: nothing, weights, or with them calibrated ranges of activations. */
export type StoredQuantization = 'none' | 'weights' | 'static';

/** Where the weights and the graph come from. `file` is an absolute path. */
export interface ModelSource {
  /** `openvino`: IR (`.xml` with `.bin`); `onnx`: `.onnx`; `safetensors`: `model.safetensors` or its index beside `config.json`. */
  kind: 'openvino' | 'onnx' | 'safetensors';
  /** Absolute path of the graph, or of the weights that the graph is built from. */
  file: string;
  /** Absolute paths of all files of the source, `file` the first; needed where there are shards or external data. */
  files?: readonly string[];
}

export interface NativeDevice {
  /** OpenVINO's name: `CPU`, `GPU.0`, `NPU`. */
  name: string;
  fullName: string;
  /** OpenVINO's OPTIMIZATION_CAPABILITIES, such as `FP32`, `BF16`, `FP16`, `INT8`. */
  capabilities: string[];
  /** Version of the driver; null: the plugin tells none, as the CPU's. */
  driver: string | null;
}

export interface TokenizerOptions {
  /** Absolute path of `tokenizer.json`. */
  file: string;
  /** Lower-cases texts before the tokenizer's own normalisation, unless a `Lowercase` is part of that. Default false. */
  lowerCase?: boolean;
}

/** The only shape of input that a pipeline takes. */
export interface PipelineShape {
  rows: number;
  /** Tokens per row, padding counted. */
  width: number;
}

export interface PipelineOptions {
  source: ModelSource;
  device: string;
  /** Of all that is not in 8 bits. */
  precision: FloatPrecision;
  /** Quantises the weights, unless the file's are already. */
  int8Weights: boolean;
  /** Quantises activations before products of 8-bit weights, each token by itself. */
  int8Activations: boolean;
  /** Number of parallel inference streams; each has `threads / streams` threads. */
  streams: number;
  /** Threads for inference in all streams together. */
  threads: number;
  /** What each gives is put side by side. Not empty. */
  pooling: readonly PoolingType[];
  /** In the order in which they are applied to pooled vectors. Taken to be in the graph if that pools by itself. */
  modules: readonly VectorModule[];
  paddingSide: 'left' | 'right';
  padTokenId: number;
  /** Compiles for this shape alone, which saves the runtime the work of shapes that change; null: for any. */
  shape: PipelineShape | null;
  /** A file to import the compiled model from, or to export it to after compiling; null: no compiled-model cache. */
  blobFile: string | null;
}

/** What a pipeline is compiled with; `blobFile` is where the compiled model is written. */
export interface CompileAheadOptions
  extends Pick<
    PipelineOptions,
    'source' | 'device' | 'precision' | 'int8Weights' | 'int8Activations' | 'streams' | 'threads' | 'shape'
  > {
  /** The kind of NPU, such as `4000`; the device need not be there. null: for the device, which is. */
  platform: string | null;
  blobFile: string;
}

export interface ModelReportOptions
  extends Pick<
    PipelineOptions,
    'source' | 'device' | 'precision' | 'int8Weights' | 'int8Activations' | 'streams' | 'threads'
  > {
  /** Tokens of a row; the model is looked at in one row of each. */
  widths: Uint32Array;
  /** Whether the device, which has to be here then, is asked which operations it takes. */
  asksDevice: boolean;
}

/** Of a graph. */
export interface Operation {
  /** OpenVINO's, such as `MatMul`. */
  type: string;
  name: string;
}

export interface NativeShapeReport {
  shape: PipelineShape;
  /** Why there is no more to tell: the model cannot have the shape, or the device could not be asked. */
  problem: string | null;
  /** Operations of the graph that have an output of open shape although the inputs of the graph are fixed. */
  openOperations: number;
  /** Those of them whose own inputs are fixed, which is where it begins. */
  origins: Operation[];
  /** What the device does not take; null: it was not asked. */
  unsupported: Operation[] | null;
}

export interface NativeModelReport {
  /** Of the graph, constants left out. */
  operations: number;
  shapes: NativeShapeReport[];
}

export interface ConvertModelOptions {
  source: ModelSource;
  /** Of the weights; those that the source holds in 8 bits already stay as they are. */
  weights: Precision;
  /** Absolute path of the `.xml` to write; the `.bin` goes beside it. */
  file: string;
}

export interface QuantizeModelOptions {
  source: ModelSource;
  /** Texts over which the ranges of activations are found. */
  encoding: NativeEncoding;
  /** Rows of the encoding that are run together, each padded to `bucket` tokens. */
  batches: readonly { rows: Uint32Array; bucket: number }[];
  padTokenId: number;
  /** Absolute path of the `.xml` to write; the `.bin` goes beside it. */
  file: string;
}

export interface EncodeOptions {
  /** Longest row in tokens, special tokens counted; 0: no limit. */
  maxLength: number;
  /**
   * What becomes of an input that is longer: it loses its end, or its beginning; or it becomes several rows, each within the
   * same special tokens. Default `'end'`.
   */
  cut?: 'end' | 'start' | 'windows';
  /** What texts begin with and keep where their beginning is cut off, in every window. Default: nothing. */
  keptPrompt?: string;
  /** Tokens that a window repeats of the one before it; at most half of its own. Default 0. */
  overlap?: number;
  /** UTF-16 offsets per token are wanted. */
  offsets: boolean;
  /** Whether the tokenizer's template (such as [CLS] … [SEP]) is applied to texts. Token ids are taken as they are. */
  addSpecialTokens: boolean;
  /**
   * What every text begins with and pooling leaves out: as many of a row's first tokens as it has when it is encoded alone,
   * less a special token at its end. Rows given as ids have none. Default: nothing is left out.
   */
  excludedPrompt?: string;
  /** A number to cancel the work by, see `cancel`; a whole number from 0. Default: it cannot be cancelled. */
  job?: number;
}

/** Encoded texts. The ids stay native; what policy needs comes back with the handle. */
export interface NativeEncoding {
  /** Tokens per row after truncation, special tokens counted. */
  readonly lengths: Uint32Array;
  /** Tokens of each row's input before it was cut, special tokens counted. */
  readonly originalLengths: Uint32Array;
  /** 1 where tokens of the row's input are in no row. */
  readonly truncated: Uint8Array;
  /** The input that each row is made of. Windows of an input follow each other; other inputs have one row. */
  readonly inputs: Uint32Array;
  /**
   * Where in each row the tokens begin that are its own, and how many they are: without special tokens, without what a row that
   * was cut kept in front, and without what the window before it has as well.
   */
  readonly ownStarts: Uint32Array;
  readonly ownLengths: Uint32Array;
  /** Copies the rows out, concatenated in row order (`offsets`: start, end pairs in UTF-16 units; empty if not asked for). */
  tokens(): { ids: Uint32Array; typeIds: Uint32Array; specialTokensMask: Uint8Array; offsets: Uint32Array };
  /** Frees the native memory now; further use is an error. Garbage collection frees it otherwise. */
  release(): void;
}

export interface NativeTokenizer {
  readonly vocabSize: number;
  /** Where the file of the tokenizer cuts texts by itself. */
  readonly cut: 'end' | 'start';
  /** Strings are copied before this returns. Strings must be well-formed (no lone surrogates). */
  encode(inputs: readonly (string | Uint32Array)[], options: EncodeOptions): Promise<NativeEncoding>;
  /**
   * The same on the calling thread, which waits for it: for a few short texts, whose way to another thread and back takes
   * longer than the work. Throws what `encode` rejects with; `job` means nothing here.
   */
  encodeNow(inputs: readonly (string | Uint32Array)[], options: EncodeOptions): NativeEncoding;
  /**
   * Ends the `encode` calls of this number, if there are any: those that wait never run, others end before their next
   * input. Their promises reject with ERR_CLOSED, unless the work was done already.
   */
  cancel(job: number): void;
  decode(rows: readonly Uint32Array[], skipSpecialTokens: boolean): Promise<string[]>;
  /** Frees the native memory, in the background, once calls under way are done; further use is ERR_CLOSED. */
  close(): void;
}

/** Rows of an encoding that take part in a batch. */
export interface BatchPart {
  encoding: NativeEncoding;
  rows: Uint32Array;
}

export interface InferOptions {
  /** Every row is padded to this many tokens; no row of the batch may be longer. */
  bucket: number;
  /** `pooled`: one vector per row. `tokens`: one vector per real token (padding left out), neither pooled nor normalised. */
  output: 'pooled' | 'tokens';
  /** Vectors are cut to this many dimensions after all modules and before normalising (Matryoshka); 0: not cut. */
  dimensions: number;
  /** Vectors are scaled to length 1 (`pooled` only). */
  normalize: boolean;
  /** A number to cancel the work by, see `cancel`; a whole number from 0. Default: it cannot be cancelled. */
  job?: number;
}

export interface InferResult {
  /** `pooled`: rows × dimensions. `tokens`: (sum of row lengths) × hidden size. Row order is that of the parts. */
  data: Float32Array;
  /** Positions in the batch of rows that hold NaN or an infinity; empty when all is well. */
  nonFiniteRows: Uint32Array;
  /** Microseconds the batch waited for a request, ran on the device, and was pooled. */
  queueMicros: number;
  inferMicros: number;
  poolMicros: number;
}

export interface NativePipeline {
  /** Width of a token vector; of what the graph gives, if that pools by itself. */
  readonly hiddenSize: number;
  /** Width of a text's vector, uncut: after pooling and all modules. */
  readonly dimensions: number;
  /** The longest row the graph takes (position embeddings); 0: no limit known. */
  readonly maxPositions: number;
  /** The graph ends in a pooled vector already (`sentence_embedding`); pooling was not applied again. */
  readonly pooledInGraph: boolean;
  /** The graph is told what is padding. Where it is not, a text's vector depends on how far it is padded. */
  readonly masksPadding: boolean;
  /** Of the file that it was made from. */
  readonly quantization: StoredQuantization;
  /** True when the compiled model came from `blobFile`. */
  readonly fromBlob: boolean;
  /** Why the blob could not be read or written, if so; the pipeline works all the same. */
  readonly blobProblem: string | null;
  /** As OpenVINO reports them for the compiled model. */
  readonly executionDevices: string[];
  readonly streams: number;
  readonly threads: number;
  /** Batches that may be handed over at once so that the device always has its next one. */
  readonly concurrency: number;
  infer(parts: readonly BatchPart[], options: InferOptions): Promise<InferResult>;
  /**
   * Ends the batches of this number, if there are any: those that wait never run; one that runs is stopped within the
   * graph where there is one stream and the batch is not small, else it runs to its end. Their promises reject with
   * ERR_CLOSED, unless the work was done already.
   */
  cancel(job: number): void;
  /**
   * For a device that does not return: rejects the batches of this number with ERR_DEVICE_FAILED now. They keep their
   * threads, and where they still do when it is closed, the pipeline is left as it is until the process ends.
   */
  giveUp(job: number): void;
  /** Waits for batches in flight, then frees the device's memory (unless another environment shares the model). */
  close(): Promise<void>;
}

export interface FlatIndexFormat {
  dimensions: number;
  dtype: Dtype;
  metric: 'dot' | 'cosine' | 'euclidean' | 'hamming';
  /** Of 8-bit codes: all min, then all max. Default: codes are the numbers they are. */
  ranges?: Float32Array;
}

export interface NativeSearchOptions {
  /** Of the queries: float32, or that of the index (of bits either). */
  dtype: Dtype;
  k: number;
  /** One list of rows for all queries, or a list for each; default: all rows. */
  candidates?: readonly Uint32Array[];
  /** A number to cancel the search by, see `cancel`. */
  job?: number;
}

/** Rows in native memory, compared one and all. */
export interface NativeFlatIndex {
  readonly length: number;
  readonly bytes: number;
  /** Copies rows to the places from `first` on: from `length`, or right behind what was written last. */
  write(first: number, rows: VectorArray): void;
  /** Searches see this many rows from now on. */
  publish(length: number): void;
  /**
   * Queries are copied before this returns. Rows added later, and `close`, don't disturb it. `k` may come back smaller;
   * places without a row hold 0xFFFFFFFF and NaN.
   */
  search(
    queries: VectorArray,
    options: NativeSearchOptions,
  ): Promise<{ k: number; indices: Uint32Array; scores: Float32Array }>;
  /** Ends the searches of this number, if there are any, within some milliseconds: they reject with ERR_CLOSED. */
  cancel(job: number): void;
  /** Frees the memory, in the background, once searches under way are done; further use is ERR_CLOSED. */
  close(): void;
}

/** What vectors are converted to, or from. */
export interface VectorConversion {
  dtype: Dtype;
  dimensions: number;
  /** The lowest value of each dimension, then the highest of each: 2 × dimensions. Needed by int8 and uint8. */
  ranges: Float32Array | null;
}

/** Which vectors become one, and how. */
export interface VectorPooling {
  dimensions: number;
  /** Of each run of vectors that follow each other, the first and how many they are. */
  starts: Uint32Array;
  lengths: Uint32Array;
  /** What each vector counts for; null: all the same. */
  weights: Uint32Array | null;
  /** Means are scaled to length 1. */
  normalize: boolean;
}

export interface NativeAddon {
  /** Version of the OpenVINO runtime, such as `2026.4.1-…`. */
  readonly runtimeVersion: string;
  devices(): Promise<NativeDevice[]>;
  /** What a device's plugin supports, by OpenVINO's names; null: not to be read, or not without the device. */
  deviceProperties(device: string): Promise<Record<string, string | null>>;
  /** Makes a plugin known that is not beside the runtime. That it cannot be loaded shows when its device is asked for. */
  registerPlugin(device: string, library: string): void;
  /** Looks at a model in fixed shapes without compiling it. */
  modelReport(options: ModelReportOptions): Promise<NativeModelReport>;
  loadTokenizer(options: TokenizerOptions): Promise<NativeTokenizer>;
  loadPipeline(options: PipelineOptions): Promise<NativePipeline>;
  /** Writes a model as OpenVINO IR, with its weights (products, and the table of the tokens) in another type. */
  convertModel(options: ConvertModelOptions): Promise<void>;
  /** Compiles and writes the file that `loadPipeline` takes for its `blobFile`. */
  compileAhead(options: CompileAheadOptions): Promise<void>;
  /** The same as `convertModel` with int8 weights, and activations quantised by their ranges over texts. */
  quantizeModel(options: QuantizeModelOptions): Promise<void>;
  createFlatIndex(format: FlatIndexFormat): NativeFlatIndex;
  /**
   * Writes vectors of float32 into `target`, in the element type of `conversion`. On the calling thread, which waits for it:
   * for some megabytes at most.
   */
  quantizeVectors(vectors: Float32Array, target: VectorArray, conversion: VectorConversion): void;
  /** The way back. */
  dequantizeVectors(vectors: VectorArray, target: Float32Array, conversion: VectorConversion): void;
  /**
   * Writes the mean of each run of vectors into `target`: zeros for a run of none. On the calling thread, which waits for
   * it: for some megabytes at most.
   */
  poolVectors(vectors: Float32Array, target: Float32Array, pooling: VectorPooling): void;
  /**
   * A vector as an array of JSON, each number in the fewest digits that read back as the same float32. On the calling thread:
   * some 25 ns a number. Throws for a value that is not finite.
   */
  jsonVector(vector: Float32Array): string;
  /** Number of CPUs this process may use: the affinity mask and the cgroup quota, at least 1. */
  availableCpus(): number;
  /** Those of the fastest kind, on processors with cores of several kinds (Linux only); otherwise `availableCpus()`. */
  performanceCpus(): number;
  /** Gives memory that the process's heap has free back to the system: soon, on a native thread. Only glibc keeps any. */
  trimHeap(): void;
  /**
   * Locks a file against other processes, and against other calls of this one, as Python's filelock does; the file is made
   * if need be. Does not wait.
   *
   * @returns a function that gives the lock back, as does the end of the process; null if somebody else holds it
   */
  lockFile(path: string): (() => void) | null;
  /** Ends all native work of the process: waits for what is running, drops the rest. For the end of the process only. */
  stop(): void;
}

/** What the addon throws: `code` is one of ours, `detail` the runtime's own words. */
interface NativeError extends Error {
  code: OvembedErrorCode;
  detail?: string;
}

let loaded: NativeAddon | undefined;

/**
 * The addon, loaded on first use.
 * @throws OvembedError `ERR_NATIVE_LOAD`, with the cause and what to do, if it cannot be loaded
 */
export function native(): NativeAddon {
  loaded ??= prepare(loadAddon<NativeAddon>(join(__dirname, '..')));
  return loaded;
}

/**
 * `process.exit()` and uncaught errors run no cleanup hooks of addons, and static objects of the runtime must not be
 * destroyed while native threads use them. A worker's own end is seen by its environment's hook.
 */
function prepare({ addon, plugins }: LoadedAddon<NativeAddon>): NativeAddon {
  for (const { device, library } of plugins) addon.registerPlugin(device, library);
  if (isMainThread) process.once('exit', () => addon.stop());
  return addon;
}

/**
 * Settles with a call of the addon, whose errors become `OvembedError`s that keep the runtime's own words and the native
 * stack as `cause`. Only calls of the addon go through here, so what callers and Node itself throw stays as it is.
 */
export function callNative<T>(call: () => Promise<T>): Promise<T> {
  try {
    return call().then(undefined, (error) => {
      throw fromNative(error);
    });
  } catch (error) {
    return Promise.reject(fromNative(error));
  }
}

/** The same for a call that returns at once. */
export function callNativeNow<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw fromNative(error);
  }
}

function fromNative(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof OvembedError) return error;
  const { code, message, detail } = error as NativeError;
  if (!isOvembedErrorCode(code)) return error;
  return new OvembedError(code, message, { cause: detail ? new Error(detail) : error });
}
