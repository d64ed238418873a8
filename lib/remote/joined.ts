/** The results of several requests as one. */
import { noTimings } from '../batching/accounting.js';
import { allocate } from '../batching/allocate.js';
import { Embeddings, type EmbeddingsData } from '../embeddings.js';
import { type Dtype, elementsPerRow } from '../vectors/dtype.js';

export class Joined<D extends Dtype> {
  readonly #length: number;
  readonly #started = performance.now();
  #parts: EmbeddingsData<D> | undefined;
  #filled = 0;

  /** @param length of the whole list */
  constructor(length: number) {
    this.#length = length;
  }

  /** The next in the order of the list. */
  add(part: Embeddings<D>): void {
    this.#parts ??= this.#emptyLike(part);
    const { data, tokens, originalTokens, truncated, chunks } = this.#parts;
    const first = this.#filled;
    data.set(part.data as never, first * elementsPerRow(part.dtype, part.dimensions));
    tokens.set(part.tokens, first);
    originalTokens.set(part.originalTokens, first);
    truncated.set(part.truncated, first);
    chunks.set(part.chunks, first);
    this.#account(part, first === 0);
    this.#filled += part.length;
  }

  get result(): Embeddings<D> {
    const parts = this.#parts as EmbeddingsData<D>;
    parts.timings.totalMs = performance.now() - this.#started;
    return new Embeddings(parts);
  }

  #emptyLike({ dimensions, dtype, metadata }: Embeddings<D>): EmbeddingsData<D> {
    const length = this.#length;
    return {
      data: allocate(length, elementsPerRow(dtype, dimensions), 'use stream()', dtype),
      length,
      dimensions,
      dtype,
      tokens: new Uint32Array(length),
      originalTokens: new Uint32Array(length),
      truncated: new Uint8Array(length),
      chunks: new Uint32Array(length),
      timings: noTimings(),
      metadata: { ...metadata, devices: [], batches: 0, paddedTokens: 0, cacheHits: 0, duplicates: 0 },
    };
  }

  #account({ timings: more, metadata: ran }: Embeddings<D>, isFirst: boolean): void {
    const { timings, metadata } = this.#parts as EmbeddingsData<D>;
    timings.queueMs = isFirst ? more.queueMs : Math.min(timings.queueMs, more.queueMs);
    for (const key of ['tokenizeMs', 'inferMs', 'poolMs'] as const) timings[key] += more[key];
    for (const key of ['batches', 'paddedTokens', 'cacheHits', 'duplicates'] as const) metadata[key] += ran[key];
    metadata.devices = [...new Set([...metadata.devices, ...ran.devices])];
  }
}
