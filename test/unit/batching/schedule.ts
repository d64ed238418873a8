/**
 * Runs a scheduler on a fake clock and a fake device beside a model that says, after every step, what must have become of
 * each work. Works come in as windows of calls do (windows.ts).
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'vitest';
import { type Admission, QUEUE_SHARE, type QueueSize } from '../../../lib/batching/admission.js';
import { Pipelines } from '../../../lib/batching/pipelines.js';
import type { PlanOptions } from '../../../lib/batching/planner.js';
import { Scheduler } from '../../../lib/batching/scheduler.js';
import type { Call, Priority } from '../../../lib/batching/work.js';
import { checkShape, LaneRule, OrderRule, type SentBatch, TurnRule } from './batch-rules.js';
import { FakeClock } from './fake-clock.js';
import { type DeviceBatch, FakeDevice } from './fake-device.js';
import { ModelledWork, type WorkPlan } from './modelled-work.js';

export interface Settings {
  plan: PlanOptions;
  concurrency: number;
  maxQueue: QueueSize;
  batchDelayMs: number;
}

export const PRIORITIES: readonly Priority[] = ['interactive', 'bulk'];

export class Schedule {
  readonly clock = new FakeClock();
  readonly device: FakeDevice;
  readonly scheduler: Scheduler;
  readonly works: ModelledWork[] = [];
  readonly #settings: Settings;
  readonly #sent = new Map<DeviceBatch, SentBatch>();
  /** Works that must go to the device once more, alone, with these texts. */
  #retries: { work: ModelledWork; rows: string }[] = [];
  readonly #order = new OrderRule();
  readonly #turns = new TurnRule();
  readonly #lanes = new LaneRule();
  readonly #drains: { done: boolean }[] = [];
  /** Works were handed to the scheduler since the last check. */
  #entered = false;
  /** A batch that broke a rule. */
  #violation: { error: unknown } | undefined;
  #nextTurn = 0;

  constructor(settings: Settings) {
    const { concurrency, ...options } = settings;
    this.#settings = settings;
    this.device = new FakeDevice(concurrency);
    this.device.onBatch = (batch) => {
      try {
        this.#onBatch(batch);
      } catch (error) {
        // The scheduler would take it for a failure of the device.
        this.#violation ??= { error };
      }
    };
    this.scheduler = new Scheduler(new Pipelines(this.device.pipeline), { ...options, clock: this.clock });
  }

  /** Makes a call of one window. */
  submit(plan: WorkPlan, limits: Pick<Call, 'priority' | 'queueTimeoutMs' | 'timeoutMs'>): Promise<void> {
    const call: Call = { name: 'embed', since: this.clock.now(), ...limits };
    const work = new ModelledWork(call, plan, true);
    if (this.#mustRefuse(work)) work.failure = { reason: 'ERR_OVERLOADED' };
    return this.#start(work);
  }

  /** Adds a window to a call that is not over. */
  async continue(which: number, plan: WorkPlan): Promise<void> {
    const open = this.works.filter((work) => !work.failure && !work.isOver);
    const begun = open[which % open.length];
    if (begun) await this.#start(new ModelledWork(begun.call, plan, false));
  }

  async abort(which: number): Promise<void> {
    const work = this.works[which % this.works.length];
    if (!work) return;
    work.mustFail(work);
    work.caller.abort(work);
    await this.check();
  }

  /** Ends a batch, well unless a text of it is toxic or the device fails. */
  async finish(which: number, deviceFails = false): Promise<void> {
    const batch = this.device.running[which % this.device.running.length];
    if (!batch) return;
    const { texts, works } = this.#sent.get(batch) as SentBatch;
    for (const work of works) work.onDevice--;
    if (deviceFails || texts.some(({ work, row }) => row === work.plan.toxic)) {
      for (const work of works) this.#expectFailure(work, batch);
      batch.fail();
    } else {
      const nonFinite = texts.flatMap(({ work, row }, i) => (row === work.plan.nonFinite ? [i] : []));
      for (const position of nonFinite) {
        const { work } = texts[position] as SentBatch['texts'][0];
        work.mustFail(work.plan);
      }
      batch.succeed(nonFinite);
    }
    await this.check();
  }

  /** @param step so far apart are the moments that the model sees */
  async pass(ms: number, step = 1): Promise<void> {
    for (let passed = 0; passed < ms; passed += step) {
      this.clock.advance(step);
      for (const work of this.works) this.#expectExpiry(work);
      await this.check();
    }
  }

  async drain(): Promise<void> {
    const drain = { done: false };
    this.#drains.push(drain);
    void this.scheduler.drain().then(() => (drain.done = true));
    await this.check();
  }

  /** Lets everything come to its end. */
  async end(): Promise<void> {
    await this.drain();
    for (let left = 10_000; this.works.some((work) => !work.isOver); left--) {
      expect(left, 'steps until all is over').toBeGreaterThan(0);
      if (this.device.running.length > 0) await this.finish(0);
      else await this.pass(1);
    }
    while (this.device.running.length > 0) await this.finish(0);
    await this.check();
    expect(this.#drains).toEqual([]);
    expect(this.clock.timers, 'timers').toBe(0);
    for (const priority of PRIORITIES) expect(this.#admission.queue(priority)).toMatchObject({ texts: 0, tokens: 0 });
  }

  /** Lets everything happen that follows from the last step; then the scheduler must agree with the model. */
  async check(): Promise<void> {
    await nextTurn();
    if (this.#violation) throw this.#violation.error;
    this.#retries = this.#retries.filter(({ work }) => !work.failure);
    if (this.device.running.length === 0) expect(this.#retries, 'texts that were not tried again').toEqual([]);
    for (const work of this.works) work.checkOutcome();
    for (const priority of PRIORITIES) this.#checkLane(priority);
    this.#checkDevice();
    this.#checkDrains();
  }

  get #admission(): Admission {
    return this.scheduler.admission;
  }

  async #start(work: ModelledWork): Promise<void> {
    this.works.push(work);
    const { since, timeoutMs, queueTimeoutMs } = work.call;
    const expired = () => {
      // A window that enters late may meet both ends in one step.
      if (Math.max(work.enqueuedAt, since + queueTimeoutMs) < since + timeoutMs) this.#expectExpiry(work);
      work.mustFail(work.call);
      work.caller.abort(work.call);
    };
    const callOff = timeoutMs > 0 ? this.clock.after(since + timeoutMs - this.clock.now(), expired) : () => {};
    work.turn = this.#nextTurn++;
    void this.#run(work)
      .then(
        () => ({}),
        (reason) => ({ reason }),
      )
      .then((outcome) => {
        callOff();
        work.settled++;
        work.outcome = outcome;
      });
    await this.check();
  }

  /** As a window is run (windows.ts). */
  async #run(work: ModelledWork): Promise<void> {
    const { call, encoding, plan, isFirst, tokens } = work;
    const { signal } = work.caller;
    const texts = plan.lengths.length;
    const place = isFirst ? this.#admission.admit(call, texts) : await this.#admission.wait(call, texts, signal);
    work.stage = 'tokens';
    work.turn = this.#nextTurn++;
    try {
      if (isFirst) this.#admission.admitTokens(call, place, tokens);
      else await this.#admission.waitTokens(call, place, tokens, signal);
      this.#onJoin(call);
      work.stage = 'queued';
      this.#entered = true;
      work.turn = this.#nextTurn++;
      work.enqueuedAt = this.clock.now();
      const options = { output: 'pooled', dimensions: plan.dimensions, normalize: true } as const;
      await this.scheduler.run(
        { call, since: call.since, encoding, place, options, onPart: (part) => work.onPart(part) },
        signal,
      );
    } finally {
      place.leaveAll();
    }
  }

  #onJoin(call: Call): void {
    const waiting = this.#waiting;
    if (!waiting.some((work) => work.call === call)) this.#turns.onJoin(call);
    if (call.priority !== 'bulk' || waiting.some(({ priority }) => priority === 'bulk')) return;
    this.#lanes.onBulkWaits(this.clock.now());
  }

  /** Works with texts that must wait for the device. */
  get #waiting(): ModelledWork[] {
    return this.works.filter((work) => work.waitingRows.length > 0);
  }

  #held(priority: Priority): { texts: number; tokens: number } {
    const held = this.works.filter((work) => work.priority === priority).map((work) => work.held);
    const sum = (of: 'texts' | 'tokens') => held.reduce((total, amounts) => total + amounts[of], 0);
    return { texts: sum('texts'), tokens: sum('tokens') };
  }

  /** Those that wait for room, first come first. */
  #waitingForRoom(priority: Priority, stage: 'texts' | 'tokens'): ModelledWork[] {
    const waiting = this.works.filter((work) => work.priority === priority && work.stage === stage && !work.failure);
    return waiting.sort((a, b) => a.turn - b.turn);
  }

  #mustRefuse({ call, plan, tokens }: ModelledWork): boolean {
    const { priority, queueTimeoutMs, timeoutMs } = call;
    const { maxQueue } = this.#settings;
    const held = this.#held(priority);
    const hasRoom = (of: 'texts' | 'tokens', amount: number) => held[of] === 0 || held[of] + amount <= maxQueue[of];
    const isFree = (of: 'texts' | 'tokens') => this.#waitingForRoom(priority, of).length === 0;
    if (!hasRoom('texts', plan.lengths.length) || !hasRoom('tokens', Math.max(1, tokens))) return true;
    if (!isFree('texts') || !isFree('tokens')) return true;
    const waitMs = Math.round(held.tokens / (this.#admission.tokensPerMs ?? Infinity));
    return [queueTimeoutMs * QUEUE_SHARE, timeoutMs].some((limit) => limit > 0 && waitMs > limit);
  }

  #expectExpiry(work: ModelledWork): void {
    const { queueTimeoutMs, since } = work.call;
    if (queueTimeoutMs === 0 || this.clock.now() < since + queueTimeoutMs) return;
    if (work.waitingRows.length > 0 && work.sent.size === 0) work.mustFail('ERR_QUEUE_TIMEOUT');
  }

  /** A failure is that of the only work in the batch; of several, each is tried again alone. */
  #expectFailure(work: ModelledWork, batch: DeviceBatch): void {
    const { works, texts } = this.#sent.get(batch) as SentBatch;
    if (work.failure) return;
    if (works.length === 1) work.mustFail('ERR_DEVICE_FAILED');
    else this.#retries.push({ work, rows: rowsOf(work, texts) });
  }

  #onBatch(batch: DeviceBatch): void {
    const texts = batch.rows.map(({ encoding, row }) => {
      return { work: this.works.find((work) => work.encoding === encoding) as ModelledWork, row };
    });
    const works = [...new Set(texts.map(({ work }) => work))];
    const sent: SentBatch = Object.assign(batch, { texts, works });
    this.#sent.set(batch, sent);
    const [first] = works as [ModelledWork];
    const retry = this.#retries.find(({ work, rows }) => work === first && rows === rowsOf(first, texts));
    const isRetry = retry !== undefined && works.length === 1;
    checkShape(sent, this.#settings.plan, isRetry);
    expect(this.device.running.length).toBeLessThanOrEqual(this.#settings.concurrency);
    for (const work of works) {
      expect(work.failure, 'a work that has failed was sent').toBeUndefined();
      work.onDevice++;
    }
    if (isRetry) {
      this.#retries.splice(this.#retries.indexOf(retry), 1);
      return;
    }
    for (const { work, row } of texts) {
      expect(work.sent.has(row), 'a text was sent twice').toBe(false);
      work.sent.add(row);
    }
    this.#order.onBatch(sent);
    if (this.#settings.batchDelayMs > 0) return;
    const waiting = this.#waiting;
    this.#turns.onBatch(sent, new Set(waiting.map(({ call }) => call)));
    this.#lanes.onBatch(sent, new Set(waiting.map(({ priority }) => priority)), this.clock.now());
  }

  #checkLane(priority: Priority): void {
    const { maxQueue } = this.#settings;
    const held = this.#held(priority);
    expect(this.#admission.queue(priority)).toEqual({ ...held, max: maxQueue });
    const waiting = this.#waiting.filter((work) => work.priority === priority);
    expect(this.scheduler.waiting(priority)).toBe(waiting.reduce((sum, work) => sum + work.waitingRows.length, 0));
    for (const stage of ['texts', 'tokens'] as const) {
      const [next] = this.#waitingForRoom(priority, stage);
      if (!next) continue;
      const amount = stage === 'texts' ? next.plan.lengths.length : next.tokens;
      expect(held[stage] > 0 && held[stage] + amount > maxQueue[stage], `waits for ${stage}`).toBe(true);
    }
  }

  #checkDevice(): void {
    const { concurrency, batchDelayMs } = this.#settings;
    const { running, staleCancels } = this.device;
    expect(this.scheduler.inFlight).toBe(running.length);
    const since = this.clock.now() - batchDelayMs;
    const ready = this.#waiting.some(({ enqueuedAt }) => enqueuedAt <= since);
    if (ready) expect(running.length, 'batches, while texts wait').toBeGreaterThanOrEqual(concurrency);
    for (const batch of running) {
      const wanted = (this.#sent.get(batch) as SentBatch).works.some(({ failure }) => !failure);
      expect(batch.cancelled, 'cancellations').toBe(wanted ? 0 : 1);
    }
    expect(staleCancels, 'cancellations of what has ended').toBe(0);
  }

  #checkDrains(): void {
    const idle = this.device.running.length === 0 && this.#waiting.length === 0;
    // Where a work entered just now, all may have been over before it did.
    for (const { done } of this.#drains) if (idle || !this.#entered) expect(done, 'drained').toBe(idle);
    this.#drains.splice(0, this.#drains.length, ...this.#drains.filter(({ done }) => !done));
    this.#entered = false;
  }
}

function rowsOf(work: ModelledWork, texts: SentBatch['texts']): string {
  return texts.flatMap((text) => (text.work === work ? [text.row] : [])).join();
}
