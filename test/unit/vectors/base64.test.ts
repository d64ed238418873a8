import { describe, expect, test } from 'vitest';
import { arrayOf } from '../../../lib/vectors/dtype.js';
import { DTYPES, fromBase64, toBase64 } from '../../../lib/vectors/index.js';

describe('base64', () => {
  test('little-endian float32, as OpenAI has it', () => {
    // Python: base64.b64encode(struct.pack('<3f', 1, -2.5, 0.1))
    expect(toBase64(Float32Array.of(1, -2.5, 0.1))).toBe('AACAPwAAIMDNzMw9');
    expect(fromBase64('AACAPwAAIMDNzMw9')).toEqual(Float32Array.of(1, -2.5, 0.1));
  });

  test.each(DTYPES)('%s there and back, from a view', (dtype) => {
    const array = arrayOf(dtype, 7);
    for (let i = 0; i < array.length; i++) array[i] = 3 * i;
    expect(fromBase64(toBase64(array.subarray(1, 6)), dtype)).toEqual(array.slice(1, 6));
  });

  test.each(['AACAPw', 'AACA*w==', 'AACAPw==AACAPw==', 'AACA'])('%s is refused', (text) => {
    expect(() => fromBase64(text)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }));
  });

  test.each(['AB==', 'AAB=', 'A===', '===='])('%s, with bits that no byte takes, is refused', (text) => {
    expect(() => fromBase64(text, 'uint8')).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }));
  });

  test('whatever bytes there are come back', () => {
    for (let a = 0; a < 256; a++) {
      for (const bytes of [Uint8Array.of(a), Uint8Array.of(7, a), Uint8Array.of(7, 8, a)]) {
        expect(fromBase64(toBase64(bytes), 'uint8')).toEqual(bytes);
      }
    }
  });

  test.each([[Float64Array.of(1)], [new DataView(new ArrayBuffer(4))], [[1]], [null]])('%s has no dtype', (vector) => {
    expect(() => toBase64(vector as never)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }));
  });
});
