/** A file as hyparquet reads it. */
import type { FileHandle } from 'node:fs/promises';
import type { AsyncBuffer } from 'hyparquet';
import { badFile, readAll } from './files.js';

export function fileBuffer(handle: FileHandle, size: number, file: string): AsyncBuffer {
  const read = async (start: number, end: number) => {
    if (!(start >= 0 && start <= end && end <= size)) {
      throw badFile(file, `expected bytes ${start} to ${end}, the file has ${size}.`);
    }
    const bytes = new Uint8Array(end - start);
    await readAll(handle, bytes, start, file);
    return bytes.buffer;
  };
  return {
    byteLength: size,
    slice(start, end = size) {
      const bytes = read(start, end);
      // hyparquet asks for several at once, and does not look at the others after one has failed.
      bytes.catch(() => {});
      return bytes;
    },
  };
}
