/** Reading and writing whole files of vectors. Errors of the system (no such file, disk full) come as Node gives them. */
import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { OvembedError } from '../../errors.js';
import { arrayOf, bytesPerRow, type Dtype, type DtypeArrays } from '../dtype.js';

/** An error about what is in a file. */
export function badFile(file: string, problem: string, cause?: unknown): OvembedError {
  return new OvembedError('ERR_INVALID_ARGUMENT', `${file}: ${problem}`, cause === undefined ? {} : { cause });
}

/** The file appears under its name whole, or not at all; an older one stays until then. */
export async function replaceFile(file: string, write: (handle: FileHandle) => Promise<void>): Promise<void> {
  const temporary = join(dirname(file), `.${basename(file)}.${randomUUID()}.tmp`);
  const handle = await open(temporary, 'wx');
  try {
    try {
      await write(handle);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

export async function withFile<T>(file: string, read: (handle: FileHandle, size: number) => Promise<T>): Promise<T> {
  const handle = await open(file, 'r');
  try {
    return await read(handle, (await handle.stat()).size);
  } finally {
    await handle.close();
  }
}

/** One write may take only a part of it. */
export async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}

const LARGEST_READ = 64 * 1024 * 1024;

/** Fills `bytes` from `position` of the file on. */
export async function readAll(handle: FileHandle, bytes: Uint8Array, position: number, file: string): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const length = Math.min(bytes.length - done, LARGEST_READ);
    const { bytesRead } = await handle.read(bytes, done, length, position + done);
    if (bytesRead === 0)
      throw badFile(file, `expected ${position + bytes.length} bytes, it ends at ${position + done}.`);
    done += bytesRead;
  }
}

/** The file's bytes as they are, read into the array that is returned: no second copy of them. */
export async function readElements<D extends Dtype>(
  handle: FileHandle,
  position: number,
  { dtype, elements }: { dtype: D; elements: number },
  file: string,
): Promise<DtypeArrays[D]> {
  const data = allocate(dtype, elements, file);
  await readAll(handle, new Uint8Array(data.buffer), position, file);
  return data;
}

/** @throws OvembedError `ERR_OUT_OF_MEMORY` where there is no room for so many */
export function allocate<D extends Dtype>(dtype: D, elements: number, file: string): DtypeArrays[D] {
  try {
    return arrayOf(dtype, elements);
  } catch (cause) {
    const bytes = elements * bytesPerRow(dtype, 1);
    throw new OvembedError('ERR_OUT_OF_MEMORY', `${file}: there is no room for its ${bytes} bytes of vectors.`, {
      cause,
    });
  }
}
