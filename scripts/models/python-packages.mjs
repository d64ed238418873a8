/** Python packages for scripts that tests and benchmarks run: pinned by hash, in our cache, not the user's Python. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cacheDirectory } from '../build/paths.mjs';
import { run } from '../build/run.mjs';

/** The interpreter to run the scripts with; packages are installed for this one. */
export const PYTHON = process.platform === 'win32' ? 'python' : 'python3';

/** What a wheel is built for: `cpython-311 linux-x86_64`. */
const PLATFORM = 'import sys, sysconfig; print(sys.implementation.cache_tag, sysconfig.get_platform())';

/**
 * Installs the packages of a requirements file that pins each one, dependencies too, with `--hash`.
 * The folder is named after the file's content and the interpreter; it appears complete or not at all, once a machine.
 * @param {string} requirementsFile
 * @returns {Promise<string>} the folder, for `PYTHONPATH`
 * @throws Error if Python or pip is missing, a package cannot be fetched or a hash differs
 */
export async function ensurePythonPackages(requirementsFile) {
  const platform = execFileSync(PYTHON, ['-c', PLATFORM], { encoding: 'utf8' });
  const key = createHash('sha256')
    .update(platform)
    .update(await readFile(requirementsFile));
  const directory = join(cacheDirectory(), 'python-packages', key.digest('hex').slice(0, 16));
  if (existsSync(directory)) return directory;
  await mkdir(dirname(directory), { recursive: true });
  const temporary = await mkdtemp(`${directory}.tmp-`);
  try {
    pipInstall(requirementsFile, temporary);
    await rename(temporary, directory);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    if (!existsSync(directory)) throw error; // else another process was first, with the same content
  }
  return directory;
}

function pipInstall(requirementsFile, target) {
  const pinned = ['--require-hashes', '--no-deps', '--only-binary=:all:'];
  const quiet = ['--quiet', '--disable-pip-version-check', '--root-user-action=ignore'];
  run(PYTHON, ['-m', 'pip', 'install', ...quiet, ...pinned, '--target', target, '--requirement', requirementsFile]);
}
