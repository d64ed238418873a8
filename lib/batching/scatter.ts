/** Puts the rows of a batch's result where the batch says they belong. */
export function scatterRows(
  rows: Uint32Array,
  result: Float32Array,
  target: Float32Array,
  width: number,
  first = 0,
): void {
  for (const [position, row] of rows.entries()) {
    target.set(result.subarray(position * width, (position + 1) * width), (first + row) * width);
  }
}
