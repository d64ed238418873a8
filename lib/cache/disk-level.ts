/**
 * L3: records in a file, which outlive the process and are shared by all processes that use the folder.
 *
 * A hash table on disk: a key's hash names its page (page.ts), and a record is in its page or nowhere. Nothing is kept in
 * memory, nothing is read at the start, nothing is ever repaired: whatever a crash, a full disk, a truncation or two
 * writers at once leave in a page is entries that verify (record.ts), or none. The file is bounded by its number of pages.
 *
 * What decided it, on Node 20 with records of 384 floats, was safety: classic-level 3.0.0 (LevelDB) maps its tables into
 * memory, so the process died of SIGBUS when one was truncated under it, and it lets one process in at a time; lmdb dies of
 * a full disk and of truncation; node:sqlite is not in Node 20. Speed spoke for neither: in lists of 100, LevelDB took 5 µs
 * for a miss and 7 to 12 for a hit, this takes 8 to 16 for both; a miss and the write after it cost 28 µs of CPU there,
 * compactions counted, and 36 to 46 here, the making of the record counted. An append-only log would write faster, but
 * needs an index in memory, which each process would have to read first, and so never has if it ends at once.
 */
import { systemClock } from '../batching/clock.js';
import { invalidArgument, OvembedError } from '../errors.js';
import type { CacheLevel, CacheWrite } from './level.js';
import {
  appendRecord,
  endOfEntries,
  findRecord,
  joined,
  MAX_RECORD_BYTES,
  PAGE_BYTES,
  placeRecord,
  type Range,
  removeRecord,
  slotOf,
} from './page.js';
import { PageFile } from './page-file.js';
import { WriteQueue } from './write-queue.js';

/** Where a `DiskLevel` keeps records, and how many. */
export interface DiskLevelOptions {
  /** Folder on a local file system; it is made if need be. It holds one cache: `clear()` forgets records of all prefixes. */
  path: string;
  /**
   * Most bytes on the disk. Integer from 20,480. Default 1 GB. All processes that share a folder need the same: one with
   * another bound begins anew and removes what was kept.
   */
  maxBytes?: number;
}

const DEFAULT_MAX_BYTES = 1024 ** 3;
/** Pages read or written at once; libuv has four threads, and some more keep them busy. */
const LANES = 16;
const MAX_ENDS = 16_384;
const MAX_WAITING_BYTES = 32 * 1024 ** 2;
/** A folder that could not be opened is tried again after this. */
const REOPEN_MS = 10_000;

/** A record to be put, or, without one, a key to be forgotten. */
interface Change {
  key: string;
  record?: Uint8Array;
}

interface SlotChange {
  tag: Buffer;
  record: Uint8Array | undefined;
}

/** Records in a folder of pages, shared by processes, without index, lock or repair. */
export class DiskLevel implements CacheLevel {
  readonly name = 'disk';
  readonly #path: string;
  readonly #pages: number;
  readonly #writes = new WriteQueue(MAX_WAITING_BYTES);
  readonly #reading = new Set<Promise<unknown>>();
  /** Page buffers that nobody uses at the moment. */
  readonly #buffers: Buffer[] = [];
  /** Where the entries of pages end that a read found its key missing in: it is likely to be written next. */
  readonly #ends = new Map<number, number>();
  /** Odd while pages are being changed. What a read saw still holds if the number is even and the same as before it. */
  #round = 0;
  #file: Promise<PageFile> | undefined;
  #closed = false;

  constructor({ path, maxBytes = DEFAULT_MAX_BYTES }: DiskLevelOptions) {
    if (!Number.isSafeInteger(maxBytes) || maxBytes < PAGE_BYTES) {
      throw invalidArgument('cache.disk.maxBytes', `an integer from ${PAGE_BYTES}`, maxBytes);
    }
    this.#path = path;
    this.#pages = Math.floor(maxBytes / PAGE_BYTES);
  }

  /** Records that cannot be read are misses; rejects if none can. */
  get(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    const reading = this.#get(keys).finally(() => this.#reading.delete(reading));
    this.#reading.add(reading);
    return reading;
  }

  /** Records of more than 20,456 bytes (5,100 floats) are not kept. */
  set(writes: readonly CacheWrite[]): Promise<void> {
    const fitting = writes.filter(({ record }) => record.length <= MAX_RECORD_BYTES);
    const bytes = fitting.reduce((sum, { record }) => sum + record.length, 0);
    return this.#change(bytes, fitting);
  }

