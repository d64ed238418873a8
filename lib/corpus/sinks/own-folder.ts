/** Folders of ours: nothing in them is removed that we did not write. */
import { mkdir, readdir, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { OvembedError } from '../../errors.js';

/** What a process that was killed while it wrote a file whole (vectors/files/files.ts) left of it. */
const isTemporaryOf = (name: string, own: string) => name.startsWith(`.${own}.`) && name.endsWith('.tmp');

/**
 * The names in a folder; undefined if there is none.
 * @throws OvembedError `ERR_INVALID_ARGUMENT` if there is anything else than `names` in it
 */
export async function ownNames(folder: string, names: readonly string[]): Promise<string[] | undefined> {
  const found = await readdir(folder).catch((error) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  const stranger = found?.find((name) => !names.some((own) => name === own || isTemporaryOf(name, own)));
  if (stranger === undefined) return found;
  const message = `${folder}: holds ${JSON.stringify(stranger)}, which is none of ours. Name another place, or remove the folder.`;
  throw new OvembedError('ERR_INVALID_ARGUMENT', message);
}

/** An empty folder, whatever a run before has left in it. */
export async function makeOwnFolder(folder: string, names: readonly string[]): Promise<void> {
  await removeOwnFolder(folder, names);
  await mkdir(folder, { recursive: true });
}

export async function removeOwnFolder(folder: string, names: readonly string[]): Promise<void> {
  const found = await ownNames(folder, names);
  if (!found) return;
  for (const name of found) await unlink(join(folder, name));
  await rmdir(folder);
}
