/** A file that is one document. */
import { type FileHandle, open } from 'node:fs/promises';
import { problemAt } from './problem.js';

/** A text is in memory as a whole. */
const LARGEST_BYTES = 64 * 1024 * 1024;

/** So much of a file is looked at to tell whether it is a text, as Git does. */
const LOOKED_AT_BYTES = 8_000;

const ENCODINGS = [
  { mark: [0xef, 0xbb, 0xbf], encoding: 'utf-8' },
  { mark: [0xff, 0xfe], encoding: 'utf-16le' },
  { mark: [0xfe, 0xff], encoding: 'utf-16be' },
] as const;

/**
 * UTF-8, or UTF-16 with a byte order mark, which is left out.
 * @returns undefined for a file that is no text
 * @throws OvembedError `ERR_INVALID_ARGUMENT` for other encodings and for files of more than 64 MiB; errors of the system
 */
export async function readTextFile(path: string): Promise<string | undefined> {
  const handle = await open(path, 'r');
  try {
    return await readText(handle, path);
  } finally {
    await handle.close();
  }
}

async function readText(handle: FileHandle, path: string): Promise<string | undefined> {
  const { size } = await handle.stat();
  const head = Buffer.alloc(LOOKED_AT_BYTES);
  const { bytesRead } = await handle.read(head, 0, head.length, 0);
  const start = head.subarray(0, bytesRead);
  const known = ENCODINGS.find(({ mark }) => mark.every((byte, i) => start[i] === byte));
  if (!known && start.includes(0)) return undefined;
  if (size > LARGEST_BYTES) {
    const limit = `more than the ${LARGEST_BYTES} bytes of one document`;
    throw problemAt(path, `has ${size} bytes, ${limit}: split it, or make JSON Lines of it with a part in each.`);
  }
  try {
    return new TextDecoder(known?.encoding ?? 'utf-8', { fatal: true }).decode(await handle.readFile());
  } catch (cause) {
    if (!known && isBinary(start)) return undefined;
    throw problemAt(path, `not valid ${known?.encoding.toUpperCase() ?? 'UTF-8'}: convert it to UTF-8 first.`, cause);
  }
}

/** Control characters are in no text, whatever its encoding; tab to carriage return and escape are. */
function isBinary(start: Uint8Array): boolean {
  return start.some((byte) => byte < 0x20 && !(byte >= 9 && byte <= 13) && byte !== 0x1b);
}
