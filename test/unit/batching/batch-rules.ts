/** What must hold of every batch at the moment it goes to the device. */
import { expect } from 'vitest';
import { bucketOf, fullBatch, type PlanOptions } from '../../../lib/batching/planner.js';
import { AGEING_MS } from '../../../lib/batching/scheduler.js';
import type { Call, Priority } from '../../../lib/batching/work.js';
import type { DeviceBatch } from './fake-device.js';
import type { ModelledWork } from './modelled-work.js';

/** A batch, with the works that its texts are of. */
export interface SentBatch extends DeviceBatch {
  texts: { work: ModelledWork; row: number }[];
  works: ModelledWork[];
}

export function checkShape({ texts, works, options }: SentBatch, plan: PlanOptions, isRetry: boolean): void {
  const { bucket } = options;
  for (const { work, row } of texts) expect(bucket).toBe(bucketOf(work.plan.lengths[row] as number, plan));
  expect(new Set(works.map(({ priority }) => priority)).size).toBe(1);
  for (const { plan } of works) expect(plan.dimensions).toBe(options.dimensions);
  expect(texts.length).toBeLessThanOrEqual(plan.maxBatchSize);
  if (texts.length > 1) expect(texts.length * bucket).toBeLessThanOrEqual(plan.batchTokens);
  const { length } = texts;
  if (isRetry) expect(works).toHaveLength(1);
  else expect(length === fullBatch(bucket, plan) || Number.isInteger(Math.log2(length)), `${length} texts`).toBe(true);
}

/** Within a call, texts of one bucket go in the order in which they came. */
export class OrderRule {
  readonly #last = new Map<Call, Map<string, [number, number]>>();

  onBatch({ texts, options }: SentBatch): void {
    for (const { work, row } of texts) {
      const groups = this.#last.get(work.call) ?? new Map<string, [number, number]>();
      this.#last.set(work.call, groups);
      const group = `${options.dimensions} ${options.bucket}`;
      const [turn, lastRow] = groups.get(group) ?? [-1, -1];
      expect(work.turn > turn || (work.turn === turn && row > lastRow), 'texts out of order').toBe(true);
      groups.set(group, [work.turn, row]);
    }
  }
}

/** Of the batches made for other calls, at most one each comes before a call's own. */
export class TurnRule {
  /** By call that waits, the calls that have gone before it. */
  readonly #before = new Map<Call, Set<Call>>();

  /** A call without waiting texts gets some. */
  onJoin(call: Call): void {
    this.#before.delete(call);
  }

  onBatch({ texts }: SentBatch, waiting: ReadonlySet<Call>): void {
    const { call } = (texts[0] as SentBatch['texts'][0]).work;
    for (const other of this.#before.keys()) if (!waiting.has(other)) this.#before.delete(other);
    this.#before.delete(call);
    for (const other of waiting) {
      if (other === call || other.priority !== call.priority) continue;
      const before = this.#before.get(other) ?? new Set();
      expect(before.has(call), 'a call went twice before another one went once').toBe(false);
      this.#before.set(other, before.add(call));
    }
  }
}

/** Interactive texts go first, unless bulk had no batch for AGEING_MS and interactive texts had the last one. */
export class LaneRule {
  #last: Priority | undefined;
  #bulkSince = 0;

  onBulkWaits(now: number): void {
    this.#bulkSince = now;
  }

  /** @param waiting lanes with texts beside those of the batch */
  onBatch({ works }: SentBatch, waiting: ReadonlySet<Priority>, now: number): void {
    const { priority } = works[0] as ModelledWork;
    const overdue = this.#last === 'interactive' && now - this.#bulkSince >= AGEING_MS;
    if (priority === 'bulk' && waiting.has('interactive')) expect(overdue, 'bulk went first').toBe(true);
    if (priority === 'interactive' && waiting.has('bulk')) expect(overdue, 'bulk was starved').toBe(false);
    this.#last = priority;
    if (priority === 'bulk') this.#bulkSince = now;
  }
}
