/**
 * Feeds one pipeline. Batches of all calls wait here, interactive ones before bulk and else first come, first served; the
 * pipeline is given only as many at once as keep the device busy, so that whatever is not on the device yet can still be
 * dropped or overtaken.
 */
import {
  callNative,
  type InferOptions,
  type InferResult,
  type NativeEncoding,
  type NativePipeline,
} from '../native.js';
import type { Batch } from './planner.js';

/** `interactive`: somebody waits for this one vector. `bulk`: lists and streams. */
export type Priority = 'interactive' | 'bulk';

/** Batches over one encoding that succeed or fail together. */
export interface Work {
  priority: Priority;
  encoding: NativeEncoding;
  batches: readonly Batch[];
  options: Omit<InferOptions, 'bucket'>;
  /** Takes a batch's result, in order of completion; `waitedMs` is the time it spent in this queue. Throwing fails the work. */
  onResult(batch: Batch, result: InferResult, waitedMs: number): void;
}

export class Dispatcher {
  readonly #pipeline: NativePipeline;
  /** In the order in which they are served. Sets, since the first is the oldest and dropping one from the middle costs nothing. */
  readonly #queues: Record<Priority, Set<QueuedBatch>> = { interactive: new Set(), bulk: new Set() };
  #inFlight = 0;
  #onIdle: (() => void)[] = [];

  constructor(pipeline: NativePipeline) {
    this.#pipeline = pipeline;
  }

  /**
   * Runs all batches of a piece of work. After an abort or a failure its queued batches are dropped and no more results
   * are handed over. Settles when nothing of it is queued or on the device, so the encoding can be released then.
   * @throws the first failure, or `signal.reason`
   */
  run(work: Work, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    if (work.batches.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const onAbort = () => this.#fail(submission, signal.reason);
      const submission = new Submission(work, (failure) => {
        signal.removeEventListener('abort', onAbort);
        if (failure) reject(failure.reason);
        else resolve();
      });
      signal.addEventListener('abort', onAbort, { once: true });
      for (const queued of submission.queued) this.#queues[work.priority].add(queued);
      this.#fill();
    });
  }

  /** Resolves when no batch is queued or on the device. */
  drain(): Promise<void> {
    const { interactive, bulk } = this.#queues;
    if (interactive.size === 0 && bulk.size === 0 && this.#inFlight === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  #fill(): void {
    for (const queue of Object.values(this.#queues)) {
      for (const queued of queue) {
        if (this.#inFlight >= this.#pipeline.concurrency) return;
        queue.delete(queued);
        queued.submission.queued.delete(queued);
        void this.#infer(queued);
      }
    }
  }

  async #infer({ batch, submission, since }: QueuedBatch): Promise<void> {
    const { encoding, options, onResult } = submission.work;
    const waitedMs = performance.now() - since;
    this.#inFlight++;
    submission.inFlight++;
    try {
      const parts = [{ encoding, rows: batch.rows }];
      const result = await callNative(() => this.#pipeline.infer(parts, { ...options, bucket: batch.bucket }));
      if (!submission.failure) onResult(batch, result, waitedMs);
    } catch (error) {
      this.#fail(submission, error);
    }
    this.#inFlight--;
    submission.inFlight--;
    submission.settleIfOver();
    this.#fill();
    if (this.#inFlight === 0) for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  /** Drops what is still queued; batches on the device end by themselves. Only the first reason counts. */
  #fail(submission: Submission, reason: unknown): void {
    submission.failure ??= { reason };
    for (const queued of submission.queued) this.#queues[submission.work.priority].delete(queued);
    submission.queued.clear();
    submission.settleIfOver();
  }
}

interface QueuedBatch {
  batch: Batch;
  submission: Submission;
  /** When it was queued, on the clock of `performance.now()`. */
  since: number;
}

/** Work that has been handed in. */
class Submission {
  readonly queued: Set<QueuedBatch>;
  inFlight = 0;
  failure: { reason: unknown } | undefined;

  constructor(
    readonly work: Work,
    readonly settle: (failure: { reason: unknown } | undefined) => void,
  ) {
    const since = performance.now();
    this.queued = new Set(work.batches.map((batch) => ({ batch, submission: this, since })));
  }

  /** May be called again after it has settled: a promise settles once. */
  settleIfOver(): void {
    if (this.queued.size === 0 && this.inFlight === 0) this.settle(this.failure);
  }
}
