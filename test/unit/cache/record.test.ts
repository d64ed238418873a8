/** A record gives back what was put in, and never anything else. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeRecord, encodeRecord } from '../../../lib/cache/record.js';
import { arrayOf, DTYPES, elementsPerRow } from '../../../lib/vectors/dtype.js';
import { bits } from '../../native/support.js';

const key = `ovembed:v1:${'0123456789abcdef'.repeat(4)}`;
const other = `ovembed:v1:${'fedcba9876543210'.repeat(4)}`;
const embedding = {
  data: Float32Array.of(0.5, -0, Number.MIN_VALUE, 1e30),
  tokens: 7,
  originalTokens: 300,
  truncated: true,
};

describe('a record', () => {
  test('gives back values bit by bit, and what was read', () => {
    const decoded = decodeRecord(encodeRecord(key, embedding), key, 4);
    expect({ ...decoded, data: undefined }).toEqual({ ...embedding, data: undefined });
    expect(bits(decoded?.data as Float32Array)).toEqual(bits(embedding.data));
  });

  test('may be unaligned, as a view of a larger buffer', () => {
    const record = encodeRecord(key, embedding);
    const buffer = new Uint8Array(record.length + 3);
    buffer.set(record, 3);
    expect(decodeRecord(buffer.subarray(3), key, 4)?.data).toEqual(embedding.data);
  });

  test('may be a Buffer, as Redis clients give, at any place of its memory', () => {
    const pool = Buffer.concat([Buffer.alloc(5), encodeRecord(key, embedding), Buffer.alloc(6)]);
    const decoded = decodeRecord(pool.subarray(5, -6), key, 4);
    expect(bits(decoded?.data as Float32Array)).toEqual(bits(embedding.data));
  });

  test('is nothing under another key or for another width', () => {
    const record = encodeRecord(key, embedding);
    expect(decodeRecord(record, other, 4)).toBeUndefined();
    expect(decodeRecord(record, key, 3)).toBeUndefined();
    expect(decodeRecord(record, key, 5)).toBeUndefined();
  });

  test.each(DTYPES)('keeps vectors of %s, and is nothing to a cache of another type', (dtype) => {
    const data = arrayOf(dtype, elementsPerRow(dtype, 12)).fill(3);
    const record = encodeRecord(key, { ...embedding, data, dtype, dimensions: 12 });
    expect(record.length).toBe(56 + data.byteLength);
    const form = dtype === 'float32' ? {} : { dtype, dimensions: 12 };
    expect(decodeRecord(record, key, 12, dtype)).toEqual({ ...embedding, data, ...form });
    for (const wrong of DTYPES.filter((one) => one !== dtype)) {
      expect(decodeRecord(record, key, 12, wrong)).toBeUndefined();
    }
  });

  test('is nothing with any byte changed, or cut anywhere', () => {
    const record = encodeRecord(key, embedding);
    const change = fc.record({ at: fc.nat(record.length - 1), by: fc.integer({ min: 1, max: 255 }) });
    fc.assert(
      fc.property(change, ({ at, by }) => {
        const changed = record.slice();
        changed[at] = (changed[at] as number) ^ by;
        expect(decodeRecord(changed, key, 4)).toBeUndefined();
      }),
      { numRuns: 2_000 },
    );
    for (let length = 0; length < record.length; length++) {
      expect(decodeRecord(record.subarray(0, length), key, 4)).toBeUndefined();
    }
  });

  test('does not change when its source does', () => {
    const source = { ...embedding, data: embedding.data.slice() };
    const record = encodeRecord(key, source);
    source.data[0] = 9;
    expect(decodeRecord(record, key, 4)?.data[0]).toBe(0.5);
  });
});
