/** A list of inputs to one vector each. */
import type { CachedEmbedding } from '../cache/record.js';
import { Embeddings, type EmbeddingsData } from '../embeddings.js';
import type { ModelInput } from '../input.js';
import type { CallScope, StopSignal } from '../signals.js';
import type { VectorCodec } from '../vectors/codec.js';
import type { Dtype } from '../vectors/dtype.js';
import { addPart, noBatches, noTimings } from './accounting.js';
import { allocate } from './allocate.js';
import { type Distinct, distinctOf, inSlices } from './distinct.js';
import { scatterRows } from './scatter.js';
import {
  type Collector,
  type EncodedLengths,
  type Engine,
  indexOf,
  type Request,
  runWindows,
  type Window,
} from './windows.js';
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
  const found = distinctOf(inputs, scope.signal);
  const distinct = found instanceof Promise ? await found : found;
  await runWindows(engine, request, distinct ?? { inputs }, rows, scope);
  if (distinct) await rows.copyDuplicates(distinct, scope.signal);
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
      chunks: new Uint32Array(length).fill(1),
      timings: noTimings(),
      metadata: noBatches(engine),
    };
  }

  onEncoding(window: Window, encoding: EncodedLengths, tookMs: number): void {
    const { tokens, originalTokens, truncated, chunks, timings } = this.parts;
    for (let row = 0; row < window.inputs.length; row++) {
      const at = indexOf(window, row) - this.#first;
      tokens[at] = encoding.lengths[row] as number;
      originalTokens[at] = encoding.originalLengths[row] as number;
      truncated[at] = encoding.truncated[row] as number;
      if (encoding.chunks) chunks[at] = encoding.chunks[row] as number;
    }
    timings.tokenizeMs += tookMs;
  }

  onPart(window: Window, part: PartResult): void {
    const { data, timings, metadata } = this.parts;
    const rows = part.rows.map((row) => indexOf(window, row) - this.#first);
    scatterRows(rows, this.#codec.encode(part.data), data, this.#codec.elementsPerRow);
    addPart(timings, metadata, part);
  }

  onKept(window: Window, rows: readonly number[], kept: readonly CachedEmbedding[]): void {
    const { data, tokens, originalTokens, truncated, chunks, metadata } = this.parts;
    for (const [i, row] of rows.entries()) {
      const at = indexOf(window, row) - this.#first;
      const embedding = kept[i] as CachedEmbedding;
      data.set(this.#codec.encode(embedding.data as Float32Array), at * this.#codec.elementsPerRow);
      tokens[at] = embedding.tokens;
      originalTokens[at] = embedding.originalTokens;
      truncated[at] = embedding.truncated ? 1 : 0;
      chunks[at] = embedding.chunks ?? 1;
    }
    metadata.cacheHits += rows.length;
  }

  /** Every input that equals an earlier one gets what came of that. */
  copyDuplicates({ inputs, firstOf }: Distinct, signal: StopSignal): Promise<void> {
    const { data, length, tokens, originalTokens, truncated, chunks, metadata } = this.parts;
    const width = data.length / length;
    metadata.duplicates = firstOf.length - inputs.length;
    return inSlices(firstOf.length, signal, (row) => {
      const first = firstOf[row] as number;
      if (first === row) return;
      data.copyWithin(row * width, first * width, (first + 1) * width);
      tokens[row] = tokens[first] as number;
      originalTokens[row] = originalTokens[first] as number;
      truncated[row] = truncated[first] as number;
      chunks[row] = chunks[first] as number;
    });
  }
}
