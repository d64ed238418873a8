/**
 * The levels of a cache, fastest first, seen as one: what a slower level has is copied to the faster ones, what none has is
 * a miss, and no level can do more harm than be of no use.
 */
import { type Clock, systemClock } from '../batching/clock.js';
import type { Logger } from '../logger.js';
import type { Dtype } from '../vectors/dtype.js';
import { withDeadline } from './deadline.js';
import type { CacheLevel, CacheWrite } from './level.js';
import { type CachedEmbedding, decodeRecord, encodeRecord } from './record.js';
import { type CacheLevelStats, LevelCounters } from './stats.js';

/** What was asked for, found or not, in the order of the keys. */
export type Found = (CachedEmbedding | undefined)[];

interface CountedLevel {
  level: CacheLevel;
  counters: LevelCounters;
  /** Its writes that are under way; these never reject. */
  writing: Set<Promise<void>>;
}

/** What a level that hangs may delay `close()` by, once for its writes and once for its own closing. */
const CLOSE_MS = 5_000;

export class EmbeddingCache {
  readonly #levels: readonly CountedLevel[];
  readonly #logger: Logger;
  readonly #dtype: Dtype;
  readonly #clock: Clock;

  /**
   * @param levels fastest first
   * @param dtype of the vectors that are kept
   */
  constructor(levels: readonly CacheLevel[], logger: Logger, dtype: Dtype = 'float32', clock: Clock = systemClock) {
    this.#levels = levels.map((level) => ({ level, counters: new LevelCounters(), writing: new Set() }));
    this.#logger = logger;
    this.#dtype = dtype;
    this.#clock = clock;
  }

  /** Looks keys up in one level after the other. At once where the first level answers at once and has them all. */
  get(keys: readonly string[], dimensions: number): Found | Promise<Found> {
    const found: Found = new Array(keys.length);
    return this.#getFrom(0, keys, dimensions, found);
  }

  /** Keeps what was computed, in all levels. Nobody waits for it. */
  set(entries: readonly { key: string; embedding: CachedEmbedding }[]): void {
    const writes = entries.map(({ key, embedding }) => ({ key, record: encodeRecord(key, embedding) }));
    for (const level of this.#levels) this.#write(level, writes);
  }

  /** Statistics of each level since the load. */
  async stats(): Promise<CacheLevelStats[]> {
    return Promise.all(
      this.#levels.map(async ({ level, counters }) => {
        const size = async () => level.size?.();
        return counters.snapshot(level, await size().catch(() => undefined));
      }),
    );
  }

  /** Resolves once everything that was to be written has been, or has failed. */
  async settled(): Promise<void> {
    await Promise.all(this.#levels.flatMap(({ writing }) => [...writing]));
  }

  /** Forgets everything, in every level. Rejects with the first failure, once all have been tried. */
  async clear(): Promise<void> {
    const results = await Promise.allSettled(this.#levels.map(async ({ level }) => level.clear()));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /** Waits for writes under way, then frees the levels; not for long, as a level may hang. Never rejects. */
  async close(): Promise<void> {
    await Promise.all(
      this.#levels.map(async (counted) => {
        const { level, writing } = counted;
        await this.#briefly(counted, 'writing', () => Promise.all(writing));
        await this.#briefly(counted, 'closing', async () => level.close?.());
      }),
    );
  }

  async #briefly({ level }: CountedLevel, what: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await withDeadline(work(), CLOSE_MS, this.#clock);
    } catch (error) {
      this.#logger.warn(`cache level ${level.name}: ${what} at the end failed: ${(error as Error)?.message ?? error}`);
    }
  }

  #getFrom(index: number, keys: readonly string[], dimensions: number, found: Found): Found | Promise<Found> {
    const missing: number[] = [];
    for (let i = 0; i < keys.length; i++) if (!found[i]) missing.push(i);
    const counted = this.#levels[index];
    if (!counted || missing.length === 0) return found;
    const wanted = missing.map((i) => keys[i] as string);
    const started = performance.now();
    const take = (records: readonly unknown[]) => {
      const hits = this.#take(counted, wanted, records, dimensions, performance.now() - started);
      hits.forEach((hit, i) => {
        if (hit) found[missing[i] as number] = hit.embedding;
      });
      this.#copyUp(index, hits);
      return this.#getFrom(index + 1, keys, dimensions, found);
    };
    const failed = (error: unknown) => {
      this.#onFailure(counted, 'read', error);
      return take([]);
    };
    const takeList = (records: unknown) =>
      Array.isArray(records) ? take(records) : failed(new TypeError(`expected a list, got ${typeof records}`));
    let answer: unknown;
    try {
      answer = counted.level.get(wanted);
      if (isThenable(answer)) return Promise.resolve(answer).then(takeList, failed);
    } catch (error) {
      return failed(error);
    }
    return takeList(answer);
  }

  /** Checks what a level gave. What does not verify is a miss, and the level is told to forget it. */
  #take(counted: CountedLevel, keys: readonly string[], records: readonly unknown[], dimensions: number, ms: number) {
    const damaged: string[] = [];
    const hits = keys.map((key, i) => {
      const record = records[i];
      if (record === undefined || record === null) return undefined;
      const embedding = record instanceof Uint8Array ? decodeRecord(record, key, dimensions, this.#dtype) : undefined;
      if (!embedding) damaged.push(key);
      return embedding && { key, record: record as Uint8Array, embedding };
    });
    counted.counters.onRead(keys.length, hits.filter(Boolean).length, damaged.length, ms);
    if (damaged.length > 0) this.#inBackground(counted, 'delete', () => counted.level.delete(damaged));
    return hits;
  }

  #copyUp(index: number, hits: readonly ({ key: string; record: Uint8Array } | undefined)[]): void {
    if (index === 0) return;
    // Copies, as a record may be a view of a larger answer.
    const writes = hits.flatMap((hit) => (hit ? [{ key: hit.key, record: new Uint8Array(hit.record) }] : []));
    if (writes.length > 0) for (const faster of this.#levels.slice(0, index)) this.#write(faster, writes);
  }

  #write(counted: CountedLevel, writes: readonly CacheWrite[]): void {
    const { level, counters } = counted;
    counters.writes += writes.length;
    const started = performance.now();
    const done = () => counters.writeMs.add(performance.now() - started);
    this.#inBackground(counted, 'write', () => {
      const result = level.set(writes);
      return isThenable(result) ? Promise.resolve(result).then(done) : done();
    });
  }

  /** Work of a level that nobody waits for; its failures are counted and logged. */
  #inBackground(counted: CountedLevel, what: string, work: () => void | Promise<void>): void {
    try {
      const result = work();
      if (!isThenable(result)) return;
      const settled = Promise.resolve(result)
        .catch((error) => this.#onFailure(counted, what, error))
        .then(() => {
          counted.writing.delete(settled);
        });
      counted.writing.add(settled);
    } catch (error) {
      this.#onFailure(counted, what, error);
    }
  }

  #onFailure({ level, counters }: CountedLevel, what: string, error: unknown): void {
    counters.errors++;
    this.#logger.debug(`cache level ${level.name}: ${what} failed: ${(error as Error)?.message ?? error}`);
  }
}

/** What `await` waits for: a level's promises need not be of this realm's class. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
}
