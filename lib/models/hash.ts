/** Hashes of files, read in pieces so that the event loop is never held for more than a fraction of a millisecond. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';

const PIECE_BYTES = 256 * 1024;

/** SHA-256 of a file in hex. Rejects with the signal's reason if aborted, as do all functions here. */
export function sha256OfFile(file: string, signal?: AbortSignal): Promise<string> {
  return hashFile('sha256', '', file, signal);
}

/** The name git gives a file's content: the SHA-1 of a header with its size, and the content. */
export async function gitBlobId(file: string, signal?: AbortSignal): Promise<string> {
  const { size } = await stat(file);
  return hashFile('sha1', `blob ${size}\0`, file, signal);
}

async function hashFile(algorithm: string, head: string, file: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash(algorithm).update(head);
  const pieces = createReadStream(file, { highWaterMark: PIECE_BYTES, ...(signal && { signal }) });
  try {
    for await (const piece of pieces) hash.update(piece as Buffer);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
  return hash.digest('hex');
}
