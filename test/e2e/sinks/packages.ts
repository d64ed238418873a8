/** The stores' packages, installed in test/sinks from its lockfile, and the built library that finds them there. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const ROOT = join(import.meta.dirname, '../../..');
const PACKAGES = join(ROOT, 'test/sinks');
const NAMES = ['@lancedb/lancedb-linux-x64-gnu', '@qdrant/js-client-rest', 'pg', 'usearch'];

type Open = typeof import('../../../lib/corpus/sinks/open.js');

/** @returns why they are not here, else null */
export function installPackages(): string | null {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'their lockfile is for linux-x64';
  if (NAMES.every((name) => existsSync(join(PACKAGES, 'node_modules', name)))) return null;
  return npmInstall(PACKAGES);
}

/**
 * Installs what a folder's lockfile has.
 * @returns why that failed, else null
 * @throws Error with the same where `CI` is set: tests that nobody sees skipped would be no tests
 */
export function npmInstall(folder: string): string | null {
  // Optional ones of @lancedb/lancedb are a library of models and its runtime. `npm ci` would want its packages for other
  // systems in the lockfile, which not every registry has; integrity is checked all the same.
  const args = ['install', '--no-save', '--omit=optional', '--ignore-scripts', '--no-audit', '--no-fund'];
  const { status, stderr } = spawnSync('npm', args, { cwd: folder, encoding: 'utf8', timeout: 300_000 });
  if (status === 0) return null;
  const failure = `npm install in test/${basename(folder)} failed: ${stderr.slice(-300)}`;
  if (process.env.CI) throw new Error(failure);
  return failure;
}

/** The built library, which imports them as if they were installed beside it. */
export async function loadSinks(): Promise<Open> {
  await import(pathToFileURL(join(PACKAGES, 'resolve.mjs')).href);
  return createRequire(import.meta.url)(join(ROOT, 'dist/corpus/sinks/open.js')) as Open;
}
