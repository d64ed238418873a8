/** What a cache level did, counted. */
import { Histogram, type HistogramSnapshot } from '../histogram.js';
import type { CacheLevel, LevelSize } from './level.js';

/** Of one level, since the load. */
export interface CacheLevelStats {
  /** `memory`, `redis`, `disk`, or the name of a level of your own. */
  readonly name: string;
  /** Keys that were there and verified. */
  readonly hits: number;
  /** Keys that were asked for and were not, damaged ones counted. */
  readonly misses: number;
  /** Records that did not verify: damaged, or of another key. */
  readonly corrupt: number;
  /** Records that were handed over to be kept. */
  readonly writes: number;
  /** Operations that failed. */
  readonly errors: number;
  /** Milliseconds of reads; one may ask for many keys. */
  readonly readMs: HistogramSnapshot;
  /** Milliseconds of writes, none of which a call waited for. */
  readonly writeMs: HistogramSnapshot;
  /** What the level is not asked for at the moment, as it failed; null where it does not say. */
  readonly leftOut: NonNullable<CacheLevel['leftOut']> | null;
  /** Bytes that are kept; null where the level does not know. */
  readonly bytes: number | null;
  /** Records that are kept; null where the level does not know. */
  readonly entries: number | null;
}

/** From memory to a server that is slow. */
const MS_BOUNDS = [
  0.01,
  0.02,
  0.05,
  0.1,
  0.2,
  0.5,
  1,
  2,
  5,
  10,
  20,
  50,
  100,
  200,
  500,
  1_000,
  2_000,
  5_000,
  10_000,
  Infinity,
];

export class LevelCounters {
  errors = 0;
  writes = 0;
  readonly writeMs = new Histogram(MS_BOUNDS);
  readonly #readMs = new Histogram(MS_BOUNDS);
  #hits = 0;
  #misses = 0;
  #corrupt = 0;

  onRead(keys: number, hits: number, corrupt: number, ms: number): void {
    this.#hits += hits;
    this.#misses += keys - hits;
    this.#corrupt += corrupt;
    this.#readMs.add(ms);
  }

  snapshot({ name, leftOut }: Pick<CacheLevel, 'name' | 'leftOut'>, size?: LevelSize): CacheLevelStats {
    return {
      name,
      hits: this.#hits,
      misses: this.#misses,
      corrupt: this.#corrupt,
      writes: this.writes,
      errors: this.errors,
      readMs: this.#readMs.snapshot(),
      writeMs: this.writeMs.snapshot(),
      leftOut: leftOut ?? null,
      bytes: size?.bytes ?? null,
      entries: size?.entries ?? null,
    };
  }
}
