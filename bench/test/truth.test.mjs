import { describe, expect, it } from 'vitest';
import { parseNpy } from '../truth.mjs';

/** A file in NumPy's format, version 1.0. */
function npy(header, values) {
  const text = `${header}\n`;
  const prefix = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, text.length, 0]);
  return Buffer.concat([prefix, Buffer.from(text), Buffer.from(new Float32Array(values).buffer)]);
}

describe('NumPy files', () => {
  it('give their rows', () => {
    const file = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", [1, 2, 3, 4, 5, 6]);
    expect(parseNpy(file).map((row) => [...row])).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
  });

  it.each([
    "'<f8', 'fortran_order': False, 'shape': (1, 1)",
    "'<f4', 'fortran_order': True, 'shape': (1, 1)",
    "'<f4', 'fortran_order': False, 'shape': (1,)",
  ])('are refused with %s', (fields) => {
    expect(() => parseNpy(npy(`{'descr': ${fields}, }`, [1]))).toThrow('row-major f32 matrix');
  });
});
