/** One timed pass of a pipeline over texts of a probe. */

import { Pipelines, type Runner } from '../batching/pipelines.js';
import type { PlanOptions } from '../batching/planner.js';
import { scatterRows } from '../batching/scatter.js';
import { Scheduler } from '../batching/scheduler.js';
import type { Call } from '../batching/work.js';
import type { NativeEncoding } from '../native.js';
import type { StopSignal } from '../signals.js';

export interface Round {
  ms: number;
  /** Row by row, uncut and normalised. */
  vectors: Float32Array;
}

/** Words per text: mixed lengths, some 600 tokens in all. */
const PROSE_WORDS = [3, 5, 8, 8, 12, 16, 20, 24, 28, 32, 40, 48, 60, 72, 90, 120];
const WORDS = 'the river runs past seven old mills before it meets a wide and quiet lake'.split(' ');

const CALL: Call = { name: 'probe', priority: 'bulk', since: 0, queueTimeoutMs: 0, timeoutMs: 0 };

/** Texts of mixed lengths. @param copies how many times the 600 tokens */
export function proseTexts(copies = 1): string[] {
  const word = (i: number) => WORDS[i % WORDS.length] as string;
  const text = (count: number, start: number) => Array.from({ length: count }, (_, i) => word(start + i)).join(' ');
  return Array.from({ length: copies }, () => PROSE_WORDS.map(text)).flat();
}

/**
 * Embeds all rows of an encoding, as a list of documents would be.
 * @param width of a vector
 */
export async function runRound(
  pipeline: Runner,
  encoding: NativeEncoding,
  plan: PlanOptions,
  signal: StopSignal,
  width: number,
): Promise<Round> {
  const texts = encoding.lengths.length;
  const vectors = new Float32Array(texts * width);
  const scheduler = new Scheduler(new Pipelines(pipeline), { plan, maxQueue: { texts: Infinity, tokens: Infinity } });
  const started = performance.now();
  await scheduler.run(
    {
      call: CALL,
      since: 0,
      encoding,
      place: scheduler.admission.admit(CALL, texts),
      options: { output: 'pooled', dimensions: 0, normalize: true },
      onPart: ({ rows, data }) => scatterRows(rows, data, vectors, width),
    },
    signal,
  );
  return { ms: performance.now() - started, vectors };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}
