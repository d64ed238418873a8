/** What a build from source needs on the machine, found by asking each program for its version. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './paths.mjs';

/** The way to get each prerequisite, by operating system. */
const INSTALL = {
  compiler: {
    Debian: 'sudo apt install g++',
    Fedora: 'sudo dnf install gcc-c++',
    macOS: 'xcode-select --install',
    Windows: 'Visual Studio Build Tools, workload "Desktop development with C++"',
  },
  generator: {
    Debian: 'sudo apt install ninja-build',
    Fedora: 'sudo dnf install ninja-build',
    macOS: 'brew install ninja',
    Windows: 'comes with the Visual Studio Build Tools',
  },
  cmake: {
    Debian: 'sudo apt install cmake',
    Fedora: 'sudo dnf install cmake',
    macOS: 'brew install cmake',
    Windows: 'winget install Kitware.CMake',
  },
  rust: {
    Debian: 'sudo apt install rustup && rustup default stable (before Debian 13: the installer at rustup.rs)',
    Fedora: 'sudo dnf install rustup && rustup-init',
    macOS: 'brew install rustup && rustup default stable',
    Windows: 'winget install Rustlang.Rustup',
  },
  python: {
    Debian: 'sudo apt install python3-pip',
    Fedora: 'sudo dnf install python3-pip',
    macOS: 'brew install python',
    Windows: 'winget install Python.Python.3.12',
  },
  gtest: {
    Debian: 'sudo apt install libgtest-dev',
    Fedora: 'sudo dnf install gtest-devel',
    macOS: 'brew install googletest',
    Windows: 'vcpkg install gtest',
  },
  rustfmt: everywhere('rustup component add rustfmt'),
  clippy: everywhere('rustup component add clippy'),
  readelf: {
    Debian: 'sudo apt install binutils',
    Fedora: 'sudo dnf install binutils',
    macOS: 'not needed',
    Windows: 'not needed',
  },
  wine: {
    Debian: 'sudo apt install wine wine64',
    Fedora: 'sudo dnf install wine',
    macOS: 'not tried',
    Windows: 'not tried',
  },
  mingw: {
    Debian: 'sudo apt install gcc-mingw-w64-x86-64',
    Fedora: 'sudo dnf install mingw64-gcc',
    macOS: 'not tried',
    Windows: 'not tried',
  },
};

function everywhere(way) {
  return { Debian: way, Fedora: way, macOS: way, Windows: way };
}

/**
 * @typedef {object} Prerequisite
 * @property {string} key          names it in code
 * @property {string} name         names it for people
 * @property {string[]} commands   programs that will do, best first
 * @property {string[]} args       make the program print its version (and prove that it works)
 * @property {string} [minimum]    lowest version that will do
 */

/** @returns {Prerequisite[]} */
export function prerequisites({ env = process.env, platform = process.platform, rust = rustVersionOfCrate() } = {}) {
  const args = ['--version'];
  const list = [
    { key: 'cmake', name: 'CMake', commands: ['cmake'], args, minimum: '3.22' },
    { key: 'rust', name: 'Rust with Cargo', commands: ['cargo'], args, minimum: rust },
    { key: 'python', name: 'Python 3 with pip', commands: ['python3', 'python'], args: ['-m', 'pip', '--version'] },
  ];
  // On Windows these two are parts of Visual Studio and not on the PATH; cmake-js finds them, or says that it can't.
  if (platform === 'win32') return list;
  return [
    { key: 'compiler', name: 'C++ compiler', commands: compilers(env), args },
    { key: 'generator', name: 'Ninja or Make', commands: ['ninja', 'make'], args },
    ...list,
  ];
}

/** What `npm test` needs beside what the build needs. @returns {Prerequisite[]} */
export function testPrerequisites({ env = process.env, platform = process.platform } = {}) {
  const rust = [
    { key: 'rustfmt', name: 'rustfmt', commands: ['cargo'], args: ['fmt', '--version'] },
    { key: 'clippy', name: 'clippy', commands: ['cargo'], args: ['clippy', '--version'] },
  ];
  if (platform === 'win32') return rust;
  // Asked of the compiler, as a library has no program that tells its version.
  const includes = ['-fsyntax-only', '-x', 'c++', '-include', 'gtest/gtest.h', '/dev/null'];
  const gtest = { key: 'gtest', name: 'GoogleTest', commands: compilers(env), args: includes };
  const readelf = { key: 'readelf', name: 'readelf', commands: ['readelf'], args: ['--version'] };
  return [...rust, gtest, ...(platform === 'linux' ? [readelf] : [])];
}

/** What `npm run test:npu-compile` needs beside what the build needs. @returns {Prerequisite[]} */
export function npuPrerequisites() {
  const args = ['--version'];
  return [
    { key: 'wine', name: 'Wine, 64 bits', commands: ['wine', 'wine64'], args, minimum: '8.0' },
    { key: 'mingw', name: 'mingw-w64 compiler', commands: ['x86_64-w64-mingw32-gcc'], args },
  ];
}

function compilers(env) {
  return [...(env.CXX ? [env.CXX] : []), 'c++', 'g++', 'clang++'];
}

/** The lowest Rust version, as the crate itself declares it. */
function rustVersionOfCrate() {
  const manifest = readFileSync(join(ROOT, 'native', 'tokenizer', 'Cargo.toml'), 'utf8');
  const version = /^rust-version\s*=\s*"([^"]+)"/m.exec(manifest);
  if (!version) throw new Error('native/tokenizer/Cargo.toml declares no rust-version.');
  return version[1];
}

/**
 * Looks for all of them before it complains, so that one attempt names everything that is missing.
 * @param {Prerequisite[]} list
 * @param {(command: string, args: string[]) => string | null} [probe]  the program's output; null: it can't run, or fails
 * @param {string} [what]  needs them
 * @returns {Record<string, string>} key → command found
 * @throws Error that names each missing one and the way to get it
 */
export function requirePrerequisites(list, probe = outputOf, what = 'The build') {
  const found = {};
  const missing = [];
  for (const prerequisite of list) {
    const { command, problem } = find(prerequisite, probe);
    if (command) found[prerequisite.key] = command;
    else missing.push(describe(prerequisite, problem));
  }
  if (missing.length > 0) throw new Error(`${what} needs what this machine lacks:\n${missing.join('\n')}`);
  return found;
}

function find({ commands, args, minimum }, probe) {
  let problem = 'not found';
  for (const command of commands) {
    const output = probe(command, args);
    if (output === null) continue;
    if (!minimum) return { command };
    const version = /\d+(\.\d+)+/.exec(output)?.[0] ?? '0';
    if (compareVersions(version, minimum) >= 0) return { command };
    problem = `${command} has version ${version}`;
  }
  return { problem };
}

function compareVersions(a, b) {
  return a.localeCompare(b, 'en', { numeric: true });
}

function describe({ key, name, minimum }, problem) {
  const ways = Object.entries(INSTALL[key]).map(([system, way]) => `      ${`${system}:`.padEnd(9)}${way}`);
  return [`  - ${name}${minimum ? ` ${minimum} or newer` : ''} (${problem})`, ...ways].join('\n');
}

function outputOf(command, args) {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8', shell: process.platform === 'win32' });
  return status === 0 ? stdout : null;
}
