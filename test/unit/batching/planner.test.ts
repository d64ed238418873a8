import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bucketOf, type PlanOptions, planBatches, withinPositions } from '../../../lib/batching/planner.js';

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

describe('planBatches', () => {
  test('puts every text in exactly one batch, padded to its own bucket, within both limits', () => {
    fc.assert(
      fc.property(lengthsAndOptions, ({ lengths, options }) => {
        const batches = planBatches(Uint32Array.from(lengths), options);
        const rows = batches.flatMap(({ rows }) => [...rows]).sort((a, b) => a - b);
        expect(rows).toEqual(lengths.map((_, i) => i));
        for (const { bucket, rows } of batches) {
          for (const row of rows) expect(bucket).toBe(bucketOf(lengths[row] as number, options));
          expect(rows.length).toBeLessThanOrEqual(options.maxBatchSize);
          if (rows.length > 1) expect(rows.length * bucket).toBeLessThanOrEqual(options.batchTokens);
        }
      }),
    );
  });

  test('goes from the longest bucket to the shortest, and within one in input order', () => {
    fc.assert(
      fc.property(lengthsAndOptions, ({ lengths, options }) => {
        const batches = planBatches(Uint32Array.from(lengths), options);
        const order = batches.flatMap(({ bucket, rows }) => [...rows].map((row) => ({ bucket, row })));
        for (let i = 1; i < order.length; i++) {
          const [before, after] = [order[i - 1], order[i]] as [(typeof order)[0], (typeof order)[0]];
          expect(before.bucket > after.bucket || (before.bucket === after.bucket && before.row < after.row)).toBe(true);
        }
      }),
    );
  });

  test('uses only the full size of a bucket and powers of two, so that shapes are few', () => {
    fc.assert(
      fc.property(lengthsAndOptions, ({ lengths, options }) => {
        for (const { bucket, rows } of planBatches(Uint32Array.from(lengths), options)) {
          const full = Math.min(options.maxBatchSize, Math.max(1, Math.floor(options.batchTokens / bucket)));
          expect(rows.length === full || Number.isInteger(Math.log2(rows.length))).toBe(true);
        }
      }),
    );
  });

  test('plans the texts of a bucket as full batches and a rest', () => {
    const lengths = new Uint32Array(35).fill(40);
    expect(planBatches(lengths, DEFAULTS).map(({ bucket, rows }) => [bucket, rows.length])).toEqual([
      [48, 21],
      [48, 8],
      [48, 4],
      [48, 2],
    ]);
  });

  test('plans nothing for nothing', () => {
    expect(planBatches(new Uint32Array(0), DEFAULTS)).toEqual([]);
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

test('withinPositions takes the smaller of two limits, where 0 is none', () => {
  const limit = (maxLength: number, positions: number) =>
    withinPositions({ ...DEFAULTS, maxLength }, positions).maxLength;
  expect([limit(256, 512), limit(512, 256), limit(0, 512), limit(256, 0), limit(0, 0)]).toEqual([
    256, 256, 512, 256, 0,
  ]);
});
