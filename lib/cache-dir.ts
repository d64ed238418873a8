/** Where ovembed keeps what it can make again: compiled models, hashes, choices per machine. Models live in the hub's cache. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/**
 * ovembed's own cache directory as an absolute path; it need not exist yet.
 *
 * @param option the `cacheDir` option; without it `OVEMBED_CACHE_DIR`, then `XDG_CACHE_HOME/ovembed`, then the platform's
 *   own place: `~/.cache/ovembed`, `~/Library/Caches/ovembed` on macOS, `%LOCALAPPDATA%\ovembed` on Windows
 */
export function ovembedCacheDir(option?: string, env: NodeJS.ProcessEnv = process.env): string {
  const chosen = option || env.OVEMBED_CACHE_DIR;
  return resolve(chosen || join(env.XDG_CACHE_HOME || platformCacheRoot(env), 'ovembed'));
}

function platformCacheRoot(env: NodeJS.ProcessEnv): string {
  if (process.platform === 'win32') return env.LOCALAPPDATA || join(homedir(), 'AppData', 'Local');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches');
  return join(homedir(), '.cache');
}
