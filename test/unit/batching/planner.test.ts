import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bucketOf,
  fullBatch,
  groupByBucket,
  interactivePlan,
  nextBatchSize,
  type PlanOptions,
  withinPositions,
} from '../../../lib/batching/planner.js';

const DEFAULTS: PlanOptions = { buckets: [16], maxLength: 256, batchTokens: 1_024, maxBatchSize: 64 };

const lengthsAndOptions = fc
  .record({
    buckets: fc.uniqueArray(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 6 }),
    maxLength: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 600 })),
    batchTokens: fc.integer({ min: 1, max: 4_096 }),
    maxBatchSize: fc.integer({ min: 1, max: 256 }),
  })
  .map((options) => ({ ...options, buckets: options.buckets.sort((a, b) => a - b) }))
  .chain((options) =>
    fc.record({
      options: fc.constant(options),
      lengths: fc.array(fc.integer({ min: 0, max: options.maxLength || 600 }), { maxLength: 500 }),
    }),
  );

describe('groupByBucket', () => {
  test('puts every text in exactly one group, that of its own bucket', () => {
    fc.assert(
      fc.property(lengthsAndOptions, ({ lengths, options }) => {
        const groups = groupByBucket(Uint32Array.from(lengths), options);
        const rows = groups.flatMap(({ rows }) => [...rows]).sort((a, b) => a - b);
        expect(rows).toEqual(lengths.map((_, i) => i));
        for (const { bucket, rows } of groups) {
          for (const row of rows) expect(bucket).toBe(bucketOf(lengths[row] as number, options));
        }
      }),
    );
  });

  test('goes from the longest bucket to the shortest, and within one in input order', () => {
    const lengths = Uint32Array.of(5, 40, 17, 48, 6, 100);
    expect(groupByBucket(lengths, DEFAULTS).map(({ bucket, rows }) => [bucket, ...rows])).toEqual([
      [112, 5],
      [48, 1, 3],
      [32, 2],
      [16, 0, 4],
    ]);
  });

  test('has no groups for nothing', () => {
    expect(groupByBucket(new Uint32Array(0), DEFAULTS)).toEqual([]);
  });
});

describe('nextBatchSize', () => {
  test('is a full batch or a power of two, within both limits, and more than half of what waits', () => {
    fc.assert(
      fc.property(lengthsAndOptions, fc.integer({ min: 1, max: 600 }), ({ options }, waiting) => {
        const bucket = bucketOf(waiting, options);
        const full = fullBatch(bucket, options);
        const rows = nextBatchSize(waiting, bucket, options);
        expect(rows).toBeLessThanOrEqual(Math.min(waiting, options.maxBatchSize));
        if (rows > 1) expect(rows * bucket).toBeLessThanOrEqual(options.batchTokens);
        expect(rows === full || Number.isInteger(Math.log2(rows))).toBe(true);
        expect(rows === full || 2 * rows > waiting).toBe(true);
      }),
    );
  });

  test('works off the texts of a bucket as full batches and a rest', () => {
    const sizes: number[] = [];
    for (let left = 35; left > 0; left -= sizes.at(-1) as number) sizes.push(nextBatchSize(left, 48, DEFAULTS));
    expect(sizes).toEqual([21, 8, 4, 2]);
  });

  test('of a text longer than the budget is one', () => {
    expect(nextBatchSize(9, 2_048, DEFAULTS)).toBe(1);
  });
});

describe('bucketOf', () => {
  test.each([
    [0, 16],
    [1, 16],
    [16, 16],
    [17, 32],
    [250, 256],
  ])('a text of %i tokens is padded to %i', (length, bucket) => expect(bucketOf(length, DEFAULTS)).toBe(bucket));

  test('takes listed lengths, then multiples of the last', () => {
    const options = { ...DEFAULTS, buckets: [8, 20], maxLength: 0 };
    expect([5, 8, 9, 20, 21, 40, 41].map((length) => bucketOf(length, options))).toEqual([8, 8, 20, 20, 40, 40, 60]);
  });

  test('never goes beyond the longest text, where position tables end', () => {
    expect(bucketOf(245, { ...DEFAULTS, maxLength: 250 })).toBe(250);
  });
});

test('interactivePlan makes batches a quarter as large, but not small ones', () => {
  const tokens = (batchTokens: number) => interactivePlan({ ...DEFAULTS, batchTokens }).batchTokens;
  expect([64, 256, 512, 1_024, 8_192].map(tokens)).toEqual([64, 256, 256, 256, 2_048]);
  expect(interactivePlan(DEFAULTS)).toEqual({ ...DEFAULTS, batchTokens: 256 });
});

test('withinPositions takes the smaller of two limits, where 0 is none', () => {
  const limit = (maxLength: number, positions: number) =>
    withinPositions({ ...DEFAULTS, maxLength }, positions).maxLength;
  expect([limit(256, 512), limit(512, 256), limit(0, 512), limit(256, 0), limit(0, 0)]).toEqual([
    256, 256, 512, 256, 0,
  ]);
});
