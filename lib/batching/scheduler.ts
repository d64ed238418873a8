/**
 * Shares the device among all calls. Texts of any number of calls wait in two lanes and are merged into batches by bucket
 * and token budget; the device is given only as many batches as keep it busy, so that whatever is not on it yet can still
 * be dropped, overtaken or merged. A text never waits for company: what is there when the device has room is what goes
 * (unless `batchDelayMs` says otherwise).
 */

import { OvembedError } from '../errors.js';
import { callNative } from '../native.js';
import type { StopSignal } from '../signals.js';
import { Admission, type QueueSize } from './admission.js';
import { type Clock, systemClock } from './clock.js';
import { type Batch, type Candidate, Lane, type Part } from './lane.js';
import type { Pipelines, Slot } from './pipelines.js';
import { fullBatch, interactivePlan, type PlanOptions } from './planner.js';
import { type RunningBatch, Submission, tokensOf } from './submission.js';
import type { BatchReport, Priority, RunResult, TextFailure, Work } from './work.js';

/** Told what happens, for counters and housekeeping. */
export interface SchedulerObserver {
  /** The first texts of a work go to the device. */
  onDeparture?(waitedMs: number): void;
  onBatch?(report: BatchReport, priority: Priority): void;
  /** Nothing waits and nothing is on the device; may be told more than once. */
  onIdle?(): void;
}

export interface SchedulerOptions {
  plan: PlanOptions;
  /** Most texts and tokens that may wait in each lane. */
  maxQueue: QueueSize;
  /** How long a text may wait for a fuller batch. */
  batchDelayMs?: number;
  observers?: readonly SchedulerObserver[];
  clock?: Clock;
}

const PRIORITIES: readonly Priority[] = ['interactive', 'bulk'];
const BULK_FIRST: readonly Priority[] = ['bulk', 'interactive'];
const ASLEEP = { at: Infinity, callOff: () => {} };

/**
 * While interactive texts keep coming, bulk goes first once it had no batch for this long; but never twice in a row, however
 * slow the device (test: scheduler-model.test.ts).
 */
export const AGEING_MS = 100;

export class Scheduler {
  readonly clock: Clock;
  readonly admission: Admission;
  readonly #pipelines: Pipelines;
  readonly #plans: Record<Priority, PlanOptions>;
  readonly #batchDelayMs: number;
  readonly #observers: readonly SchedulerObserver[];
  readonly #lanes: Record<Priority, Lane<Submission>>;
  readonly #running = new Set<RunningBatch>();
  #nextJob = 1;
  /** When bulk last had a batch, or began to wait for one. */
  #bulkSince = 0;
  /** Interactive texts have gone since. */
  #bulkYielded = false;
  /** While the device works: when it last had finished a full batch or begun, and the tokens that it has done since. */
  #busySince = 0;
  #tokensSince = 0;
  /** When texts that wait for company are looked at again. */
  #waking = ASLEEP;
  #onIdle: (() => void)[] = [];

  constructor(pipelines: Pipelines, options: SchedulerOptions) {
    this.clock = options.clock ?? systemClock;
    this.admission = new Admission(options.maxQueue);
    this.#pipelines = pipelines;
    this.#plans = { interactive: interactivePlan(options.plan), bulk: options.plan };
    this.#batchDelayMs = options.batchDelayMs ?? 0;
    this.#observers = options.observers ?? [];
    this.#lanes = { interactive: new Lane(this.#plans.interactive), bulk: new Lane(this.#plans.bulk) };
    pipelines.main.pipeline.onRoom?.(() => this.#fill());
  }

  /** Batches on the device. */
  get inFlight(): number {
    return this.#running.size;
  }

  /** Texts on the device. */
  get textsInFlight(): number {
    let texts = 0;
    for (const { batch } of this.#running) texts += batch.rows;
    return texts;
  }

  /** Texts that wait for the device, tokenised. */
  waiting(priority: Priority): number {
    return this.#lanes[priority].rows;
  }

  /**
   * Runs all texts of a work. After an abort or a failure what is queued of it is dropped, no more results are handed
   * over, and a batch on the device that nobody else has a share in is stopped. Settles when nothing of it is queued or on
   * the device, so the encoding can be released then.
   * @throws the first failure, or `signal.reason`; OvembedError `ERR_QUEUE_TIMEOUT`
   */
  run(work: Work, signal: StopSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const onAbort = () => this.#fail(submission, signal.reason);
      const submission = new Submission(work, (failure) => {
        signal.removeEventListener('abort', onAbort);
        if (failure) reject(failure.reason);
        else resolve();
      });
      if (submission.lengths.length === 0) return resolve();
      signal.addEventListener('abort', onAbort, { once: true });
      this.#enqueue(submission);
      this.#fill();
      this.#limitWait(submission);
    });
  }

  /** Resolves when no batch is queued or on the device. */
  drain(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  #isIdle(): boolean {
    return this.#running.size === 0 && PRIORITIES.every((priority) => this.waiting(priority) === 0);
  }

