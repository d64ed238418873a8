/** What a schedule knows of each work it handed in: what must become of it, and what did. */
import { expect } from 'vitest';
import type { Call, PartResult, Priority } from '../../../lib/batching/work.js';
import type { NativeEncoding } from '../../../lib/native.js';
import { encodingOf } from './fake-device.js';

/** A work as it is drawn; positions beyond the last text stand for none. */
export interface WorkPlan {
  lengths: number[];
  /** Works of different dimensions must not share a batch. */
  dimensions: number;
  /** The text that makes every batch fail that it is in. */
  toxic: number;
  /** The text whose vector holds NaN. */
  nonFinite: number;
}

export class ModelledWork {
  readonly call: Call;
  readonly encoding: NativeEncoding;
  readonly caller = new AbortController();
  readonly plan: WorkPlan;
  /** Of a call's windows, the first one is refused where there is no room, the others wait. */
  readonly isFirst: boolean;
  stage: 'texts' | 'tokens' | 'queued' = 'texts';
  /** Order in which it began to wait for room, or for the device. */
  turn = 0;
  enqueuedAt = 0;
  /** Texts that went to the device. */
  readonly sent = new Set<number>();
  readonly delivered = new Set<number>();
  /** Batches that have texts of it. */
  onDevice = 0;
  /** Why it must fail; undefined: it must not. */
  failure: { reason: unknown } | undefined;
  /** Results that came though it had failed. */
  lateParts = 0;
  settled = 0;
  outcome: { reason?: unknown } | undefined;

  constructor(call: Call, plan: WorkPlan, isFirst: boolean) {
    this.call = call;
    this.plan = plan;
    this.isFirst = isFirst;
    this.encoding = encodingOf(plan.lengths);
  }

  get priority(): Priority {
    return this.call.priority;
  }

  get tokens(): number {
    return this.plan.lengths.reduce((sum, length) => sum + length, 0);
  }

  /** Texts that must wait for the device. */
  get waitingRows(): number[] {
    if (this.stage !== 'queued' || this.failure) return [];
    return this.plan.lengths.map((_, row) => row).filter((row) => !this.sent.has(row));
  }

  /** What it must hold of the bounds. */
  get held(): { texts: number; tokens: number } {
    const none = { texts: 0, tokens: 0 };
    if (this.failure || this.stage === 'texts') return none;
    if (this.stage === 'tokens') return { texts: this.plan.lengths.length, tokens: 0 };
    const rows = this.waitingRows;
    return { texts: rows.length, tokens: rows.reduce((sum, row) => sum + (this.plan.lengths[row] as number), 0) };
  }

  get isOver(): boolean {
    if (this.failure) return this.onDevice === 0;
    return this.delivered.size === this.plan.lengths.length;
  }

  /** Only the first reason counts. */
  mustFail(reason: unknown): void {
    if (!this.isOver) this.failure ??= { reason };
  }

  /** Takes results as a call would; the fake device gives each text its row as its vector. */
  onPart({ rows, data, nonFinite }: PartResult): void {
    this.lateParts += this.failure && this.failure.reason !== this.plan ? 1 : 0;
    expect([...data]).toEqual([...rows]);
    expect(nonFinite.map((position) => rows[position])).toEqual([...rows].filter((row) => row === this.plan.nonFinite));
    if (nonFinite.length > 0) throw this.plan;
    for (const row of rows) {
      expect(this.delivered.has(row)).toBe(false);
      this.delivered.add(row);
    }
  }

  checkOutcome(): void {
    expect(this.lateParts, 'results of a work that has failed').toBe(0);
    expect(this.settled, 'settled').toBe(this.isOver ? 1 : 0);
    if (!this.isOver) return;
    const expected = this.failure;
    if (expected === undefined) expect(this.outcome).toEqual({});
    else if (typeof expected.reason === 'string') expect(this.outcome?.reason).toMatchObject({ code: expected.reason });
    else expect(this.outcome?.reason).toBe(expected.reason);
  }
}
