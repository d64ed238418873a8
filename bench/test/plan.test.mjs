import { describe, expect, it } from 'vitest';
import { planBatches } from '../bare.mjs';

const plain = (batches) => batches.map(({ width, rows }) => ({ width, rows: [...rows] }));

describe('batches of the ceiling', () => {
  it('hold texts of one bucket, longest first, each text once', () => {
    expect(plain(planBatches(Uint32Array.of(3, 17, 16, 32), 16, 1024))).toEqual([
      { width: 32, rows: [1, 3] },
      { width: 16, rows: [0, 2] },
    ]);
  });

  it('are as full as the budget allows, padding counted', () => {
    expect(plain(planBatches(Uint32Array.of(9, 9, 9, 9, 9), 16, 32))).toEqual([
      { width: 16, rows: [0, 1] },
      { width: 16, rows: [2, 3] },
      { width: 16, rows: [4] },
    ]);
  });

  it('take a text above the budget alone', () => {
    expect(plain(planBatches(Uint32Array.of(40, 40), 16, 32))).toEqual([
      { width: 48, rows: [0] },
      { width: 48, rows: [1] },
    ]);
  });
});
