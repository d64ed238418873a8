/** Paths, folders and patterns to the files that they name, always in the same order. */
import { stat } from 'node:fs/promises';
import { isAbsolute, posix, resolve, sep } from 'node:path';
import { glob, isDynamicPattern } from 'tinyglobby';
import { OvembedError } from '../../errors.js';

export interface FoundFile {
  /** As it was named, with slashes: the id of its document. */
  path: string;
  bytes: number;
}

/** Folders that hold other people's files. Those whose name begins with a dot are left out too. */
const IGNORED = ['**/node_modules/**'];

/** Files that are looked at side by side. */
const AT_ONCE = 64;

/**
 * The files of each name in the order of their paths, each file once.
 * @param names files, folders (with all that is below them) and patterns
 * @param excluded absolute paths of files and folders that are left out: where the output goes
 * @throws OvembedError `ERR_INVALID_ARGUMENT` for a name of which there is no file
 */
export async function findFiles(names: readonly string[], excluded: readonly string[] = []): Promise<FoundFile[]> {
  const found = new Map<string, FoundFile>();
  for (const name of names) {
    const paths = (await pathsOf(name)).filter((path) => !isWithin(resolve(path), excluded)).sort();
    for (let start = 0; start < paths.length; start += AT_ONCE) {
      const files = await Promise.all(paths.slice(start, start + AT_ONCE).map(lookAt));
      for (const file of files) {
        const key = file && resolve(file.path);
        if (file && key && !found.has(key)) found.set(key, file);
      }
    }
  }
  return [...found.values()];
}

async function pathsOf(name: string): Promise<string[]> {
  const path = name.split(sep).join('/');
  const stats = await stat(name).catch(() => undefined);
  if (stats && !stats.isDirectory()) return [path];
  const options = { dot: false, expandDirectories: false, followSymbolicLinks: false, ignore: IGNORED };
  if (stats) return (await glob('**/*', { ...options, cwd: name })).map((file) => posix.join(path, file));
  const matching = isDynamicPattern(path) ? await glob(path, { ...options, absolute: isAbsolute(name) }) : [];
  if (matching.length > 0) return matching;
  throw new OvembedError('ERR_INVALID_ARGUMENT', `${name}: there is no such file or folder, and no file matches it.`);
}

/** Undefined for a link to a folder, and for what has gone since. */
async function lookAt(path: string): Promise<FoundFile | undefined> {
  const stats = await stat(path).catch(() => undefined);
  return stats?.isFile() ? { path, bytes: stats.size } : undefined;
}

const isWithin = (path: string, folders: readonly string[]) =>
  folders.some((folder) => path === folder || path.startsWith(folder + sep));
