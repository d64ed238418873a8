/** A list of inputs to one vector each. */
import { Embeddings, type EmbeddingsData } from '../embeddings.js';
import type { ModelInput } from '../input.js';
import type { CallScope } from '../signals.js';
import { addPart, noBatches, noTimings } from './accounting.js';
import { allocate } from './allocate.js';
import { scatterRows } from './scatter.js';
import { type Collector, type EncodedLengths, type Engine, type Request, runWindows } from './windows.js';
import type { PartResult } from './work.js';

/**
 * Embeds a list into one array, in the order of the list.
 * @param dimensions width of a vector as it comes back
 */
export async function embedList(
  engine: Engine,
  request: Request,
  inputs: readonly ModelInput[],
  dimensions: number,
  scope: CallScope,
): Promise<Embeddings> {
  const started = performance.now();
  const rows = new RowCollector(engine, inputs.length, dimensions);
  await runWindows(engine, request, inputs, rows, scope);
  rows.parts.timings.totalMs = performance.now() - started;
  return new Embeddings(rows.parts);
}

/** Puts rows where they belong as batches come back in whatever order. */
export class RowCollector implements Collector {
  readonly parts: EmbeddingsData;
  readonly #first: number;

  /** @param first index in the call of the first text */
  constructor(engine: Engine, length: number, dimensions: number, first = 0) {
    this.#first = first;
    this.parts = {
      data: allocate(length, dimensions, 'use stream()'),
      length,
      dimensions,
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
    const { data, dimensions, timings, metadata } = this.parts;
    scatterRows(part.rows, part.data, data, dimensions, first - this.#first);
    addPart(timings, metadata, part);
  }

  onCopies(first: number, rows: readonly number[], vector: Float32Array, cached: boolean): void {
    const { data, dimensions, metadata } = this.parts;
    for (const row of rows) data.set(vector, (first - this.#first + row) * dimensions);
    if (cached) metadata.cacheHits += rows.length;
  }
}
