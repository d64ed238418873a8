/** A list of inputs to one vector each. */
import { Embeddings, type EmbeddingsData } from '../embeddings.js';
import type { ModelInput } from '../input.js';
import type { NativeEncoding } from '../native.js';
import type { CallScope } from '../signals.js';
import { allocate } from './allocate.js';
import { scatterRows } from './scatter.js';
import { type Collector, type Engine, type Request, runWindows } from './windows.js';
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
  constructor({ device, precision }: Engine, length: number, dimensions: number, first = 0) {
    this.#first = first;
    this.parts = {
      data: allocate(length, dimensions, 'use stream()'),
      length,
      dimensions,
      tokens: new Uint32Array(length),
      originalTokens: new Uint32Array(length),
      truncated: new Uint8Array(length),
      timings: { totalMs: 0, tokenizeMs: 0, queueMs: 0, inferMs: 0, poolMs: 0 },
      metadata: { device, precision, batches: 0, paddedTokens: 0, cacheHits: 0 },
    };
  }

  onEncoding(first: number, encoding: NativeEncoding, tookMs: number): void {
    const { tokens, originalTokens, truncated, timings } = this.parts;
    tokens.set(encoding.lengths, first - this.#first);
    originalTokens.set(encoding.originalLengths, first - this.#first);
    truncated.set(encoding.truncated, first - this.#first);
    timings.tokenizeMs += tookMs;
  }

  onPart(first: number, { rows, data: vectors, queueMs, batch }: PartResult): void {
    const { data, dimensions, timings, metadata } = this.parts;
    scatterRows(rows, vectors, data, dimensions, first - this.#first);
    timings.queueMs = metadata.batches === 0 ? queueMs : Math.min(timings.queueMs, queueMs);
    timings.inferMs += batch.inferMs;
    timings.poolMs += batch.poolMs;
    metadata.batches++;
    metadata.paddedTokens += rows.length * batch.bucket;
  }
}
