/** Vectors as JSON: what a client reads is what the core computed, bit for bit. */
import { describe, expect, test } from 'vitest';
import { native } from '../../lib/native.js';

const bitsOf = (values: Float32Array) => new Uint32Array(values.buffer, values.byteOffset, values.length);

describe('jsonVector', () => {
  test('a million random float32 come back bit for bit', () => {
    const values = new Float32Array(1_000_000);
    const bits = bitsOf(values);
    let state = 9;
    for (let i = 0; i < bits.length; ) {
      state ^= state << 13; // xorshift32
      state ^= state >>> 17;
      state ^= state << 5;
      bits[i] = state;
      if (Number.isFinite(values[i])) i++;
    }
    const read = Float32Array.from(JSON.parse(native().jsonVector(values)) as number[], Math.fround);
    expect(Buffer.compare(Buffer.from(bitsOf(read).buffer), Buffer.from(bits.buffer))).toBe(0);
  });

  test('zeros, subnormal numbers, extremes', () => {
    const values = new Float32Array([
      0,
      -0,
      1,
      -1,
      2 ** -149,
      -(2 ** -149),
      2 ** -126,
      3.4028234663852886e38,
      2 ** 24,
      1e15,
    ]);
    const text = native().jsonVector(values);
    expect(text).toBe('[0.0,-0.0,1.0,-1.0,1e-45,-1e-45,1.1754944e-38,3.4028235e+38,16777216.0,1e+15]');
    expect([...Float32Array.from(JSON.parse(text))]).toEqual([...values]);
    expect(native().jsonVector(new Float32Array(0))).toBe('[]');
  });

  test('digits are those of a float32', () => {
    expect(native().jsonVector(Float32Array.of(0.1, 0.48848196864128113))).toBe('[0.1,0.48848197]');
  });

  test.each([Number.NaN, Infinity, -Infinity])('%s is refused', (value) => {
    expect(() => native().jsonVector(Float32Array.of(0, value))).toThrow('value 1 is');
  });

  test('nothing but a Float32Array is taken', () => {
    expect(() => native().jsonVector([0.5] as unknown as Float32Array)).toThrow('typed array');
    const detached = new Float32Array(4);
    structuredClone(detached, { transfer: [detached.buffer] });
    expect(native().jsonVector(detached)).toBe('[]');
  });
});
