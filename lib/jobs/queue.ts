/**
 * A job on the server: BullMQ's queue of its shards, and two hashes beside it. What is lost of it is made again from the job's
 * folder; vectors and texts are never here.
 */
import type { Job, Queue } from 'bullmq';
import { type Connection, whileThere } from './connection.js';
import type { JobEntry } from './entries.js';
import type { JobFolder, JobPlan, ListedShard } from './folder.js';
import { type PartReport, readPartReport } from './part.js';

/** What a shard was: kept until the job is removed. */
export interface DoneShard {
  documents: number;
  chunks: number;
  tokens: number;
  /** Of the source. */
  bytes: number;
  /** That a worker took for it, shards that it did side by side not counted twice. 0: not known. */
  ms: number;
}

/** A shard that is put aside. */
export interface DeadShard {
  /** `shard-<n>`, or `finish`. */
  name: string;
  /** The message of the last error. */
  reason: string;
  /** How often it was tried. */
  attempts: number;
}

const FINISH = 'finish';
/** Whether it is the job that puts all together, and not a shard. */
export const isFinish = ({ name }: Job): boolean => name === FINISH;

const BULK = 1_000;
const MOST_DEAD = 1_000;
/** By how much the clock of a worker may be ahead. */
const ANY_CLOCK_MS = 366 * 86_400_000;
/** Nobody reads the events. */
const MOST_EVENTS = 100;

export class JobQueue {
  readonly #connection: Connection;
  readonly #entry: JobEntry;
  readonly #queue: Queue;

  constructor(connection: Connection, entry: JobEntry) {
    const { Queue, options, prefix } = connection;
    this.#connection = connection;
    this.#entry = entry;
    this.#queue = new Queue(`${entry.jobId}.${entry.run}`, {
      connection: options,
      prefix,
      streams: { events: { maxLen: MOST_EVENTS } },
    });
    // Commands wait until the server is back.
    this.#queue.on('error', () => {});
  }

  get name(): string {
    return this.#queue.name;
  }

  /** Puts into the queue whatever is neither done nor in it. @returns how many shards are not done */
  async enqueue(folder: JobFolder, plan: JobPlan): Promise<number> {
    const batch: ListedShard[] = [];
    let missing = 0;
    for await (const listed of folder.listShards(plan)) {
      if (await this.#noteIfDone(folder.partPath(plan.run, listed.shard), listed)) continue;
      missing++;
      batch.push(listed);
      if (batch.length >= BULK) await this.#add(batch.splice(0));
    }
    await this.#add(batch);
    if (missing === 0) await this.#addFinish();
    return missing;
  }

  async #noteIfDone(path: string, { shard, bytes }: ListedShard): Promise<boolean> {
    const report = await readPartReport(path);
    if (!report) return false;
    // What the worker noted of it knows the time, too.
    await this.#connection.client.hsetnx(this.#doneKey, String(shard), JSON.stringify(doneOf(report, bytes, 0)));
    return true;
  }

  async #add(shards: readonly ListedShard[]): Promise<void> {
    const jobs = shards.map((listed) => {
      const name = `shard-${listed.shard}`;
      return { name, data: listed, opts: { ...this.#options, jobId: name } };
    });
    if (jobs.length > 0) await this.#queue.addBulk(jobs);
  }

  async #addFinish(): Promise<void> {
    await this.#queue.add(FINISH, {}, { ...this.#options, jobId: FINISH });
  }

  get #options() {
    const { attempts, backoffMs } = this.#entry;
    const backoff = { type: 'exponential', delay: backoffMs };
    // What is done is in the folder; what is dead is kept to be told.
    return { attempts, backoff, removeOnComplete: true, removeOnFail: false, stackTraceLimit: 1 };
  }

  /** Notes that a shard is done; after the last one, the parts are put together. Doing it again changes nothing. */
  async noteDone({ shard, bytes }: ListedShard, report: PartReport, ms: number): Promise<void> {
    const { client } = this.#connection;
    await client.hset(this.#doneKey, String(shard), JSON.stringify(doneOf(report, bytes, ms)));
    if ((await client.hlen(this.#doneKey)) >= this.#entry.shards) await this.#addFinish();
  }

  /**
   * Shards that are put aside, which `enqueue` adds again: so they have all their attempts and stalls, and two that do this at
   * once do the same.
   */
  async forgetDead(): Promise<void> {
    await this.#queue.clean(-ANY_CLOCK_MS, 0, 'failed');
  }

  /** Also of a queue that was emptied. */
  async resume(): Promise<void> {
    await this.#queue.resume();
  }

  async empty(): Promise<void> {
    await this.#queue.obliterate({ force: true });
  }

  async dead(): Promise<DeadShard[]> {
    const jobs = await this.#queue.getFailed(0, MOST_DEAD - 1);
    return jobs.map(({ name, failedReason, attemptsMade }) => ({
      ...{ name, reason: failedReason ?? 'not known', attempts: attemptsMade },
    }));
  }

  async counts(): Promise<{ waiting: number; active: number; dead: number }> {
    const counts = await this.#queue.getJobCounts('wait', 'prioritized', 'delayed', 'active', 'failed');
    const of = (name: string) => counts[name] ?? 0;
    const waiting = of('wait') + of('prioritized') + of('delayed');
    return { waiting, active: of('active'), dead: of('failed') };
  }

  workers(): Promise<number> {
    return this.#queue.getWorkersCount();
  }

  async done(): Promise<DoneShard[]> {
    const found = await this.#connection.client.hvals(this.#doneKey);
    return found.map((json) => JSON.parse(json));
  }

  /** Forgets the queue and what is done. */
  async remove(): Promise<void> {
    await this.empty();
    await this.#connection.client.del(this.#doneKey);
  }

  async close(): Promise<void> {
    // Of a server that is gone, it is no use to wait for the connection's end.
    await whileThere(this.#connection, this.#queue.close()).catch(() => void this.#queue.disconnect());
  }

  get #doneKey(): string {
    return `${this.#connection.prefix}:${this.name}:shards-done`;
  }
}

const doneOf = ({ documents, chunks, tokens }: PartReport, bytes: number, ms: number): DoneShard => ({
  ...{ documents, chunks, tokens, bytes, ms },
});
