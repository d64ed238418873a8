/** How far a job is, and how many workers it could use. */
import type { JobEntry, JobState } from './entries.js';
import type { DeadShard, DoneShard } from './queue.js';

/** How far a job is. */
export interface JobStatus {
  jobId: string;
  /** `stuck`: only shards are left that are put aside. */
  state: JobState | 'stuck';
  /** Where the vectors go, without a password. */
  sink: string;
  /** Where shards are kept until all are there. */
  folder: string;
  /** `waiting`: also until they are tried again. `dead`: put aside. */
  shards: { total: number; done: number; waiting: number; active: number; dead: number };
  /** Of shards that are done. */
  documents: number;
  /** Of shards that are done, texts that several of them have counted in each. */
  chunks: number;
  /** As `chunks`. */
  tokens: number;
  /** Of the source, in shards that are done. */
  bytes: number;
  /** Of the source. */
  totalBytes: number;
  /** That are connected. */
  workers: number;
  /** What a worker did on average; undefined before the first shard is done. */
  tokensPerSecondPerWorker: number | undefined;
  /** Tokens that are left, by those of a byte so far. */
  backlogTokens: number | undefined;
  /** With the workers that are there. */
  secondsLeft: number | undefined;
  /** Workers with which the backlog is done within `targetSeconds`; no more than there are shards left. */
  suggestedWorkers: number | undefined;
  /** Shards that are put aside: the first thousand. Submitting the job again tries them again. */
  dead: readonly DeadShard[];
}

export interface StatusParts {
  entry: JobEntry;
  counts: { waiting: number; active: number; dead: number };
  done: readonly DoneShard[];
  dead: readonly DeadShard[];
  workers: number;
  targetSeconds: number;
}

export function statusOf({ entry, counts, done, dead, workers, targetSeconds }: StatusParts): JobStatus {
  const { jobId, sink, folder, shards: total, bytes: totalBytes } = entry;
  const sum = (value: (shard: DoneShard) => number) => done.reduce((total, shard) => total + value(shard), 0);
  const [documents, chunks] = [sum(({ documents }) => documents), sum(({ chunks }) => chunks)];
  const [tokens, bytes] = [sum(({ tokens }) => tokens), sum(({ bytes }) => bytes)];
  const left = total - done.length;
  const isOver = entry.state !== 'running';
  const isStuck = !isOver && counts.waiting + counts.active === 0 && counts.dead > 0;
  return {
    ...{ jobId, state: isStuck ? 'stuck' : entry.state, sink, folder },
    shards: { total, done: done.length, ...counts },
    ...{ documents, chunks, tokens, bytes, totalBytes, workers },
    ...hints(done, { bytesLeft: totalBytes - bytes, left, workers, targetSeconds }),
    dead,
  };
}

function hints(
  done: readonly DoneShard[],
  {
    bytesLeft,
    left,
    workers,
    targetSeconds,
  }: { bytesLeft: number; left: number; workers: number; targetSeconds: number },
): Pick<JobStatus, 'tokensPerSecondPerWorker' | 'backlogTokens' | 'secondsLeft' | 'suggestedWorkers'> {
  // Of shards that were found done nobody knows how long they took.
  const timed = done.filter(({ ms }) => ms > 0);
  const sum = (value: (shard: DoneShard) => number) => timed.reduce((total, shard) => total + value(shard), 0);
  const [tokens, ms, bytes] = [sum(({ tokens }) => tokens), sum(({ ms }) => ms), sum(({ bytes }) => bytes)];
  if (left === 0) {
    const rate = ms > 0 ? (1000 * tokens) / ms : undefined;
    return { tokensPerSecondPerWorker: rate, backlogTokens: 0, secondsLeft: 0, suggestedWorkers: 0 };
  }
  if (tokens === 0 || bytes === 0) {
    const unknown = { tokensPerSecondPerWorker: undefined, backlogTokens: undefined, secondsLeft: undefined };
    return { ...unknown, suggestedWorkers: undefined };
  }
  const rate = (1000 * tokens) / ms;
  const backlogTokens = Math.round((tokens / bytes) * bytesLeft);
  const needed = Math.ceil(backlogTokens / (rate * targetSeconds));
  return {
    ...{ tokensPerSecondPerWorker: rate, backlogTokens },
    secondsLeft: workers > 0 ? backlogTokens / (rate * workers) : undefined,
    suggestedWorkers: Math.max(1, Math.min(needed, left)),
  };
}
