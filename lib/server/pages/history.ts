/** What happened of late, from counters that only grow: the difference of two looks. */
import type { HistogramSnapshot } from '../../histogram.js';

/** What is kept of a look. */
export interface Look {
  /** Milliseconds. */
  at: number;
  /** Of all models: calls by their milliseconds. */
  calls: Counts;
  hits: number;
  misses: number;
}

export type Counts = Pick<HistogramSnapshot, 'bounds' | 'counts'>;

/** Seconds that the page shows. */
export const SPAN_SECONDS = 120;
const WINDOW_MS = 60_000;

export class History {
  readonly #looks: Look[] = [];

  /** @param look counters that are lower than before, as after a restart, begin a new history */
  add(look: Look): void {
    const last = this.#looks.at(-1);
    if (last && (total(look.calls) < total(last.calls) || look.hits < last.hits || look.misses < last.misses))
      this.clear();
    this.#looks.push(look);
    while (look.at - (this.#looks[0] as Look).at > WINDOW_MS) this.#looks.shift();
  }

  clear(): void {
    this.#looks.length = 0;
  }

  /** Calls of the last minute, or of as much as was seen. */
  get calls(): Counts {
    const [first, last] = this.#ends;
    if (!first || !last) return { bounds: [], counts: [] };
    return since(last.calls, first.calls);
  }

  /** Of the look before, as charts show. */
  get latestCalls(): Counts {
    const [before, last] = this.#looks.slice(-2);
    return before && last ? since(last.calls, before.calls) : { bounds: [], counts: [] };
  }

  /** Share of vectors that the cache had, of the last minute; null: none was asked for. */
  get hitRate(): number | null {
    const [first, last] = this.#ends;
    if (!first || !last) return null;
    const hits = last.hits - first.hits;
    const asked = hits + last.misses - first.misses;
    return asked > 0 ? hits / asked : null;
  }

  get #ends(): [Look | undefined, Look | undefined] {
    return [this.#looks[0], this.#looks.at(-1)];
  }
}

/** Histograms of the same bounds, together. */
export function sum(histograms: readonly Counts[]): Counts {
  const [first] = histograms;
  if (!first) return { bounds: [], counts: [] };
  return {
    bounds: first.bounds,
    counts: first.counts.map((_, i) => histograms.reduce((all, { counts }) => all + (counts[i] as number), 0)),
  };
}

const since = (now: Counts, then: Counts): Counts => ({
  bounds: now.bounds,
  counts: now.counts.map((count, i) => count - (then.counts[i] ?? 0)),
});

export const total = ({ counts }: Counts): number => counts.at(-1) ?? 0;

/**
 * The value that a share of all is at most, as if those of a bucket were spread evenly; null: there is none. Where it is in the
 * last bucket, which is open, its lower bound.
 * @param histogram counts are cumulative
 */
export function percentile({ bounds, counts }: Counts, share: number): number | null {
  const rank = share * total({ bounds, counts });
  if (rank === 0) return null;
  const i = counts.findIndex((count) => count >= rank);
  const [lower, below] = i === 0 ? [0, 0] : [bounds[i - 1] as number, counts[i - 1] as number];
  if (i === counts.length - 1) return lower;
  return lower + ((bounds[i] as number) - lower) * ((rank - below) / ((counts[i] as number) - below));
}
