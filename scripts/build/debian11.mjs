/**
 * A Debian 11 root (glibc 2.31, GCC 10), in which the published binaries are built: they run on it and on all that is newer.
 * What is C or C++ comes from Debian; Rust, Node, the SDK and the checkout are the machine's own, at their own paths. Needs
 * debootstrap and root.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { cacheDirectory, ROOT } from './paths.mjs';
import { prerequisites, requirePrerequisites } from './prerequisites.mjs';
import { run, stage } from './run.mjs';
import { openvinoCmakeDirectory } from './sdk.mjs';
import { pipDownload, pythonUnzip, unpackedWheel } from './wheel.mjs';

const PACKAGES = 'g++,make,ninja-build,python3-pip,binutils';

/** The folder of the root; made by the first build in it. */
export const DEBIAN11 = join(cacheDirectory(), 'roots', `debian11-${process.arch}`);

/** Debian 11 has CMake 3.18, which is too old. */
const CMAKE_VERSION = '3.31.10';
const CMAKE_WHEELS = {
  x64: cmakeWheel('x86_64', '2f766bb46367e5e0559fa33184653754bce044583a06014dcaebf8e6dff8a1f1'),
  arm64: cmakeWheel('aarch64', 'a4a5615f31f692c9b9aa8b365704e4b76172348af6fa40e16fea3f118bb01194'),
};

function cmakeWheel(processor, sha256) {
  return {
    requirement: `cmake==${CMAKE_VERSION}`,
    file: `cmake-${CMAKE_VERSION}-py3-none-manylinux_2_17_${processor}.manylinux2014_${processor}.whl`,
    sha256,
    tags: ['--platform', `manylinux2014_${processor}`, '--python-version', '3.9'],
  };
}

/**
 * Runs Node with `args` in the root. Build trees there are others than those of the machine's compiler.
 * @throws Error if this is not Linux, or a tool or a right is missing
 */
export async function runInDebian11(args) {
  if (process.platform !== 'linux') throw new Error('Binaries for an old glibc are built on Linux.');
  if (process.getuid() !== 0)
    throw new Error('Building in a Debian 11 root needs root: debootstrap, mount and chroot.');
  const { python } = requirePrerequisites(prerequisites());
  await stage('Debian 11', makeRoot);
  const cmake = await cmakeFolder(python);
  const sdk = await openvinoCmakeDirectory({ python });
  const cargoHome = process.env.CARGO_HOME || join(homedir(), '.cargo');
  const rust = outputOf('rustc', ['--print', 'sysroot']);
  run('cargo', ['fetch', '--locked'], { cwd: join(ROOT, 'native', 'tokenizer') });

  const trees = join(ROOT, '.cache', 'debian11');
  inDebian11({
    mounts: [
      ...[ROOT, cacheDirectory(), cargoHome, rust, sdk].map((path) => [path, path]),
      [join(trees, 'cmake'), join(ROOT, '.cache', 'cmake')],
      [join(trees, 'build'), join(ROOT, 'build')],
      [process.execPath, '/usr/local/bin/node'],
    ],
    env: {
      PATH: [join(cmake, 'bin'), join(rust, 'bin'), '/usr/local/bin', '/usr/bin', '/bin'].join(':'),
      HOME: homedir(),
      LANG: 'C.UTF-8',
      CARGO_HOME: cargoHome,
      CARGO_NET_OFFLINE: 'true',
      OVEMBED_CACHE_DIR: cacheDirectory(),
      OpenVINO_DIR: sdk,
    },
    command: ['/usr/local/bin/node', ...args],
  });
}

function makeRoot() {
  if (existsSync(DEBIAN11)) return;
  if (!outputOf('which', ['debootstrap'])) {
    throw new Error('debootstrap is missing. Debian, Ubuntu: sudo apt install debootstrap debian-archive-keyring');
  }
  mkdirSync(dirname(DEBIAN11), { recursive: true });
  const temporary = mkdtempSync(`${DEBIAN11}.tmp-`);
  try {
    run('debootstrap', ['--variant=minbase', `--include=${PACKAGES}`, 'bullseye', temporary]);
    chmodSync(temporary, 0o755);
    renameSync(temporary, DEBIAN11);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    throw error;
  }
}

async function cmakeFolder(python) {
  const directory = await unpackedWheel(CMAKE_WHEELS[process.arch], {
    directory: join(cacheDirectory(), 'tools', `cmake-${CMAKE_VERSION}-${process.arch}`),
    wheelDirectory: join(cacheDirectory(), 'wheels'),
    download: pipDownload(python),
    unpack: pythonUnzip(python),
  });
  const folder = join(directory, 'cmake', 'data');
  for (const name of readdirSync(join(folder, 'bin'))) chmodSync(join(folder, 'bin', name), 0o755); // zipfile drops modes
  return folder;
}

/**
 * Runs a command in the root, in a mount namespace of its own: the mounts end with it.
 * @param {{ mounts: [from: string, to: string][], env: Record<string, string>, command: string[], cwd?: string }} options
 */
export function inDebian11({ mounts, env, command, cwd = ROOT }) {
  const script = [
    'set -eu',
    'root=$1; shift',
    'mount -t proc proc "$root/proc"',
    'mount --rbind /dev "$root/dev"',
    'mount --rbind /sys "$root/sys"',
    'mount -t tmpfs tmpfs "$root/tmp"',
    'while [ "$1" != -- ]; do',
    '  if [ -d "$1" ]; then mkdir -p "$root$2"; else mkdir -p "$(dirname "$root$2")"; [ -e "$root$2" ] || : > "$root$2"; fi',
    '  mount --rbind "$1" "$root$2"; shift 2',
    'done; shift',
    'exec chroot "$root" "$@"',
  ].join('\n');
  for (const [from] of mounts) if (!existsSync(from)) mkdirSync(from, { recursive: true });
  const settings = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  run('unshare', [
    ...['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', DEBIAN11, ...mounts.flat(), '--'],
    ...['/usr/bin/env', '-i', ...settings, 'sh', '-c', 'cd "$1"; shift; exec "$@"', 'sh', cwd, ...command],
  ]);
}

function outputOf(command, args) {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : '';
}
