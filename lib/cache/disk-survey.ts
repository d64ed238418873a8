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
  /**
   * Pages with bytes behind their last record that are none: the rest of a longer one that another process wrote at the same
   * moment, or what stands behind a header that was damaged. They are free, and written over in time.
   */
  unreadableEnds: number;
}

/** What is being written just now reads as damaged: it is looked at again after so many milliseconds. */
const SECOND_LOOK_MS = 50;

/**
 * @param prefix of the cache, to tell its records from others
 * @param repair whether what is damaged is removed; a record that another process writes into the same page at the same moment may be lost with it
 * @throws OvembedError `ERR_CACHE` if there is no cache in the folder, or it cannot be read
 */
export async function surveyDisk(folder: string, prefix: string, repair = false): Promise<DiskSurvey> {
  const survey: DiskSurvey = { ...emptySurvey(), bytes: 0, maxBytes: 0, pages: 0, pagesInUse: 0, unreadableEnds: 0 };
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
    if (damagedIn(page).length > 0) {
      await sleep(SECOND_LOOK_MS);
      await file.read(index, page);
    }
    countPage(survey, page, index, (digest) => slotOf(keyPrefix(prefix) + digest, pages));
    if (!repair) continue;
    for (const entry of damagedIn(page)) {
      await file.write(index, page, forget(page, entry));
      survey.repaired++;
    }
  }
}

const ZEROS = Buffer.alloc(PAGE_BYTES);
const hasBytes = (page: Buffer, from: number) => page.compare(ZEROS, 0, PAGE_BYTES - from, from) !== 0;

/** Entries whose records are damaged. */
function damagedIn(page: Buffer): Range[] {
  return [...entriesOf(page)].filter(({ record }) => !inspectRecord(record)).map(({ range }) => range);
}

function countPage(
  survey: DiskSurvey,
  page: Buffer,
  index: number,
  slot: (digest: string) => ReturnType<typeof slotOf>,
) {
  const before = survey.recordBytes;
  for (const { tag, record } of entriesOf(page)) {
    const belongs = (digest: string) => {
      const own = slot(digest);
      return own.page === index && own.tag.equals(tag);
    };
    countRecord(survey, record, belongs, 'others');
  }
  if (survey.recordBytes > before) survey.pagesInUse++;
  if (hasBytes(page, endOfEntries(page))) survey.unreadableEnds++;
}
