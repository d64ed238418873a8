import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** Root of the checkout. */
export const ROOT = resolve(import.meta.dirname, '..', '..');

/** CMake's tree. Not under build/: node-gyp empties that, and the Rust library takes a minute to compile. */
export const CMAKE_TREE = join(ROOT, '.cache', 'cmake');

/** A program of native/tools. */
export function toolPath(name) {
  return join(CMAKE_TREE, `ovembed_${name}${process.platform === 'win32' ? '.exe' : ''}`);
}

/** What npm run test:npu-compile makes: its program, Wine's folder, graphs, results. */
export const NPU_TREE = join(ROOT, '.cache', 'npu');

/** Cargo's target directory, shared by the build, the tests and clippy, so that dependencies are compiled once. */
export const CARGO_TARGET = join(CMAKE_TREE, 'tokenizer');

/** Where node-gyp-build looks first: ovembed.node and, beside it, the runtime libraries. */
export const BUILD_OUTPUT = join(ROOT, 'build', 'Release');

/** The tarballs of npm run pack, and the folders that they are made of. */
export const PACKAGES = join(ROOT, '.cache', 'packages');

/** The machine-wide cache: `OVEMBED_CACHE_DIR`, else `XDG_CACHE_HOME/ovembed`, else `~/.cache/ovembed`. */
export function cacheDirectory(env = process.env) {
  if (env.OVEMBED_CACHE_DIR) return resolve(env.OVEMBED_CACHE_DIR);
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'ovembed');
}
