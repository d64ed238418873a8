/** What a cache level did, counted. */
import type { LevelSize } from './level.js';

/** Of one level, since the load. */
export interface CacheLevelStats {
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
  /** Milliseconds of all reads together, and how many there were; one may ask for many keys. */
  readonly readMs: number;
  readonly reads: number;
  /** Bytes and records that are kept; null where the level does not know. */
  readonly bytes: number | null;
  readonly entries: number | null;
}

export class LevelCounters {
  errors = 0;
  writes = 0;
  #hits = 0;
  #misses = 0;
  #corrupt = 0;
  #reads = 0;
  #readMs = 0;

  onRead(keys: number, hits: number, corrupt: number, ms: number): void {
    this.#hits += hits;
    this.#misses += keys - hits;
    this.#corrupt += corrupt;
    this.#reads++;
    this.#readMs += ms;
  }

  snapshot(name: string, size?: LevelSize): CacheLevelStats {
    return {
      name,
      hits: this.#hits,
      misses: this.#misses,
      corrupt: this.#corrupt,
      writes: this.writes,
      errors: this.errors,
      readMs: this.#readMs,
      reads: this.#reads,
      bytes: size?.bytes ?? null,
      entries: size?.entries ?? null,
    };
  }
}
