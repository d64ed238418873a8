/** A worker: takes shards from the queue until the job is over. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Job, Worker } from 'bullmq';
import type { Embedder } from '../embedder.js';
import { untilAborted } from '../signals.js';
import { type Connection, whileThere } from './connection.js';
import type { JobEntries } from './entries.js';
import { finishJob } from './finish.js';
import type { JobFolder, JobPlan, ListedShard } from './folder.js';
import type { WorkOptions } from './options.js';
import { isFinish, type JobQueue } from './queue.js';
import { runShard } from './shard-run.js';

/** Why a worker ended. `stuck`: only shards are left that are put aside; `stopped`: by its signal. */
export type WorkEnd = 'done' | 'cancelled' | 'stuck' | 'stopped';

export interface WorkParts {
  connection: Connection;
  entries: JobEntries;
  queue: JobQueue;
  folder: JobFolder;
  plan: JobPlan;
  embedder: Embedder;
  /** Called now and then. */
  tell: (() => Promise<void>) | undefined;
}

const POLL_MS = 500;
/** Polls from one look at the queue to the next, and from one report to the next. */
const LOOK_EVERY = 2;
const TELL_EVERY = 10;
/** A lock that was lost is looked for so often, at least. */
const LONGEST_STALLED_INTERVAL_MS = 2_500;

export async function work(parts: WorkParts, options: WorkOptions): Promise<WorkEnd> {
  const cancelled = new AbortController();
  const worker = startWorker(parts, options, cancelled.signal);
  try {
    const end = await untilOver(parts, options.signal);
    if (end === 'cancelled') cancelled.abort();
    return end;
  } finally {
    await closeWorker(worker, parts.connection);
  }
}

/** Shards that are under way are finished; a server that is gone is not waited for. */
async function closeWorker(worker: Worker, connection: Connection): Promise<void> {
  // Not by close(), which cannot be hurried once it waits.
  await whileThere(connection, worker.pause()).catch(() => {});
  await worker.close(true);
}

function startWorker(parts: WorkParts, options: WorkOptions, cancelled: AbortSignal): Worker {
  const { connection, queue } = parts;
  const { concurrency = 2, lockMs = 5_000, maxStalls = 20, onShardFailed } = options;
  const worker = new connection.Worker(queue.name, processorOf(parts, cancelled), {
    connection: connection.options,
    prefix: connection.prefix,
    concurrency,
    lockDuration: lockMs,
    stalledInterval: Math.min(lockMs / 2, LONGEST_STALLED_INTERVAL_MS),
    maxStalledCount: maxStalls,
    drainDelay: 1,
    // What waits for a server that is back should not wait much longer.
    runRetryDelay: POLL_MS,
  });
  worker.on('failed', (job, { message }) => {
    if (job && !cancelled.aborted) onShardFailed?.({ name: job.name, attempt: job.attemptsMade, message });
  });
  // Of connections, which come back, and of locks that were lost: then another worker does the same, which is done once.
  worker.on('error', () => {});
  return worker;
}

function processorOf({ queue, folder, plan, embedder, entries }: WorkParts, cancelled: AbortSignal) {
  let lastEnd = 0;
  return async (job: Job): Promise<void> => {
    if (isFinish(job)) {
      await finishJob(folder, plan, cancelled);
      await entries.setState(plan, 'done');
      return;
    }
    const started = performance.now();
    // Delivered once more after the end.
    if (await folder.manifest(plan)) return entries.setState(plan, 'done');
    const listed = job.data as ListedShard;
    const report = await runShard(embedder, folder, plan, listed, cancelled);
    const end = performance.now();
    const ms = Math.round(end - Math.max(started, lastEnd));
    lastEnd = end;
    await queue.noteDone(listed, report, ms);
  };
}

async function untilOver(parts: WorkParts, signal: AbortSignal | undefined): Promise<WorkEnd> {
  const look = lookAt(parts);
  try {
    for (;;) {
      signal?.throwIfAborted();
      const end = await untilAborted(look(), signal);
      if (end) return end;
      await untilAborted(sleep(POLL_MS), signal);
    }
  } catch (error) {
    if (signal?.aborted) return 'stopped';
    throw error;
  }
}

/** @returns what tells whether the job is over */
function lookAt(parts: WorkParts): () => Promise<WorkEnd | undefined> {
  const { entries, queue, folder, plan } = parts;
  let polls = 0;
  let idle = 0;
  return async () => {
    const entry = await entries.find(plan.jobId);
    // Begun anew, or forgotten: what this worker could do is of no use.
    if (entry?.run !== plan.run || entry.state === 'cancelled') return 'cancelled';
    if (entry.state === 'done') return 'done';
    polls++;
    if (polls % TELL_EVERY === 0) await parts.tell?.();
    if (polls % LOOK_EVERY > 0) return undefined;
    const { waiting, active, dead } = await queue.counts();
    idle = waiting + active > 0 ? 0 : idle + 1;
    if (idle < 2) return undefined;
    if (dead > 0) return 'stuck';
    // A server that was restored from an older state has lost some of it.
    if (await folder.manifest(plan)) await entries.setState(plan, 'done');
    else await queue.enqueue(folder, plan);
    return undefined;
  };
}
