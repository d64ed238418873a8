/** What a cache level is, so that users can put their own beside ours. */

/** A record to be kept. */
export interface CacheWrite {
  /** `prefix:v1:` and 64 hex digits. */
  key: string;
  /** A checked record (record.ts). It may be kept as it is: nobody writes to it afterwards. */
  record: Uint8Array;
}

/** How much a level keeps. */
export interface LevelSize {
  /** Of records, keys counted where they are kept with them. */
  bytes: number;
  /** Records; where the level knows. */
  entries?: number;
}

/**
 * One place where records are kept. A level may lose, evict or garble records: whatever it gives is checked, and what does
 * not verify is a miss. It may throw, reject, or answer with something that is no list; that is a miss, too, and counted. A
 * level that answers at once, such as memory, returns an array rather than a promise, which spares short queries a turn of
 * the event loop.
 */
export interface CacheLevel {
  /** For statistics and logs, such as `memory`. */
  readonly name: string;
  /** The records of these keys, in their order; undefined for those that are not there. */
  get(keys: readonly string[]): (Uint8Array | undefined)[] | Promise<(Uint8Array | undefined)[]>;
  /** Keeps records. Never awaited on the way of a call. */
  set(writes: readonly CacheWrite[]): void | Promise<void>;
  /** Forgets records that turned out to be damaged. */
  delete(keys: readonly string[]): void | Promise<void>;
  /** Forgets all records of the cache's prefix. */
  clear(): void | Promise<void>;
  /** Bytes and records that are kept, where the level knows. */
  size?(): LevelSize | Promise<LevelSize>;
  /** What it answers without asking its place, which has failed and is tried in the background. Empty: nothing. */
  readonly leftOut?: readonly ('reads' | 'writes')[];
  /** Frees what it holds. What was set before is kept, where the level outlives the process. */
  close?(): void | Promise<void>;
}