  #enqueue(submission: Submission): void {
    const now = this.clock.now();
    const { priority } = submission.call;
    if (priority === 'bulk' && this.#lanes.bulk.rows === 0) this.#bulkSince = now;
    this.#lanes[priority].add(submission, now);
  }

  /** Ends the work if none of its texts has gone to the device at the end of `queueTimeoutMs`. */
  #limitWait(submission: Submission): void {
    const { since } = submission;
    const { queueTimeoutMs, name, priority } = submission.call;
    if (queueTimeoutMs === 0 || submission.departed || submission.failure) return;
    const expired = () => {
      const message = `${name} waited ${queueTimeoutMs} ms for the device (queueTimeoutMs). Try again later, or allow more.`;
      const retryAfterMs = this.admission.retryAfterMs(priority);
      this.#fail(submission, new OvembedError('ERR_QUEUE_TIMEOUT', message, { retryAfterMs }));
    };
    submission.callOff = this.clock.after(Math.max(0, since + queueTimeoutMs - this.clock.now()), expired);
  }

  /** Gives the device what it has room for. */
  #fill(): void {
    for (;;) {
      const found = this.#nextBatch();
      if (!found) return;
      const { lane, candidate, slot } = found;
      this.#bulkYielded = lane !== this.#lanes.bulk;
      if (lane === this.#lanes.bulk) this.#bulkSince = this.clock.now();
      const batch = lane.take(candidate);
      for (const part of batch.parts) this.#depart(part);
      this.#start(batch, slot);
    }
  }

  #depart({ work, rows, since }: Part<Submission>): void {
    work.place.leave(rows.length, work.tokensOf(rows));
    if (work.departed) return;
    work.departed = true;
    work.callOff?.();
    for (const observer of this.#observers) observer.onDeparture?.(this.clock.now() - since);
  }

  #nextBatch(): { lane: Lane<Submission>; candidate: Candidate<Submission>; slot: Slot } | undefined {
    const now = this.clock.now();
    const overdue = this.#bulkYielded && now - this.#bulkSince >= AGEING_MS;
    for (const priority of overdue ? BULK_FIRST : PRIORITIES) {
      const lane = this.#lanes[priority];
      const candidate = lane.next(this.#batchDelayMs > 0 ? now - this.#batchDelayMs : Infinity);
      if (!candidate) {
        if (lane.rows > 0) this.#wakeAt(lane.since + this.#batchDelayMs);
        continue;
      }
      const { bucket, rows, takesAll, whole } = candidate;
      const idle = this.#running.size === 0;
      const slot = this.#pipelines.choose({
        bucket,
        rows,
        takesAll,
        whole,
        priority,
        idle,
        besideBulk: this.#isBulkRunning(),
      });
      if (slot) return { lane, candidate, slot };
    }
    return undefined;
  }

  #isBulkRunning(): boolean {
    for (const { batch } of this.#running) {
      if ((batch.parts[0] as Part<Submission>).work.call.priority === 'bulk') return true;
    }
    return false;
  }

  /** Looks again when the first of the texts that wait for company has waited long enough. */
  #wakeAt(time: number): void {
    if (time >= this.#waking.at) return;
    this.#waking.callOff();
    const callOff = this.clock.after(time - this.clock.now(), () => {
      this.#waking = ASLEEP;
      this.#fill();
    });
    this.#waking = { at: time, callOff };
  }

  /** @param apart to be tried again after it, on its place */
  #start(batch: Batch<Submission>, slot: Slot, apart: readonly Part<Submission>[] = []): void {
    const running: RunningBatch = { batch, slot, apart, job: this.#nextJob++, stopped: false };
    if (this.#running.size === 0) {
      this.#busySince = this.clock.now();
      this.#tokensSince = 0;
    }
    this.#running.add(running);
    slot.inFlight++;
    for (const { work } of batch.parts) work.running.add(running);
    for (const { work } of apart) work.apart++;
    this.#infer(running);
  }

  #infer(running: RunningBatch): void {
    const { batch, slot, job } = running;
    const startedAt = this.clock.now();
    const parts = batch.parts.map(({ work, rows }) => ({ encoding: work.encoding, rows }));
    const options = { ...(batch.parts[0] as Part<Submission>).work.options, bucket: batch.bucket, job };
    callNative(() => slot.pipeline.infer(parts, options)).then(
      (result) => this.#onEnd(running, () => this.#onResult(running, result, startedAt)),
      (error) => this.#onEnd(running, () => this.#onFailure(running, error)),
    );
  }

  /** The batch leaves the device first, so that a work which fails by it does not cancel it. */
  #onEnd(running: RunningBatch, handle: () => void): void {
    const { batch, slot } = running;
    this.#running.delete(running);
    slot.inFlight--;
    for (const { work } of batch.parts) work.running.delete(running);
    // Before anything that looks whether the device is idle.
    this.#tryApart(running);
    handle();
    this.#tryApart(running);
    for (const { work } of batch.parts) this.#settleIfOver(work);
    this.#fill();
    this.#endIfIdle();
  }

  #onResult(running: RunningBatch, result: RunResult, startedAt: number): void {
    this.#measure(running);
    this.#handOut(running.batch, result, startedAt);
  }

  /**
   * Measures from full batch to full batch: from small ones alone a queue would look slower to work off than it is, but the
   * time and the tokens of those between full ones count.
   */
  #measure({ batch: { bucket, rows, parts } }: RunningBatch): void {
    this.#tokensSince += tokensOf(parts);
    const { priority } = (parts[0] as Part<Submission>).work.call;
    if (rows < fullBatch(bucket, this.#plans[priority])) return;
    const now = this.clock.now();
    this.admission.measured(this.#tokensSince, now - this.#busySince);
    this.#busySince = now;
    this.#tokensSince = 0;
  }

  #handOut(batch: Batch<Submission>, result: RunResult, startedAt: number): void {
    const report: BatchReport = {
      ranOn: result.ranOn,
      bucket: batch.bucket,
      rows: batch.rows,
      tokens: tokensOf(batch.parts),
      inferMs: result.inferMicros / 1_000,
      poolMs: result.poolMicros / 1_000,
    };
    const { priority } = (batch.parts[0] as Part<Submission>).work.call;
    for (const observer of this.#observers) observer.onBatch?.(report, priority);
    const vectors = batch.parts.reduce((sum, { work, rows }) => sum + work.vectorsOf(rows), 0);
    const width = result.data.length / vectors;
    let row = 0;
    let value = 0;
    for (const { work, rows, since } of batch.parts) {
      const values = work.vectorsOf(rows) * width;
      const data = result.data.subarray(value, value + values);
      const nonFinite = positionsWithin(result.nonFiniteRows, row, rows.length);
      const failures = failuresWithin(result.failures ?? [], row, rows.length);
      row += rows.length;
      value += values;
      if (work.failure) continue;
      try {
        const queueMs = startedAt - since + result.queueMicros / 1_000;
        work.onPart({ rows, data, nonFinite, failures, queueMs, batch: report });
      } catch (error) {
        this.#fail(work, error);
      }
    }
  }

  /** One call's texts must not fail another's, so those of several calls are tried once more, each call apart. */
  #onFailure(running: RunningBatch, error: unknown): void {
    const { parts } = running.batch;
    const wanted = parts.filter(({ work }) => !work.failure);
    if (parts.length === 1 || running.stopped || running.slot.pipeline.isolates) {
      for (const { work } of wanted) this.#fail(work, error);
      return;
    }
    for (const { work } of wanted) work.apart++;
    running.apart = wanted;
  }

  /** Runs the texts of the first call that still wants them; those of the others follow it. */
  #tryApart(running: RunningBatch): void {
    const parts = running.apart;
    if (parts.length === 0) return;
    running.apart = [];
    for (const { work } of parts) work.apart--;
    const [part, ...others] = parts.filter(({ work }) => !work.failure);
    const { bucket } = running.batch;
    if (part) this.#start({ bucket, rows: part.rows.length, parts: [part] }, running.slot, others);
  }

  /** Drops what is still queued and stops batches that nobody wants any more. Only the first reason counts. */
  #fail(submission: Submission, reason: unknown): void {
    if (submission.failure) return;
    submission.failure = { reason };
    this.#lanes[submission.call.priority].remove(submission);
    submission.place.leaveAll();
    for (const running of submission.running) {
      if (running.batch.parts.some(({ work }) => !work.failure)) continue;
      running.stopped = true;
      running.slot.pipeline.cancel(running.job);
    }
    this.#settleIfOver(submission);
    this.#endIfIdle();
  }

  #settleIfOver(submission: Submission): void {
    const { running, apart, failure, call } = submission;
    if (running.size > 0 || (apart > 0 && !failure) || this.#lanes[call.priority].has(submission)) return;
    submission.callOff?.();
    submission.settle(submission.failure);
  }

  #endIfIdle(): void {
    if (!this.#isIdle()) return;
    this.#waking.callOff();
    this.#waking = ASLEEP;
    for (const observer of this.#observers) observer.onIdle?.();
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }
}

/** The failures of texts that lie in [first, first + count), counted from `first`. */
function failuresWithin(failures: readonly TextFailure[], first: number, count: number): TextFailure[] {
  return failures
    .filter(({ position }) => position >= first && position < first + count)
    .map(({ position, error }) => ({ position: position - first, error }));
}

/** The members of an ascending list that lie in [first, first + count), counted from `first`. */
function positionsWithin(positions: Uint32Array, first: number, count: number): number[] {
  const within: number[] = [];
  for (const position of positions) if (position >= first && position < first + count) within.push(position - first);
  return within;
}
