/** What is told of a run, while it is under way and at its end. */
import type { Stages } from './stages.js';
import type { DocumentFailure, ReadCounts, WrittenCounts } from './state.js';

/** Counts are of the whole output, also where a run before was interrupted; times are of this run. */
export interface CorpusProgress extends ReadCounts, WrittenCounts {
  /** Of the source; undefined where it is not known. */
  totalBytes: number | undefined;
  /** Since the run began. */
  seconds: number;
  /** Of this run, from its beginning. */
  tokensPerSecond: number;
  /** At the speed so far; undefined where it cannot be told. */
  secondsLeft: number | undefined;
  /** What each stage did in this run. */
  stages: Stages;
}

/** What a run of `indexCorpus` did. */
export interface CorpusReport extends CorpusProgress {
  /** Whether it went on from a checkpoint. */
  resumed: boolean;
  /** The first thousand documents that failed; `failed` counts all. */
  failures: readonly DocumentFailure[];
}

/** The first batches take longer than the others. */
const MEANINGFUL_AFTER_SECONDS = 2;

/** What a run had done before it began, when it goes on from a checkpoint. */
export interface Baseline {
  bytes: number;
  tokens: number;
}

export function progressOf(
  read: ReadCounts,
  written: WrittenCounts,
  {
    totalBytes,
    seconds,
    stages,
    before,
  }: Pick<CorpusProgress, 'totalBytes' | 'seconds' | 'stages'> & { before: Baseline },
): CorpusProgress {
  const tokensPerSecond = (written.tokens - before.tokens) / Math.max(seconds, 1e-3);
  const bytesPerSecond = (read.bytes - before.bytes) / Math.max(seconds, 1e-3);
  const left = Math.max(0, (totalBytes ?? 0) - read.bytes) / bytesPerSecond;
  const isKnown = totalBytes !== undefined && seconds >= MEANINGFUL_AFTER_SECONDS && Number.isFinite(left);
  const secondsLeft = isKnown ? left : undefined;
  return {
    ...read,
    filtered: { ...read.filtered },
    ...written,
    totalBytes,
    seconds,
    tokensPerSecond,
    secondsLeft,
    stages,
  };
}
