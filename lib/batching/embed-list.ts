/** A list of inputs to one vector each. */
import { Embeddings, type EmbeddingsData, type Timings } from '../embeddings.js';
import type { ModelInput } from '../input.js';
import type { InferResult, NativeEncoding } from '../native.js';
import type { CallScope } from '../signals.js';
import { allocate } from './allocate.js';
import type { Batch } from './planner.js';
import { scatterRows } from './scatter.js';
import { type Collector, type Engine, type Request, runWindows } from './windows.js';

/**
 * Embeds a list into one array, in the order of the list.
 * @param dimensions width of a vector as it comes back
 * @param first index of the first input in messages
 */
export async function embedList(
  engine: Engine,
  request: Request,
  inputs: readonly ModelInput[],
  dimensions: number,
  scope: CallScope,
  first = 0,
): Promise<Embeddings> {
  const started = performance.now();
  const rows = new RowCollector(inputs.length, dimensions, first);
  await runWindows(engine, request, inputs, rows, scope, first);
  rows.parts.timings.totalMs = performance.now() - started;
  return new Embeddings(rows.parts);
}

/** Puts rows where they belong as batches come back in whatever order. */
class RowCollector implements Collector {
  readonly parts: EmbeddingsData;
  readonly #first: number;

  constructor(length: number, dimensions: number, first: number) {
    this.#first = first;
    this.parts = {
      data: allocate(length, dimensions, 'use stream()'),
      length,
      dimensions,
      tokens: new Uint32Array(length),
      originalTokens: new Uint32Array(length),
      truncated: new Uint8Array(length),
      timings: { totalMs: 0, tokenizeMs: 0, queueMs: 0, inferMs: 0, poolMs: 0 },
    };
  }

  onEncoding(first: number, encoding: NativeEncoding, tookMs: number): void {
    const { tokens, originalTokens, truncated, timings } = this.parts;
    tokens.set(encoding.lengths, first - this.#first);
    originalTokens.set(encoding.originalLengths, first - this.#first);
    truncated.set(encoding.truncated, first - this.#first);
    timings.tokenizeMs += tookMs;
  }

  onBatch(first: number, { rows }: Batch, result: InferResult, waitedMs: number): void {
    const { data, dimensions, timings } = this.parts;
    scatterRows(rows, result.data, data, dimensions, first - this.#first);
    addBatch(timings, result, waitedMs);
  }
}

function addBatch(timings: Timings, { queueMicros, inferMicros, poolMicros }: InferResult, waitedMs: number): void {
  const queueMs = waitedMs + queueMicros / 1_000;
  timings.queueMs = timings.inferMs === 0 ? queueMs : Math.min(timings.queueMs, queueMs);
  timings.inferMs += inferMicros / 1_000;
  timings.poolMs += poolMicros / 1_000;
}
