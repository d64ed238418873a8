/** The result of a list call: vectors in one array, and what was read of each text. */
import type { Activations } from './devices/computation.js';
import type { Precision } from './native.js';

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
  precision: Precision;
  /** Of the activations: with int8 weights another type than `precision`. Both decide the bits. */
  activations: Activations;
  /** Batches that had texts of the call. */
  batches: number;
  /** Tokens of the call's texts as they were run, padding counted: `usage.tokens` of them are real. */
  paddedTokens: number;
  /** Texts whose vectors came from a cache. */
  cacheHits: number;
}

/** Everything an `Embeddings` holds. */
export interface EmbeddingsData {
  data: Float32Array;
  length: number;
  dimensions: number;
  tokens: Uint32Array;
  originalTokens: Uint32Array;
  truncated: Uint8Array;
  timings: Timings;
  metadata: RunMetadata;
}

/** Vectors of a list of texts, in the order of the list. */
export class Embeddings implements Iterable<Float32Array> {
  /** All vectors, row-major: `length` × `dimensions`. */
  readonly data: Float32Array;
  /** Number of vectors. */
  readonly length: number;
  /** Width of a vector. */
  readonly dimensions: number;
  /** Element type of `data`. */
  readonly dtype = 'float32';
  /** Tokens that the model read of each text, special tokens and prompt counted. */
  readonly tokens: Uint32Array;
  /** Tokens of each text before it was cut. */
  readonly originalTokens: Uint32Array;
  /** 1 where a text was cut. */
  readonly truncated: Uint8Array;
  readonly timings: Timings;
  readonly metadata: RunMetadata;

  constructor(parts: EmbeddingsData) {
    this.data = parts.data;
    this.length = parts.length;
    this.dimensions = parts.dimensions;
    this.tokens = parts.tokens;
    this.originalTokens = parts.originalTokens;
    this.truncated = parts.truncated;
    this.timings = parts.timings;
    this.metadata = parts.metadata;
  }

  /** Sums over all texts. */
  get usage(): { tokens: number } {
    return { tokens: this.tokens.reduce((sum, count) => sum + count, 0) };
  }

  /**
   * The vector of one text: a view, so writing to it writes to `data`. Negative indices count from the end; undefined
   * outside the list, as in `Array.prototype.at`.
   */
  at(index: number): Float32Array | undefined {
    const position = Math.trunc(index) || 0;
    const row = position < 0 ? position + this.length : position;
    if (row < 0 || row >= this.length) return undefined;
    return this.#row(row);
  }

  /** The vectors as views, in order. */
  *[Symbol.iterator](): Generator<Float32Array, void, undefined> {
    for (let row = 0; row < this.length; row++) yield this.#row(row);
  }

  /** The vectors as plain arrays: a copy, for interfaces that demand `number[][]`. */
  toArrays(): number[][] {
    return Array.from(this, (row) => Array.from(row));
  }

  #row(row: number): Float32Array {
    return this.data.subarray(row * this.dimensions, (row + 1) * this.dimensions);
  }
}
