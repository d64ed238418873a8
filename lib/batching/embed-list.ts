/** A list of inputs to one vector each. */
import { Embeddings, type EmbeddingsData } from '../embeddings.js';
import type { ModelInput } from '../input.js';
import type { CallScope } from '../signals.js';
import type { VectorCodec } from '../vectors/codec.js';
import type { Dtype } from '../vectors/dtype.js';
import { addPart, noBatches, noTimings } from './accounting.js';
import { allocate } from './allocate.js';
import { scatterRows } from './scatter.js';
import { type Collector, type EncodedLengths, type Engine, type Request, runWindows } from './windows.js';
import type { PartResult } from './work.js';

/**
 * Embeds a list into one array, in the order of the list.
 * @param codec what vectors are given back as
 */
export async function embedList<D extends Dtype>(
  engine: Engine,
  request: Request,
  inputs: readonly ModelInput[],
  codec: VectorCodec<D>,
  scope: CallScope,
): Promise<Embeddings<D>> {
  const started = performance.now();
  const rows = new RowCollector(engine, inputs.length, codec);
  await runWindows(engine, request, inputs, rows, scope);
  rows.parts.timings.totalMs = performance.now() - started;
  return new Embeddings(rows.parts);
}

/** Puts rows where they belong as batches come back in whatever order. */
export class RowCollector<D extends Dtype> implements Collector {
  readonly parts: EmbeddingsData<D>;
  readonly #codec: VectorCodec<D>;
  readonly #first: number;

  /** @param first index in the call of the first text */
  constructor(engine: Engine, length: number, codec: VectorCodec<D>, first = 0) {
    this.#codec = codec;
    this.#first = first;
    this.parts = {
      data: allocate(length, codec.elementsPerRow, 'use stream()', codec.dtype),
      length,
      dimensions: codec.dimensions,
      dtype: codec.dtype,
      tokens: new Uint32Array(length),
      originalTokens: new Uint32Array(length),
      truncated: new Uint8Array(length),
      timings: noTimings(),
      metadata: noBatches(engine),
    };
  }

  onEncoding(first: number, encoding: EncodedLengths, tookMs: number): void {
    const { tokens, originalTokens, truncated, timings } = this.parts;
    tokens.set(encoding.lengths, first - this.#first);
    originalTokens.set(encoding.originalLengths, first - this.#first);
    truncated.set(encoding.truncated, first - this.#first);
    timings.tokenizeMs += tookMs;
  }

  onPart(first: number, part: PartResult): void {
    const { data, timings, metadata } = this.parts;
    scatterRows(part.rows, this.#codec.encode(part.data), data, this.#codec.elementsPerRow, first - this.#first);
    addPart(timings, metadata, part);
  }

  onCopies(first: number, rows: readonly number[], vector: Float32Array, cached: boolean): void {
    const { data, metadata } = this.parts;
    const encoded = this.#codec.encode(vector);
    for (const row of rows) data.set(encoded, (first - this.#first + row) * this.#codec.elementsPerRow);
    if (cached) metadata.cacheHits += rows.length;
  }
}
