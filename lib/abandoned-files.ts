/** Partial files of processes that were killed before they could rename or delete them. */
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Nobody who is still writing leaves a file alone for this long. */
const ABANDONED_MS = 60 * 60 * 1000;

/** Deletes the entries of a folder whose names match and which nobody has written to for an hour. Never fails. */
export async function removeAbandoned(folder: string, pattern: RegExp): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((name) => pattern.test(name))) {
    const path = join(folder, name);
    const info = await stat(path).catch(() => undefined);
    if (info && Date.now() - info.mtimeMs > ABANDONED_MS) {
      await rm(path, { recursive: true, force: true }).catch(() => {});
    }
  }
}
