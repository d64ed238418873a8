/** L1: records in this process's memory, the least recently used leave first. */
import { LRUCache } from 'lru-cache';
import type { CacheLevel, CacheWrite } from './level.js';

/** How much a `MemoryLevel` keeps: what was used longest ago goes first. */
export interface MemoryLevelOptions {
  /** Most bytes of records, keys counted. Integer from 1. Default 64 MB. */
  maxBytes?: number;
  /** Most records. Integer from 1. Default 10,000. */
  maxEntries?: number;
}

const DEFAULT_MAX_BYTES = 64 * 1024 ** 2;
const DEFAULT_MAX_ENTRIES = 10_000;

/** Records in the memory of the process. */
export class MemoryLevel implements CacheLevel {
  readonly name = 'memory';
  readonly #records: LRUCache<string, Uint8Array>;
  readonly #maxEntries: number;

  constructor({ maxBytes = DEFAULT_MAX_BYTES, maxEntries = DEFAULT_MAX_ENTRIES }: MemoryLevelOptions = {}) {
    this.#maxEntries = maxEntries;
    // Without its `max`, for which it would take memory at once: about 24 bytes for each, whether it comes or not.
    this.#records = new LRUCache({
      maxSize: maxBytes,
      sizeCalculation: (record, key) => record.length + key.length,
    });
  }

  get(keys: readonly string[]): (Uint8Array | undefined)[] {
    return keys.map((key) => this.#records.get(key));
  }

  set(writes: readonly CacheWrite[]): void {
    for (const { key, record } of writes) {
      this.#records.set(key, record);
      if (this.#records.size > this.#maxEntries) this.#records.pop();
    }
  }

  delete(keys: readonly string[]): void {
    for (const key of keys) this.#records.delete(key);
  }

  clear(): void {
    this.#records.clear();
  }

  size(): { bytes: number; entries: number } {
    return { bytes: this.#records.calculatedSize, entries: this.#records.size };
  }
}
