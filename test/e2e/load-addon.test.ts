/** Every way in which the addon cannot be loaded, provoked for real: the error says the cause and the remedy. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { BUILD_OUTPUT } from '../../scripts/build/paths.mjs';
import { copyPackage } from '../package-copy.js';

const folder = mkdtempSync(join(tmpdir(), 'ovembed-load-'));
chmodSync(folder, 0o755); // another user reads it, too
const package_ = join(folder, 'package');
const output = join(package_, 'build/Release');
const addon = join(output, 'ovembed.node');
const openvino = join(output, 'libopenvino.so.2641');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface LoadError {
  code: string;
  message: string;
  /** The loader's own words. */
  cause?: string;
}

interface LoadOptions {
  root?: string;
  /** Of Node. */
  args?: string[];
  uid?: number;
  env?: NodeJS.ProcessEnv;
}

/** What loading the addon of `root` ends in, in a process of its own: `null` when it loads. */
function load({ root = package_, args = [], ...options }: LoadOptions = {}): LoadError | null {
  const program = `
    try { require(${JSON.stringify(join(root, 'dist/native.js'))}).native(); console.log('null'); }
    catch ({ code, message, cause }) { console.log(JSON.stringify({ code, message, cause: cause?.message })); }`;
  const child = spawnSync(process.execPath, [...args, '-e', program], { encoding: 'utf8', cwd: '/', ...options });
  expect(child).toMatchObject({ status: 0, signal: null });
  return JSON.parse(child.stdout) as LoadError | null;
}

const failure = (message: RegExp, cause: RegExp = /./) => ({
  code: 'ERR_NATIVE_LOAD',
  message: expect.stringMatching(message),
  cause: expect.stringMatching(cause),
});

/** Found before the dynamic loader is asked. */
const broken = (message: RegExp) => ({ code: 'ERR_NATIVE_LOAD', message: expect.stringMatching(message) });

/** Another file in place of one of the package; libraries are links, and what they point to is left alone. */
function put(file: string, content: string | Buffer): void {
  rmSync(file, { force: true });
  writeFileSync(file, content);
}

/** Another name of equal length, so that the file stays sound. */
function renamed(file: string, from: string, to: string): Buffer {
  const bytes = readFileSync(file);
  const at = bytes.indexOf(`${from}\0`);
  expect(at).toBeGreaterThan(0);
  bytes.write(to, at, 'latin1');
  return bytes;
}

describe.runIf(process.platform === 'linux')('on Linux', () => {
  beforeEach(() => {
    rmSync(package_, { recursive: true, force: true });
    copyPackage(package_);
  });

  test('it loads as it is', () => {
    expect(load()).toBeNull();
  });

  test('no binary', () => {
    rmSync(join(package_, 'build'), { recursive: true });
    expect(load()).toEqual(
      failure(/no binary for this platform in .*npm run build:native.*glibc 2\.31/, /No native build/),
    );
  });

  test.each([0, 100, 100_000])('the addon cut to %i bytes', (length) => {
    truncateSync(addon, length);
    expect(load()).toEqual(
      broken(/ovembed\.node is (no library, or not the whole of one|cut: it has \d+ of).*Reinstall/),
    );
  });

  test('an addon for another processor', () => {
    const bytes = readFileSync(addon);
    bytes.writeUInt16LE(183, 18); // e_machine of ELF: AArch64
    put(addon, bytes);
    expect(load()).toEqual(broken(/ovembed\.node is for another processor/));
  });

  test('an empty library', () => {
    put(openvino, '');
    expect(load()).toEqual(broken(/libopenvino\.so\.2641 is no library.*Reinstall/));
  });

  // The dynamic loader would map what is not there, and the process end by SIGBUS.
  test('a library that was cut while it was copied', () => {
    put(openvino, readFileSync(join(BUILD_OUTPUT, 'libopenvino.so.2641')).subarray(0, 1_000_000));
    expect(load()).toEqual(broken(/libopenvino\.so\.2641 is cut: it has 1000000 of at least \d+ bytes.*Reinstall/));
  });

  test('no library', () => {
    rmSync(openvino);
    expect(load()).toEqual(failure(/libopenvino\.so\.2641, needed by .*ovembed\.node, is missing.*reinstall/));
  });

  test('a library that another library needs is missing', () => {
    rmSync(join(output, 'libtbb.so.12'));
    expect(load()).toEqual(failure(/libtbb\.so\.12, needed by .*, is missing.*reinstall/));
  });

  test('another library under its name', () => {
    put(openvino, readFileSync(join(BUILD_OUTPUT, 'libtbbmalloc.so.2')));
    expect(load()).toEqual(failure(/is not the one it was built with.*LD_LIBRARY_PATH/, /undefined symbol/));
  });

  test('an older glibc than it needs', () => {
    put(addon, renamed(addon, 'GLIBC_2.14', 'GLIBC_9.99'));
    expect(load()).toEqual(failure(/needs GLIBC_9\.99, and this system has glibc 2\.\d+\. Use a newer release/));
  });

  test('an older libstdc++ than it needs', () => {
    put(addon, renamed(addon, 'GLIBCXX_3.4.21', 'GLIBCXX_9.9.99'));
    expect(load()).toEqual(failure(/needs a libstdc\+\+ with GLIBCXX_9\.9\.99/));
  });

  test("another oneTBB in LD_LIBRARY_PATH does not stand in the way of the package's own", () => {
    const other = join(folder, 'other');
    mkdirSync(other, { recursive: true });
    copyFileSync(join(BUILD_OUTPUT, 'libtbbmalloc.so.2'), join(other, 'libtbb.so.12'));
    expect(load({ env: { ...process.env, LD_LIBRARY_PATH: other } })).toBeNull();
  });

  test('loading addons is forbidden', () => {
    expect(load({ args: ['--no-addons'] })).toEqual(failure(/may not load addons.*--no-addons/));
  });

  test('a processor without AVX2 is refused before anything is loaded', () => {
    const preload = join(folder, 'old-processor.cjs');
    writeFileSync(
      preload,
      `const fs = require('fs'); const read = fs.readFileSync;
       fs.readFileSync = (file, ...rest) => file === '/proc/cpuinfo'
         ? 'model name\\t: Old Processor\\nflags\\t\\t: fpu sse4_2 avx\\n' : read(file, ...rest);`,
    );
    truncateSync(addon, 0); // would be told of as damaged, if it were looked at
    expect(load({ args: ['--require', preload] })).toEqual(broken(/Old Processor has no AVX2.*-cpu host/));
  });

  const root = process.getuid?.() === 0;

  test.runIf(root)('a user who may not read it', () => {
    chmodSync(addon, 0o600);
    expect(load({ uid: 65_534 })).toEqual(failure(/ovembed\.node may not be read by user 65534/, /Permission denied/));
  });

  test.runIf(root)('a volume from which nothing may run', ({ skip }) => {
    const volume = join(folder, 'volume');
    mkdirSync(volume, { recursive: true });
    const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'noexec,size=64m', 'tmpfs', volume]);
    skip(status !== 0, 'no right to mount');
    try {
      copyPackage(join(volume, 'package'));
      expect(load({ root: join(volume, 'package') })).toEqual(
        failure(/mounted noexec.*a volume from which programs may run/),
      );
    } finally {
      execFileSync('umount', [volume]);
    }
  });
});
