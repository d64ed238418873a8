import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cosine, dot, euclidean, hamming } from '../../../lib/vectors/similarity.js';

test('of small vectors', () => {
  const [a, b] = [Float32Array.of(1, 2, -3), Float32Array.of(4, 0, 0.5)];
  expect(dot(a, b)).toBe(2.5);
  expect(euclidean(a, b)).toBeCloseTo(Math.sqrt(9 + 4 + 12.25), 12);
  expect(cosine(a, b)).toBeCloseTo(2.5 / Math.sqrt(14 * 16.25), 12);
  expect(cosine(a, new Float32Array(3))).toBe(0);
  expect(dot(a, Int8Array.of(127, -128, 0))).toBe(-129);
  expect(dot([1, 2], [3, 4])).toBe(11);
  expect(dot(new Float32Array(0), new Float32Array(0))).toBe(0);
});

test('sums are of double precision', () => {
  const big = Float32Array.of(2 ** 24, 1, 1, -(2 ** 24));
  expect(dot(big, Float32Array.of(1, 1, 1, 1))).toBe(2);
});

test('no length overflows that a double holds', () => {
  const long = Float64Array.of(1e150, 0);
  expect(cosine(long, long)).toBeCloseTo(1, 12);
});

test('hamming counts bits of bytes of either sign', () => {
  const bytes = fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 4, maxLength: 4 });
  const slow = (a: number[], b: number[]) =>
    a.reduce((sum, x, i) => sum + (x ^ (b[i] as number)).toString(2).replaceAll('0', '').length, 0);
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      expect(hamming(Uint8Array.from(a), Uint8Array.from(b))).toBe(slow(a, b));
      expect(
        hamming(
          Int8Array.from(a, (x) => x - 128),
          Int8Array.from(b, (x) => x - 128),
        ),
      ).toBe(slow(a, b));
    }),
  );
});

test.each([
  ['different widths', () => dot(new Float32Array(2), new Float32Array(3)), /2 and 3 elements/],
  ['codes of different types', () => dot(new Int8Array(2), new Uint8Array(2)), /one type/],
  ['halves', () => dot(new Uint16Array(2) as never, new Float32Array(2)), /Expected a Float32Array/],
  ['no vector', () => cosine(undefined as never, new Float32Array(2)), /received undefined/],
  ['bits that are floats', () => hamming(new Float32Array(2) as never, new Uint8Array(2)), /packed bits/],
  ['both kinds of bits', () => hamming(new Int8Array(2), new Uint8Array(2)), /one type/],
  ['bits of different widths', () => hamming(new Uint8Array(2), new Uint8Array(3)), /2 and 3 elements/],
])('%s are refused', (_, call, message) => {
  expect(call).toThrow(message);
  expect(call).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }));
});
