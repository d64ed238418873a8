/** Locks between processes, Python's among them: one of them downloads a blob, the others wait for it. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OvembedError } from '../../errors.js';

/** Takes a lock without waiting; the function gives it back. Null if somebody else holds it. */
export type TryLock = (path: string) => (() => void) | null;

/** The system has no queue for such locks that leaves the event loop free; Python's filelock asks as often. */
const ASK_EVERY_MS = 50;

/**
 * Runs `work` while no other process, and no other call in this one, holds the lock of this file.
 *
 * @param onWait called once if the lock is held by somebody else
 * @throws OvembedError `ERR_DOWNLOAD` if the file cannot be locked; the signal's reason if aborted while waiting
 */
export async function underLock<T>(
  tryLock: TryLock,
  path: string,
  work: () => Promise<T>,
  { signal, onWait }: { signal?: AbortSignal | undefined; onWait: () => void },
): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  let release = lockOrThrow(tryLock, path);
  if (!release) onWait();
  while (!release) {
    await sleep(ASK_EVERY_MS, undefined, signal ? { signal } : {}).catch(() => signal?.throwIfAborted());
    release = lockOrThrow(tryLock, path);
  }
  try {
    return await work();
  } finally {
    release();
  }
}

function lockOrThrow(tryLock: TryLock, path: string): (() => void) | null {
  try {
    return tryLock(path);
  } catch (error) {
    // That the addon does not load is told as it is.
    if (error instanceof OvembedError) throw error;
    const { message, detail = message } = error as Error & { detail?: string };
    throw new OvembedError('ERR_DOWNLOAD', `${path} cannot be locked: ${detail}.`, { cause: error });
  }
}
