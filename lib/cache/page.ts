/**
 * A page of the disk level: a fixed number of bytes with entries one behind the other, in the order in which they were
 * written. A page that has no room for the next entry forgets its oldest ones. What is behind the last entry that can be
 * read is free, so a page with damage in its middle is a shorter page, never an error.
 *
 *     offset  bytes  of an entry (little-endian)
 *          0      4  magic, 'OVP1'
 *          4      4  bytes of the record
 *          8     16  tag: stands for the key; zeros where the entry was forgotten
 *         24      n  record
 */
import { hash } from 'node:crypto';

/**
 * Small, as a record costs the reading of its page; large enough for 4,096 floats, and such that the usual widths fill it
 * well: 12 records of 384 floats, 6 of 768, 4 of 1,024.
 */
export const PAGE_BYTES = 20 * 1024;
export const TAG_BYTES = 16;

const MAGIC = 0x3150564f;
const HEADER_BYTES = 8 + TAG_BYTES;
/** Of a record. */
export const MAX_RECORD_BYTES = PAGE_BYTES - HEADER_BYTES;

/** Bytes of a page, the end excluded. */
export interface Range {
  start: number;
  end: number;
}

/** A key's place in a file. */
export interface Slot {
  page: number;
  tag: Buffer;
}

/** @param pages of the file */
export function slotOf(key: string, pages: number): Slot {
  // Hashed once more, so that prefixes are told apart and a key may be any string.
  const digest = hash('sha256', key, 'buffer');
  return { page: digest.readUInt32LE(TAG_BYTES) % pages, tag: digest.subarray(0, TAG_BYTES) };
}

/** What is in a page, as views of it; what was forgotten is left out. */
export function* entriesOf(page: Buffer): Generator<{ tag: Buffer; record: Buffer; range: Range }, void, undefined> {
  for (let start = 0, end = entryEnd(page, 0); end > 0; start = end, end = entryEnd(page, start)) {
    const tag = page.subarray(start + 8, start + HEADER_BYTES);
    const record = page.subarray(start + HEADER_BYTES, end);
    if (tag.some((byte) => byte !== 0)) yield { tag, record, range: { start, end } };
  }
}

/** The record of this tag, as a view of the page. */
export function findRecord(page: Buffer, tag: Buffer): Buffer | undefined {
  const entry = findEntry(page, tag);
  return entry && page.subarray(entry.start + HEADER_BYTES, entry.end);
}

/**
 * Puts a record into a page.
 * @param record at most MAX_RECORD_BYTES
 * @returns what has changed in the page
 */
export function placeRecord(page: Buffer, tag: Buffer, record: Uint8Array): Range {
  const bytes = HEADER_BYTES + record.length;
  const same = findEntry(page, tag);
  if (same && same.end - same.start === bytes) return writeEntry(page, same.start, tag, record);
  let changed = same ? forget(page, same) : undefined;
  let start = endOfEntries(page);
  if (start + bytes > PAGE_BYTES) {
    start = keepYoungest(page, PAGE_BYTES - bytes);
    changed = { start: 0, end: PAGE_BYTES };
  }
  return joined(changed, writeEntry(page, start, tag, record));
}

/**
 * Puts a record behind the last entry, if there is room.
 * @param end of the entries, as endOfEntries gives it; nothing else of the page needs to be there
 */
export function appendRecord(page: Buffer, end: number, tag: Buffer, record: Uint8Array): Range | undefined {
  return end + HEADER_BYTES + record.length <= PAGE_BYTES ? writeEntry(page, end, tag, record) : undefined;
}

/** Forgets the record of this tag. Returns what has changed in the page. */
export function removeRecord(page: Buffer, tag: Buffer): Range | undefined {
  const entry = findEntry(page, tag);
  return entry && forget(page, entry);
}

/** One range that covers both. */
export function joined(a: Range | undefined, b: Range): Range {
  return a ? { start: Math.min(a.start, b.start), end: Math.max(a.end, b.end) } : b;
}

/** Where the entry at this place ends; 0 if there is none that can be read. */
function entryEnd(page: Buffer, start: number): number {
  if (start + HEADER_BYTES > PAGE_BYTES || page.readUInt32LE(start) !== MAGIC) return 0;
  const end = start + HEADER_BYTES + page.readUInt32LE(start + 4);
  return end <= PAGE_BYTES ? end : 0;
}

function findEntry(page: Buffer, tag: Buffer): Range | undefined {
  const word = tag.readUInt32LE(0);
  for (let start = 0, end = entryEnd(page, 0); end > 0; start = end, end = entryEnd(page, start)) {
    if (page.readUInt32LE(start + 8) === word && tag.compare(page, start + 8, start + HEADER_BYTES) === 0) {
      return { start, end };
    }
  }
  return undefined;
}

export function endOfEntries(page: Buffer): number {
  let end = 0;
  for (let next = entryEnd(page, 0); next > 0; next = entryEnd(page, next)) end = next;
  return end;
}

function writeEntry(page: Buffer, start: number, tag: Buffer, record: Uint8Array): Range {
  page.writeUInt32LE(MAGIC, start);
  page.writeUInt32LE(record.length, start + 4);
  page.set(tag, start + 8);
  page.set(record, start + HEADER_BYTES);
  return { start, end: start + HEADER_BYTES + record.length };
}

/** Forgets the entry at this place. Returns what has changed in the page. */
export function forget(page: Buffer, { start }: Range): Range {
  const tag = { start: start + 8, end: start + HEADER_BYTES };
  page.fill(0, tag.start, tag.end);
  return tag;
}

/** Leaves the youngest entries, as many as fit into `bytes`, at the front of the page. Returns where they end. */
function keepYoungest(page: Buffer, bytes: number): number {
  const end = endOfEntries(page);
  let start = 0;
  while (end - start > bytes) start = entryEnd(page, start);
  page.copyWithin(0, start, end);
  page.fill(0, end - start);
  return end - start;
}
