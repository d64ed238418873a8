/** Words of dynamic loaders that cannot be had here, and processors of other machines. What can: test/e2e/load-addon.test.ts. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { cpuProblem, explainLoadFailure } from '../../lib/load-addon.js';

const file = '/app/node_modules/ovembed/prebuilds/linux-x64/ovembed.glibc.node';

describe('the words of other loaders', () => {
  test.each<[string, string, RegExp]>([
    [
      'musl',
      `Error loading shared library ld-linux-x86-64.so.2: No such file or directory (needed by ${file})`,
      /built for glibc.*musl \(Alpine\).*Debian/,
    ],
    ['musl, symbols', `Error relocating ${file}: __memcpy_chk: symbol not found`, /musl/],
    [
      'musl, libraries',
      `Error loading shared library libtbb.so.12: No such file (needed by ${file})`,
      /^libtbb\.so\.12, needed by .* is missing/,
    ],
    [
      'macOS',
      `dlopen(${file}, 0x0001): Library not loaded: @rpath/libopenvino.2641.dylib\n  Referenced from: ${file}`,
      /^libopenvino\.2641\.dylib, needed by .* is missing/,
    ],
    [
      'macOS, processor',
      `dlopen(${file}): mach-o file, but is an incompatible architecture (have 'x86_64')`,
      /another processor/,
    ],
    ['Windows', `The specified module could not be found.\n\\\\?\\${file}`, /^a library, needed by .* is missing/],
    ['Windows, processor', `\\\\?\\${file} is not a valid Win32 application.`, /another processor/],
    [
      'Windows, functions',
      `The specified procedure could not be found.\n\\\\?\\${file}`,
      /not the one it was built with/,
    ],
    ['SELinux', `${file}: cannot make segment writable for relocation: Permission denied`, /policy \(SELinux/],
    ['something new', 'the stars are wrong', /the stars are wrong\. In a clone.*glibc 2\.31/],
  ])('%s', (_, message, explanation) => {
    expect(explainLoadFailure(file, new Error(message))).toMatch(explanation);
  });
});

describe('a system that is too old is told which is not', () => {
  const { arch } = process;
  afterEach(() => {
    Object.defineProperty(process, 'arch', { value: arch });
    vi.resetModules();
  });

  test.each([
    ['x64', '2.31', 'Debian 11, Ubuntu 20.04, RHEL 9 or later'],
    ['arm64', '2.34', 'Debian 12, Ubuntu 22.04 or later'],
  ])('%s', async (value, glibc, releases) => {
    Object.defineProperty(process, 'arch', { value });
    vi.resetModules();
    const { explainLoadFailure: explain } = await import('../../lib/load-addon.js');
    expect(explain(file, new Error("version `GLIBC_9.99' not found"))).toContain(`Use a newer release: ${releases}.`);
    expect(explain(file, new Error('something new'))).toContain(`need glibc ${glibc} or newer`);
  });
});

describe('a processor is refused only if it says that it has no AVX2', () => {
  const cpuinfo = (flags: string) => `processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: ${flags}\nbugs\t\t:\n`;
  test.each<[string, RegExp | undefined]>([
    [cpuinfo('fpu avx avx2 bmi2'), undefined],
    [cpuinfo('fpu avx avx_vnni'), /^Some CPU has no AVX2/],
    ['processor\t: 0\nFeatures\t: fp asimd\n', undefined],
    ['', undefined],
  ])('%j', (text, problem) => {
    const found = cpuProblem(text);
    if (problem) expect(found).toMatch(problem);
    else expect(found).toBeUndefined();
  });
});
