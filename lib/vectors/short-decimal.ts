/** A float32 in few digits. */

/**
 * A number that is written with few digits and is the same float32 when read back. JSON.stringify writes the digits of a
 * float64, which for a float32 are twice as many as it has.
 */
export function shortDecimal(value: number): number {
  for (let scale = 1e8; scale <= 1e11; scale *= 10) {
    const rounded = Math.round(value * scale) / scale;
    if (Math.fround(rounded) === value) return rounded;
  }
  return Number(value.toPrecision(9));
}
