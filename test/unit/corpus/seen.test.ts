import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HASH_BYTES, hashOf, SeenTexts } from '../../../lib/corpus/seen.js';

describe('SeenTexts', () => {
  test('knows what was added, as a Set does', () => {
    const texts = fc.array(fc.integer({ max: 300, min: 0 }), { maxLength: 1_000 });
    fc.assert(
      fc.property(texts, (numbers) => {
        const seen = new SeenTexts();
        const expected = new Set<number>();
        for (const number of numbers) {
          expect(seen.add(hashOf(`${number}`))).toBe(!expected.has(number));
          expected.add(number);
        }
        expect(seen.size).toBe(expected.size);
        const all = [...expected].map((number) => Buffer.from(hashOf(`${number}`)));
        expect(seen.bytes(0, seen.size).equals(Buffer.concat(all))).toBe(true);
      }),
    );
  });

  test('tells hashes apart that share words', () => {
    const seen = new SeenTexts();
    const alike = Array.from({ length: HASH_BYTES }, (_, i) =>
      Uint8Array.from({ length: HASH_BYTES }, (_, j) => (i === j ? 1 : 0)),
    );
    expect(alike.map((hash) => seen.add(hash))).toEqual(alike.map(() => true));
    expect(alike.map((hash) => seen.add(hash))).toEqual(alike.map(() => false));
  });

  test('holds many in few bytes, without stalls', () => {
    const seen = new SeenTexts();
    const before = process.memoryUsage().arrayBuffers;
    let slowest = 0;
    for (let i = 0; i < 200_000; i++) {
      const hash = hashOf(`${i}`);
      const started = performance.now();
      seen.add(hash);
      slowest = Math.max(slowest, performance.now() - started);
    }
    expect(seen.bytes(199_999, 200_000)).toEqual(Buffer.from(hashOf('199999')));
    expect((process.memoryUsage().arrayBuffers - before) / 200_000).toBeLessThan(64);
    expect(slowest).toBeLessThan(100); // a table of all would be moved at once
  });
});
