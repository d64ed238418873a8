/**
 * All that a disk level's folder keeps, looked through page by page beside the processes that use it, with the memory of one page.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { OvembedError } from '../errors.js';
import { keyPrefix } from './key.js';
import { endOfEntries, entriesOf, forget, PAGE_BYTES, type Range, slotOf } from './page.js';
import { PageFile } from './page-file.js';
import { inspectRecord } from './record.js';
import { countRecord, emptySurvey, type Survey } from './survey.js';

export interface DiskSurvey extends Survey {
  /** Bytes that the file takes on the disk. */
  bytes: number;
  /** Most bytes that it may take. */
  maxBytes: number;
  pages: number;
  /** Pages that hold something. */
  pagesInUse: number;
}

/** What is being written just now reads as damaged: it is looked at again after so many milliseconds. */
const SECOND_LOOK_MS = 50;

/**
 * @param prefix of the cache, to tell its records from others
 * @param repair whether what is damaged is removed; a record that another process writes into the same page at the same moment may be lost with it
 * @throws OvembedError `ERR_CACHE` if there is no cache in the folder, or it cannot be read
 */
export async function surveyDisk(folder: string, prefix: string, repair = false): Promise<DiskSurvey> {
  const survey: DiskSurvey = { ...emptySurvey(), bytes: 0, maxBytes: 0, pages: 0, pagesInUse: 0 };
  await withFiles(folder, repair ? 'r+' : 'r', async (file, pages) => {
    survey.bytes += await file.bytes();
    survey.maxBytes += pages * PAGE_BYTES;
    survey.pages += pages;
    await surveyFile(file, pages, survey, prefix, repair);
  });
  return survey;
}

/** Forgets everything, of all prefixes. Returns how many bytes that freed. @throws OvembedError `ERR_CACHE` as `surveyDisk` does */
export async function clearDisk(folder: string): Promise<number> {
  let freed = 0;
  await withFiles(folder, 'r+', async (file) => {
    const before = await file.bytes();
    await file.clear();
    freed += before - (await file.bytes());
  });
  return freed;
}

async function withFiles(
  folder: string,
  flags: 'r' | 'r+',
  work: (file: PageFile, pages: number) => Promise<void>,
): Promise<void> {
  const files = await PageFile.openThere(folder, flags).catch((cause) => {
    throw new OvembedError('ERR_CACHE', `Cannot open the cache folder ${folder}: ${cause.message}.`, { cause });
  });
  try {
    for (const { file, pages } of files) await work(file, pages);
  } finally {
    for (const { file } of files) await file.close();
  }
  if (files.length > 0) return;
  throw new OvembedError(
    'ERR_CACHE',
    `There is no cache in ${folder}: expected the folder that cache.disk.path names.`,
  );
}

async function surveyFile(file: PageFile, pages: number, survey: DiskSurvey, prefix: string, repair: boolean) {
  const page = Buffer.alloc(PAGE_BYTES);
  // What lies behind the number of pages is nothing of ours.
  const length = Math.min(await file.length(), pages);
  for (let index = 0; index < length; index++) {
    await file.read(index, page);
    if (damageOf(page)) {
      await sleep(SECOND_LOOK_MS);
      await file.read(index, page);
    }
    countPage(survey, page, index, (digest) => slotOf(keyPrefix(prefix) + digest, pages));
    const damage = repair ? damageOf(page) : undefined;
    if (damage) survey.repaired += await mend(file, index, page, damage);
  }
}

const ZEROS = Buffer.alloc(PAGE_BYTES);
const hasBytes = (page: Buffer, from: number) => page.compare(ZEROS, 0, PAGE_BYTES - from, from) !== 0;

interface Damage {
  /** Entries whose records are damaged. */
  entries: Range[];
  /** Bytes behind the last entry that can be read, where there are some. */
  rest: Range | undefined;
}

function damageOf(page: Buffer): Damage | undefined {
  const entries = [...entriesOf(page)].filter(({ record }) => !inspectRecord(record)).map(({ range }) => range);
  const end = endOfEntries(page);
  const rest = hasBytes(page, end) ? { start: end, end: PAGE_BYTES } : undefined;
  return entries.length > 0 || rest ? { entries, rest } : undefined;
}

function countPage(
  survey: DiskSurvey,
  page: Buffer,
  index: number,
  slot: (digest: string) => ReturnType<typeof slotOf>,
) {
  const end = endOfEntries(page);
  const before = survey.recordBytes;
  for (const { tag, record } of entriesOf(page)) {
    countRecord(survey, record, (digest) => {
      const own = slot(digest);
      return own.page === index && own.tag.equals(tag);
    });
  }
  if (survey.recordBytes > before) survey.pagesInUse++;
  if (hasBytes(page, end)) survey.damaged++;
}

/** Takes the damage out of a page. Returns how many records and rests these were. */
async function mend(file: PageFile, index: number, page: Buffer, { entries, rest }: Damage): Promise<number> {
  for (const entry of entries) await file.write(index, page, forget(page, entry));
  if (!rest) return entries.length;
  page.fill(0, rest.start);
  await file.write(index, page, rest);
  return entries.length + 1;
}
