/**
 * The file of the disk level: pages (page.ts), nothing else. No header, no index and no lock, so that there is nothing
 * whose loss would cost more than a page.
 */
import { close, constants, fstat, ftruncate, open, read, write } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PAGE_BYTES } from './page.js';

// Of descriptors rather than of a FileHandle, which costs about twice as much per read.
const fs = {
  close: promisify(close),
  fstat: promisify(fstat),
  ftruncate: promisify(ftruncate),
  open: promisify(open),
  read: promisify(read),
  write: promisify(write),
};

/** The form and the number of pages are in the file's name, since where a key's page is depends on them. */
const nameOf = (pages: number) => `ovembed-v1-${pages}.pages`;
const ANY_NAME = /^ovembed-v\d+-\d+\.pages$/;
const NAME = /^ovembed-v1-(\d+)\.pages$/;

/** A folder of caches is nobody else's, and a link in a file's place is not followed. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
const NOT_A_LINK = constants.O_NOFOLLOW ?? 0;

export class PageFile {
  readonly #descriptor: number;

  private constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** Opens or makes the file, to be read only where it cannot be written. Files with other numbers of pages are removed. */
  static async open(folder: string, pages: number): Promise<PageFile> {
    await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    const name = nameOf(pages);
    for (const other of await readdir(folder)) {
      if (other !== name && ANY_NAME.test(other)) await rm(join(folder, other), { force: true }).catch(() => {});
    }
    return new PageFile(await openWritable(join(folder, name)));
  }

  /**
   * Opens the files that are in a folder; makes and removes none.
   * @param flags `r`: to be read; `r+`: to be changed, too
   */
  static async openThere(folder: string, flags: 'r' | 'r+'): Promise<{ file: PageFile; pages: number }[]> {
    const opened: { file: PageFile; pages: number }[] = [];
    for (const name of await readdir(folder)) {
      const [, pages] = NAME.exec(name) ?? [];
      if (pages === undefined) continue;
      const mode = flags === 'r' ? constants.O_RDONLY : constants.O_RDWR;
      const descriptor = await fs.open(join(folder, name), mode | NOT_A_LINK);
      opened.push({ file: new PageFile(descriptor), pages: Number(pages) });
    }
    return opened;
  }

  /** Fills `page`; what lies behind the file's end is zeros. */
  async read(index: number, page: Buffer): Promise<void> {
    let length = 0;
    while (length < PAGE_BYTES) {
      const at = index * PAGE_BYTES + length;
      const { bytesRead } = await fs.read(this.#descriptor, page, length, PAGE_BYTES - length, at);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    page.fill(0, length);
  }

  async write(index: number, page: Buffer, { start, end }: { start: number; end: number }): Promise<void> {
    for (let at = start; at < end; ) {
      const { bytesWritten } = await fs.write(this.#descriptor, page, at, end - at, index * PAGE_BYTES + at);
      at += bytesWritten;
    }
  }

  /** Forgets all pages. The file stays, as others may have it open. */
  async clear(): Promise<void> {
    await fs.ftruncate(this.#descriptor, 0);
  }

  /** Bytes that the file takes on the disk; pages never written take none. */
  async bytes(): Promise<number> {
    const { size, blocks } = await fs.fstat(this.#descriptor);
    return process.platform === 'win32' ? size : blocks * 512;
  }

  /** Pages up to the file's end, holes counted. */
  async length(): Promise<number> {
    const { size } = await fs.fstat(this.#descriptor);
    return Math.ceil(size / PAGE_BYTES);
  }

  async close(): Promise<void> {
    await fs.close(this.#descriptor);
  }
}

async function openWritable(path: string): Promise<number> {
  try {
    return await fs.open(path, constants.O_RDWR | constants.O_CREAT | NOT_A_LINK, FILE_MODE);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EROFS' && code !== 'EACCES') throw error;
    return fs.open(path, constants.O_RDONLY | NOT_A_LINK);
  }
}
