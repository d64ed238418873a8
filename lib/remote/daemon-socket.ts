/**
 * Where `ovembed serve --daemon` listens, and `daemon: 'auto'` looks: a Unix socket of this user. Who listens at a socket reads
 * all texts that are sent to it, so one at which somebody else might is neither listened at nor asked.
 */
import type { Stats } from 'node:fs';
import { lstat, mkdir, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ovembedCacheDir } from '../cache-dir.js';
import { OvembedError } from '../errors.js';

const FOLDER = 'ovembed-daemon';
const NAME = 'serve.sock';

/** The address of a socket holds so many bytes on macOS, and 4 more on Linux; Node would cut a longer path. */
const MOST_BYTES = process.platform === 'linux' ? 107 : 103;

const ROOT = 0;
/** Writable by the group or by others. */
const WRITABLE = 0o022;
/** Nobody removes or renames what is others', as in /tmp. */
const STICKY = 0o1000;

/** By preference. */
export function daemonFolders(env: NodeJS.ProcessEnv = process.env): string[] {
  const roots = [...(env.XDG_RUNTIME_DIR ? [env.XDG_RUNTIME_DIR] : []), ovembedCacheDir(undefined, env)];
  return roots.map((root) => join(root, FOLDER));
}

/**
 * The socket to listen at; its folder is made.
 * @throws OvembedError `ERR_INVALID_ARGUMENT` where others could take its place
 */
export async function ownDaemonSocket(): Promise<string> {
  const uid = ownId();
  const [folder = ''] = daemonFolders();
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const socket = join(await checkedFolder(folder, uid), NAME);
  checkSocketPath(socket, 'Set XDG_RUNTIME_DIR or OVEMBED_CACHE_DIR to a shorter one.');
  return socket;
}

/** @throws OvembedError `ERR_INVALID_ARGUMENT` for one that is too long */
export function checkSocketPath(path: string, advice: string): void {
  if (Buffer.byteLength(path) <= MOST_BYTES) return;
  const message = `The path of a socket has at most ${MOST_BYTES} bytes, and ${path} has more. ${advice}`;
  throw new OvembedError('ERR_INVALID_ARGUMENT', message);
}

/**
 * The socket of this user in a folder, by a path without links; undefined where there is none.
 * @param uid tests put another in its place
 * @throws OvembedError `ERR_INVALID_ARGUMENT` if it may be somebody else's
 */
export async function daemonSocketIn(folder: string, uid = ownId()): Promise<string | undefined> {
  try {
    const socket = join(await checkedFolder(folder, uid), NAME);
    const found = await lstat(socket);
    if (!found.isSocket()) throw refused(socket, 'is no socket');
    if (found.uid !== uid) throw refused(socket, 'belongs to another user');
    return socket;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The folder by a path without links, if nobody else can put anything into it or in its place. */
async function checkedFolder(folder: string, uid: number): Promise<string> {
  const real = await realpath(folder);
  const found = await lstat(real);
  if (!found.isDirectory()) throw refused(real, 'is no folder');
  if (found.uid !== uid) throw refused(real, 'belongs to another user');
  if (found.mode & WRITABLE) throw refused(real, 'can be written by others (chmod 700)');
  for (let above = dirname(real); ; above = dirname(above)) {
    const problem = riskOf(await lstat(above), uid);
    if (problem) throw refused(above, problem);
    if (above === dirname(above)) return real;
  }
}

/** What others could do to what is in a folder. */
function riskOf({ mode, uid: owner }: Stats, uid: number): string | undefined {
  if (owner !== uid && owner !== ROOT) return 'belongs to another user';
  return mode & WRITABLE && !(mode & STICKY) ? 'can be written by others' : undefined;
}

function ownId(): number {
  if (process.getuid) return process.getuid();
  throw new OvembedError('ERR_INVALID_ARGUMENT', 'There is no daemon on Windows: its sockets have no owner.');
}

const refused = (path: string, why: string) =>
  new OvembedError('ERR_INVALID_ARGUMENT', `${path} ${why}, who could read what is sent to a daemon there.`);
