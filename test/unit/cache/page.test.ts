/** Entries in a page: what is put is found, what does not fit pushes out the oldest, and no bytes are too odd. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  appendRecord,
  endOfEntries,
  findRecord,
  MAX_RECORD_BYTES,
  PAGE_BYTES,
  placeRecord,
  removeRecord,
  TAG_BYTES,
} from '../../../lib/cache/page.js';

const tagOf = (n: number) => Buffer.alloc(TAG_BYTES, n + 1);
const recordOf = (n: number, bytes = 1_592) => Buffer.alloc(bytes, n);
const found = (page: Buffer, n: number) => findRecord(page, tagOf(n))?.[0];

describe('a page', () => {
  test('gives what was put', () => {
    const page = Buffer.alloc(PAGE_BYTES);
    for (const n of [1, 2, 3]) placeRecord(page, tagOf(n), recordOf(n, 1_000 + n));
    for (const n of [1, 2, 3]) expect(findRecord(page, tagOf(n))).toEqual(recordOf(n, 1_000 + n));
    expect(findRecord(page, tagOf(4))).toBeUndefined();
  });

  test('forgets just as many of the oldest as the next one needs', () => {
    const page = Buffer.alloc(PAGE_BYTES);
    for (let n = 0; n < 13; n++) placeRecord(page, tagOf(n), recordOf(n));
    expect(Array.from({ length: 13 }, (_, n) => found(page, n))).toEqual([
      undefined,
      1,
      2,
      3,
      4,
      5,
      6,
      7,
      8,
      9,
      10,
      11,
      12,
    ]);
    placeRecord(page, tagOf(20), recordOf(20, MAX_RECORD_BYTES));
    expect([found(page, 12), found(page, 20)]).toEqual([undefined, 20]);
  });

  test('holds a key once, and what changed is what is told', () => {
    const page = Buffer.alloc(PAGE_BYTES);
    const written = Buffer.alloc(PAGE_BYTES);
    const random = fc.record({ n: fc.nat(20), bytes: fc.integer({ min: 1, max: 4_000 }), remove: fc.boolean() });
    fc.assert(
      fc.property(random, ({ n, bytes, remove }) => {
        const range = remove ? removeRecord(page, tagOf(n)) : placeRecord(page, tagOf(n), recordOf(n, bytes));
        if (range) page.copy(written, range.start, range.start, range.end);
        expect(written.equals(page)).toBe(true);
        expect(findRecord(page, tagOf(n))).toEqual(remove ? undefined : recordOf(n, bytes));
      }),
      { seed: 6, numRuns: 500 },
    );
  });

  test('takes one more behind its end without being read', () => {
    const page = Buffer.alloc(PAGE_BYTES);
    placeRecord(page, tagOf(1), recordOf(1));
    const unread = Buffer.alloc(PAGE_BYTES, 0xff);
    const range = appendRecord(unread, endOfEntries(page), tagOf(2), recordOf(2));
    unread.copy(page, range?.start, range?.start, range?.end);
    expect([found(page, 1), found(page, 2)]).toEqual([1, 2]);
    expect(appendRecord(unread, PAGE_BYTES - 1_000, tagOf(3), recordOf(3))).toBeUndefined();
  });

  test('of any bytes is read and written without failing', () => {
    const page = Buffer.alloc(PAGE_BYTES);
    const damage = fc.array(fc.tuple(fc.nat(PAGE_BYTES - 1), fc.nat(255)), { maxLength: 40 });
    fc.assert(
      fc.property(damage, fc.nat(20), (bytes, n) => {
        for (const [at, value] of bytes) page[at] = value;
        placeRecord(page, tagOf(n), recordOf(n));
        expect(findRecord(page, tagOf(n))).toEqual(recordOf(n));
      }),
      { seed: 6, numRuns: 500 },
    );
  });
});
