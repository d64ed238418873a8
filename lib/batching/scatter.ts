import type { VectorArray } from '../vectors/dtype.js';

/** Puts the rows of a batch's result where the batch says they belong. */
export function scatterRows(
  rows: Uint32Array,
  result: VectorArray,
  target: VectorArray,
  width: number,
  first = 0,
): void {
  for (const [position, row] of rows.entries()) {
    target.set(result.subarray(position * width, (position + 1) * width), (first + row) * width);
  }
}
