/** The file of a Unix socket: of one server at a time. */
import { lstat, unlink } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { OvembedError } from '../errors.js';
import { callNativeNow, native } from '../native.js';
import { checkSocketPath } from '../remote/daemon-socket.js';

/**
 * Removes what a killed process has left, so that the path can be listened at. A lock, which ends with its process however
 * that ends, keeps two that start at once from removing each other's.
 * @returns gives the path back
 * @throws OvembedError `ERR_INVALID_ARGUMENT` where somebody listens, and for a path that is too long
 */
export async function claimSocket(path: string): Promise<() => void> {
  checkSocketPath(path, 'Name a shorter one.');
  const taken = new OvembedError('ERR_INVALID_ARGUMENT', `Another process listens at ${path}.`);
  const giveBack = callNativeNow(() => native().lockFile(`${path}.lock`));
  if (!giveBack) throw taken;
  try {
    // Other programs know nothing of the lock.
    if (await answers(path)) throw taken;
    await removeSocket(path);
    return giveBack;
  } catch (error) {
    giveBack();
    throw error;
  }
}

async function removeSocket(path: string): Promise<void> {
  try {
    if (!(await lstat(path)).isSocket()) {
      throw new OvembedError('ERR_INVALID_ARGUMENT', `${path} is there already, and is no socket.`);
    }
    await unlink(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = createConnection(path, () => resolve(true));
    connection.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT'));
    connection.on('close', () => connection.destroy());
  });
}
