/** How often values fell where, as monitoring systems want it. */

/** How often values fell below each bound; cumulative, as in Prometheus: the last count is that of all values. */
export interface HistogramSnapshot {
  /** Upper bounds, inclusive; the last is Infinity. */
  readonly bounds: readonly number[];
  /** `counts[i]` values were at most `bounds[i]`. */
  readonly counts: readonly number[];
  /** Number of values. */
  readonly count: number;
  /** Sum of the values, in their unit. */
  readonly sum: number;
}

export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;

  /** @param bounds upper bounds, rising; the last is Infinity */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length);
  }

  add(value: number): void {
    let i = 0;
    while (value > (this.#bounds[i] as number)) i++;
    this.#counts[i] = (this.#counts[i] as number) + 1;
    this.#sum += value;
  }

  snapshot(): HistogramSnapshot {
    let count = 0;
    const counts = Array.from(this.#counts, (inBucket) => (count += inBucket));
    return { bounds: this.#bounds, counts, count, sum: this.#sum };
  }
}
