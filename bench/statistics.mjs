/** Statistics of the report. */

/**
 * Quantile with linear interpolation between order statistics.
 * @param {ArrayLike<number>} values at least one
 * @param {number} q 0 to 1
 */
export function quantile(values, q) {
  const sorted = Float64Array.from(values).sort();
  const position = (sorted.length - 1) * q;
  const below = Math.floor(position);
  const above = Math.ceil(position);
  return sorted[below] + (sorted[above] - sorted[below]) * (position - below);
}

/** @param {ArrayLike<number>} values */
export function median(values) {
  return quantile(values, 0.5);
}

/**
 * Median and range over rounds.
 * @param {number[]} values at least one
 */
export function summarise(values) {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/**
 * Cosine similarity, summed in double precision. NaN if either vector is zero.
 * @param {ArrayLike<number>} a
 * @param {ArrayLike<number>} b
 */
export function cosine(a, b) {
  if (a.length !== b.length) throw new Error(`Vectors of ${a.length} and ${b.length} dimensions cannot be compared.`);
  let dot = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < a.length; i++) {
    dot += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return dot / Math.sqrt(aa * bb);
}

/**
 * What a caller waits: the usual case and the bad ones.
 * @param {ArrayLike<number>} values at least one
 */
export function percentiles(values) {
  return { p50: quantile(values, 0.5), p95: quantile(values, 0.95), p99: quantile(values, 0.99) };
}
