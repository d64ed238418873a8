/** Some of many vectors. */
import type { Vectors } from '../vectors/dtype.js';

/** `count` of the numbers below `length`, each once, in ascending order; all of them where there are no more. */
export function sampleOf(length: number, count: number, random: () => number): Uint32Array {
  const chosen = new Uint32Array(Math.min(length, count));
  let taken = 0;
  // Knuth's selection sampling (TAOCP 2, 3.4.2, S).
  for (let i = 0; taken < chosen.length; i++) {
    if (random() * (length - i) < chosen.length - taken) chosen[taken++] = i;
  }
  return chosen;
}

/** A copy of these rows. */
export function rowsOf({ data, dimensions }: Vectors<'float32'>, rows: Uint32Array): Vectors<'float32'> {
  const chosen = new Float32Array(rows.length * dimensions);
  for (const [i, row] of rows.entries()) {
    chosen.set(data.subarray(row * dimensions, (row + 1) * dimensions), i * dimensions);
  }
  return { data: chosen, length: rows.length, dimensions, dtype: 'float32' };
}