  delete(keys: readonly string[]): Promise<void> {
    return this.#change(
      0,
      keys.map((key) => ({ key })),
    );
  }

  clear(): Promise<void> {
    return this.#exclusively(0, async (file) => {
      this.#ends.clear();
      await file.clear();
    });
  }

  /** Bytes on the disk; how many records they are is not known. */
  async size(): Promise<{ bytes: number }> {
    return { bytes: await (await this.#open()).bytes() };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    await this.#writes.idle();
    this.#closed = true;
    await Promise.allSettled(this.#reading);
    await (await this.#file?.catch(() => undefined))?.close();
  }

  async #get(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    const file = await this.#open();
    const records: (Uint8Array | undefined)[] = new Array(keys.length).fill(undefined);
    const failures = await this.#inLanes(keys, async (key, i, page) => {
      const slot = slotOf(key, this.#pages);
      const round = this.#round;
      await file.read(slot.page, page);
      const record = findRecord(page, slot.tag);
      if (record) records[i] = new Uint8Array(record);
      else if (isQuiet(round) && this.#round === round) this.#noteEnd(slot.page, endOfEntries(page));
    });
    if (failures.length > 0 && failures.length === keys.length) throw failures[0];
    return records;
  }

  /** Puts records into their pages; takes out those of changes without a record. */
  #change(bytes: number, changes: readonly Change[]): Promise<void> {
    return this.#exclusively(bytes, async (file) => {
      const byPage = new Map<number, SlotChange[]>();
      for (const { key, record } of changes) {
        const { page, tag } = slotOf(key, this.#pages);
        const others = byPage.get(page);
        if (others) others.push({ tag, record });
        else byPage.set(page, [{ tag, record }]);
      }
      const failures = await this.#inLanes([...byPage], async ([index, ofPage], _, page) => {
        const changed = this.#append(index, ofPage, page) ?? (await rewrite(file, index, ofPage, page));
        if (changed) await file.write(index, page, changed);
      });
      if (failures.length > 0) throw failures[0];
    });
  }

  /** What a read has just seen spares the write another one: a single record goes behind the entries of its page. */
  #append(index: number, [change, another]: readonly SlotChange[], page: Buffer): Range | undefined {
    const end = this.#ends.get(index);
    // Once, as it holds no longer afterwards.
    this.#ends.delete(index);
    if (end === undefined || another || !change?.record) return undefined;
    return appendRecord(page, end, change.tag, change.record);
  }

  #noteEnd(page: number, end: number): void {
    if (this.#ends.size >= MAX_ENDS) this.#ends.clear();
    this.#ends.set(page, end);
  }

  /** Runs work on the file once all writes before it are done, and makes known that pages change meanwhile. */
  #exclusively(bytes: number, work: (file: PageFile) => Promise<void>): Promise<void> {
    return this.#writes.add(bytes, async () => {
      const file = await this.#open();
      this.#round++;
      try {
        await work(file);
      } finally {
        this.#round++;
      }
    });
  }

  /** Does the work for each item, some at once, each with a page buffer of its own. Gives the failures. */
  async #inLanes<T>(
    items: readonly T[],
    work: (item: T, index: number, page: Buffer) => Promise<void>,
  ): Promise<unknown[]> {
    const failures: unknown[] = [];
    let next = 0;
    const lane = async () => {
      const page = this.#buffers.pop() ?? Buffer.allocUnsafeSlow(PAGE_BYTES);
      for (let i = next++; i < items.length; i = next++) {
        await work(items[i] as T, i, page).catch((error) => failures.push(error));
      }
      if (this.#buffers.length < LANES) this.#buffers.push(page);
    };
    await Promise.all(Array.from({ length: Math.min(LANES, items.length) }, lane));
    return failures;
  }

  #open(): Promise<PageFile> {
    if (this.#closed) return Promise.reject(new OvembedError('ERR_CLOSED', 'The disk level of the cache is closed.'));
    this.#file ??= PageFile.open(this.#path, this.#pages).catch((cause) => {
      systemClock.after(REOPEN_MS, () => {
        this.#file = undefined;
      });
      throw new OvembedError(
        'ERR_CACHE',
        `Cannot open the cache folder ${this.#path}: ${cause.message}. Give a folder that this process may write to.`,
        { cause },
      );
    });
    return this.#file;
  }
}

const isQuiet = (round: number) => round % 2 === 0;

/** Reads a page and changes it. Returns what is to be written back. */
async function rewrite(
  file: PageFile,
  index: number,
  changes: readonly SlotChange[],
  page: Buffer,
): Promise<Range | undefined> {
  await file.read(index, page);
  let changed: Range | undefined;
  for (const { tag, record } of changes) {
    const range = record ? placeRecord(page, tag, record) : removeRecord(page, tag);
    if (range) changed = joined(changed, range);
  }
  return changed;
}
