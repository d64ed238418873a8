/** Folders of bench/ that are packages of their own: installed on demand from their lockfile, never a part of ovembed. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** One of their packages. */
export function requireFrom(folder, name) {
  return createRequire(join(folder, 'package.json'))(name);
}

/**
 * Installs what the lockfile names, unless it is there. Install scripts do not run.
 * @param {string} folder absolute path
 * @throws Error if npm fails
 */
export function installLocked(folder) {
  const missing = Object.entries(installedVersions(folder)).some(([name, version]) => version !== pinned(folder)[name]);
  if (!missing) return;
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
  const { status, error } = spawnSync('npm', args, {
    cwd: folder,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new Error(`npm ${args.join(' ')} failed in ${folder}`, { cause: error });
}

/** Versions that are installed; null for a package that is not. */
export function installedVersions(folder) {
  const versions = Object.keys(pinned(folder)).map((name) => [name, readVersion(packageFile(folder, name))]);
  return Object.fromEntries(versions);
}

export function packageFile(folder, name) {
  return join(folder, 'node_modules', name, 'package.json');
}

export function readVersion(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).version;
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
}

function pinned(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).dependencies;
}
