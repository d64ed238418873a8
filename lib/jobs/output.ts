/** How the output of a job comes into being in private and gets to its place. */
import { randomBytes } from 'node:crypto';
import { access, mkdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { checkReplaceable } from '../corpus/sinks/folder.js';
import { pathOf } from '../corpus/sinks/open.js';
import { syncFolder } from '../corpus/sinks/sync-folder.js';
import { OvembedError } from '../errors.js';
import { isTaken, moveOnce } from './folder.js';

/** Files by their extension, with all that is written for one. */
const FILES: Readonly<Record<string, (path: string) => string[]>> = {
  '.jsonl': (path) => [path],
  '.arrow': (path) => [path],
  '.parquet': (path) => [path],
  '.npy': (path) => [path.replace(/\.npy$/i, '.jsonl'), path],
};

/** Rows go to a store itself, where a row that is written again is there once. */
const isStore = (place: string) => pathOf(place) === undefined || /^lancedb:/i.test(place);

const isFolder = (place: string) => !(extname(place).toLowerCase() in FILES) || place.includes('://');

/**
 * The place that stands for `place` in another folder; a store stands for itself.
 * @param folder on the same disk as the place
 */
export function privatePlace(place: string, folder: string): string {
  if (isStore(place)) return place;
  const path = pathOf(place) as string;
  return `${place.slice(0, place.indexOf(path))}${join(folder, basename(path))}`;
}

/** @throws OvembedError `ERR_INVALID_ARGUMENT` for a folder of somebody else */
export async function checkPlace(place: string): Promise<void> {
  if (!isStore(place) && isFolder(place)) await checkReplaceable(pathOf(place) as string);
}

/**
 * Makes the folder that the output goes to, and tries the move that is the job's last step.
 * @param folder of the job
 * @throws OvembedError `ERR_INVALID_ARGUMENT` where they are on two disks; errors of the file system
 */
export async function checkMove(place: string, folder: string): Promise<void> {
  if (isStore(place)) return;
  const parent = dirname(pathOf(place) as string);
  await mkdir(parent, { recursive: true });
  const name = `.ovembed-${randomBytes(6).toString('hex')}`;
  const [from, to] = [join(folder, name), join(parent, name)];
  try {
    await writeFile(from, '');
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    const message = `${folder}: expected a folder on the disk of ${parent}, as the output is moved from there to its place: name another one (--folder).`;
    throw new OvembedError('ERR_INVALID_ARGUMENT', message, { cause: error });
  } finally {
    await Promise.all([from, to].map((path) => rm(path, { force: true })));
  }
}

/**
 * Moves what is whole in `folder` to its place. Done again, also by several at once, it is done once.
 * @param aside where an older folder is moved to, on the same disk; once it is there, nothing is moved away any more
 */
export async function publish(place: string, folder: string, aside: string): Promise<void> {
  if (isStore(place)) return;
  const path = pathOf(place) as string;
  const whole = join(folder, basename(path));
  if (isFolder(place)) {
    await checkReplaceable(path);
    await moveAside(path, aside);
    await moveIfThere(whole, path);
  } else {
    const filesOf = FILES[extname(path).toLowerCase()] as (path: string) => string[];
    const targets = filesOf(path);
    for (const [i, file] of filesOf(whole).entries()) await moveIfThere(file, targets[i] as string);
  }
  await syncFolder(dirname(path));
}

/**
 * One folder is moved aside, ever: who comes late finds `aside` taken, and cannot take the new one for the old one. Where there is
 * no older folder, `aside` is taken by an empty hand.
 */
async function moveAside(path: string, aside: string): Promise<void> {
  await removeEmpty(path);
  if (await isMoved(path, aside)) return;
  const nothing = `${aside}-${randomBytes(6).toString('hex')}`;
  await mkdir(nothing);
  await writeFile(join(nothing, 'nothing'), '');
  await moveOnce(nothing, aside);
}

/** An empty folder would not take `aside`: a rename replaces it. */
async function removeEmpty(path: string): Promise<void> {
  await rmdir(path).catch((error) => {
    // ENOTDIR: a link to a folder, which is moved as it is.
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(error.code)) throw error;
  });
}

/** @returns false: there is nothing to move */
async function isMoved(path: string, aside: string): Promise<boolean> {
  try {
    await rename(path, aside);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return false;
    if (isTaken(error)) return true;
    throw error;
  }
}

/** What is not there was moved before. */
async function moveIfThere(from: string, to: string): Promise<void> {
  await rename(from, to).catch(async (error) => {
    // It may also be the target's folder that is not there.
    if (error.code !== 'ENOENT' || (await isThere(from))) throw error;
  });
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
