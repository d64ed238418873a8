/**
 * linux-arm64, built on another Linux with Debian's cross compiler and Rust's library for it. OpenVINO's libraries for arm64 need
 * Debian 12's glibc and libstdc++ anyway, so no older root is of use.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './paths.mjs';
import { prerequisites, requirePrerequisites } from './prerequisites.mjs';
import { run, stage } from './run.mjs';
import { openvinoCmakeDirectory } from './sdk.mjs';

export const RUST_TARGET = 'aarch64-unknown-linux-gnu';
export const STRIP = 'aarch64-linux-gnu-strip';
const TREE = join(ROOT, '.cache', 'arm64');

/** @returns {Promise<{ output: string, sdk: string }>} the folder of the addon and the runtime; that of OpenVINOConfig.cmake */
export async function crossBuildForArm64() {
  const { python } = requirePrerequisites(prerequisites());
  if (spawnSync('aarch64-linux-gnu-g++', ['--version']).error) {
    const way = `sudo apt install g++-aarch64-linux-gnu; rustup target add ${RUST_TARGET}`;
    throw new Error(`The cross compiler aarch64-linux-gnu-g++ is missing. Debian 12, Ubuntu 22.04: ${way}`);
  }
  const sdk = await openvinoCmakeDirectory({ python, platform: 'linux-arm64' });
  const settings = {
    CMAKE_SYSTEM_NAME: 'Linux',
    CMAKE_SYSTEM_PROCESSOR: 'aarch64',
    CMAKE_C_COMPILER: 'aarch64-linux-gnu-gcc',
    CMAKE_CXX_COMPILER: 'aarch64-linux-gnu-g++',
    OpenVINO_DIR: sdk,
    OVEMBED_CARGO_TARGET: RUST_TARGET,
  };
  const definitions = Object.entries(settings).map(([name, value]) => `-D${name}=${value}`);
  await stage('Tokenizer (Rust) and addon (C++) for arm64', () => {
    run('cmake', ['-S', ROOT, '-B', TREE, '-G', 'Ninja', ...definitions]);
    run('cmake', ['--build', TREE]);
  });
  return { output: join(TREE, 'Release'), sdk };
}
