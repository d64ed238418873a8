/** The few file operations that every part of this folder shares. */
import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, win32 } from 'node:path';

export async function isFile(path: string): Promise<boolean> {
  const stats = await stat(path).catch(ignoreMissing);
  return stats?.isFile() ?? false;
}

export async function isDirectory(path: string): Promise<boolean> {
  const stats = await stat(path).catch(ignoreMissing);
  return stats?.isDirectory() ?? false;
}

/** For `catch`: a path that leads nowhere is an answer; anything else, such as a forbidden one, stays an error. */
export function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
  throw error;
}

/** Writes a small file so that readers see the old content or the new one, never a part. Makes the folders on the way. */
export async function writeAtomically(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = temporaryName(path);
  try {
    await writeFile(temporary, content);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Names that `temporaryName` gives; `.incomplete` files of other programs may be continued, and are theirs. */
export const TEMPORARY_NAME = /\.\d+\.[0-9a-f]{12}\.incomplete$/;

/** A name beside `path` that no other process and no other call uses. */
export function temporaryName(path: string): string {
  return `${path}.${process.pid}.${randomBytes(6).toString('hex')}.incomplete`;
}

/** Whether a path from a model's own files stays inside the model's folder, by the rules of POSIX and of Windows. */
export function staysInside(path: string): boolean {
  const rooted = isAbsolute(path) || win32.isAbsolute(path) || /^[A-Za-z]:/.test(path);
  return !rooted && !path.includes('\0') && !path.split(/[\\/]/).includes('..');
}
