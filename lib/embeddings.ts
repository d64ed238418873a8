/** The result of a list call: vectors in one array, and what was read of each text. */
import type { Activations } from './devices/computation.js';
import { native, type Precision } from './native.js';
import { VectorCodec } from './vectors/codec.js';
import { type Dtype, type DtypeArrays, elementsPerRow, type Vectors } from './vectors/dtype.js';

/** Where a call's time went, in milliseconds. Stages overlap, and batches run side by side: parts may exceed the total. */
export interface Timings {
  /** From when the inputs were checked to the result. */
  totalMs: number;
  /** Encoding texts into tokens. */
  tokenizeMs: number;
  /** The shortest wait of a batch for the device: what was lost to other calls, not to the call's own batches. */
  queueMs: number;
  /** Running on the device, summed over batches; a batch that several calls share counts in full for each. */
  inferMs: number;
  /** Pooling and normalising, summed likewise. */
  poolMs: number;
}

/** How a call's texts were run. */
export interface RunMetadata {
  /** As OpenVINO names it; where batches ran on several, the first of `devices`. */
  device: string;
  /** All that ran batches of the call, in order of their first; the preferred one where there was no batch. */
  devices: string[];
  /** What the model is computed in; `int8`: that of the weights. */
  precision: Precision;
  /** Of the activations: with int8 weights another type than `precision`. Both decide the bits. */
  activations: Activations;
  /** Batches that had texts of the call. */
  batches: number;
  /** Tokens of the call's texts as they were run, padding counted: `usage.tokens` of them are real. */
  paddedTokens: number;
  /** Texts whose vectors came from a cache, or from a call that was computing them. */
  cacheHits: number;
  /** Texts that equal an earlier one of the call (in a stream: of the window), and so were neither looked up nor computed. */
  duplicates: number;
}

/** Everything an {@link Embeddings} holds; its fields say what each is. */
export interface EmbeddingsData<D extends Dtype = 'float32'> {
  data: DtypeArrays[D];
  length: number;
  dimensions: number;
  dtype: D;
  tokens: Uint32Array;
  originalTokens: Uint32Array;
  truncated: Uint8Array;
  chunks: Uint32Array;
  timings: Timings;
  metadata: RunMetadata;
}

/** Vectors of a list of texts, in the order of the list. */
export class Embeddings<D extends Dtype = 'float32'> implements Vectors<D>, Iterable<DtypeArrays[D]> {
  /** All vectors, row-major: `length` × `dimensions`; where bits are packed, an eighth as many bytes. */
  readonly data: DtypeArrays[D];
  /** Number of vectors. */
  readonly length: number;
  /** Width of a vector, in dimensions. */
  readonly dimensions: number;
  /** Element type of `data`. */
  readonly dtype: D;
  /** Tokens that the model read of each text, special tokens and prompt counted, in each window anew. */
  readonly tokens: Uint32Array;
  /** Tokens of each text before it was cut. */
  readonly originalTokens: Uint32Array;
  /** 1 where a text was cut. */
  readonly truncated: Uint8Array;
  /** Windows that each text was read in: 1, or with `truncate: 'chunk'` as many as a long text needs. */
  readonly chunks: Uint32Array;
  /** Where the call's time went. */
  readonly timings: Timings;
  /** Where and how it was computed. */
  readonly metadata: RunMetadata;

  /** For code that makes vectors itself, such as a stand-in in tests. Nothing is copied or checked. */
  constructor(parts: EmbeddingsData<D>) {
    this.data = parts.data;
    this.length = parts.length;
    this.dimensions = parts.dimensions;
    this.dtype = parts.dtype;
    this.tokens = parts.tokens;
    this.originalTokens = parts.originalTokens;
    this.truncated = parts.truncated;
    this.chunks = parts.chunks;
    this.timings = parts.timings;
    this.metadata = parts.metadata;
  }

  /** Sums over all texts: `tokens` that the model read, special tokens and prompts counted. */
  get usage(): { tokens: number } {
    return { tokens: this.tokens.reduce((sum, count) => sum + count, 0) };
  }

  /**
   * The vector of one text: a view, so writing to it writes to `data`. Negative indices count from the end; undefined
   * outside the list, as in `Array.prototype.at`.
   */
  at(index: number): DtypeArrays[D] | undefined {
    const position = Math.trunc(index) || 0;
    const row = position < 0 ? position + this.length : position;
    if (row < 0 || row >= this.length) return undefined;
    return rowOf(this, row);
  }

  /** The vectors as views, in order. */
  *[Symbol.iterator](): Generator<DtypeArrays[D], void, undefined> {
    for (let row = 0; row < this.length; row++) yield rowOf(this, row);
  }

  /**
   * The vectors as plain arrays: a copy, for interfaces that demand `number[][]`. Values are numbers of the element type:
   * those of `float16` and `bfloat16` as such, not their bits; of packed bits the bytes.
   */
  toArrays(): number[][] {
    const width = this.length === 0 ? 0 : this.data.length / this.length;
    const numbers = numbersOf(this);
    return Array.from(this, (_, row) => Array.from(numbers.subarray(row * width, (row + 1) * width)));
  }

  /** All values in one plain array, row-major; values as in `toArrays`. */
  toArray(): number[] {
    return Array.from(numbersOf(this));
  }
}

/** One vector: a view. */
export function rowOf<D extends Dtype>({ data, dimensions, dtype }: EmbeddingsData<D> | Vectors<D>, row: number) {
  const width = elementsPerRow(dtype, dimensions);
  return data.subarray(row * width, (row + 1) * width) as DtypeArrays[D];
}

/** The elements as the numbers they stand for. */
export function numbersOf({ data, dimensions, dtype }: Vectors): Vectors['data'] {
  if (dtype !== 'float16' && dtype !== 'bfloat16') return data;
  return new VectorCodec(dtype, dimensions, null, native()).decode(data as Uint16Array);
}
