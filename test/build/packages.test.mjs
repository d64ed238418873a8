/** What is published runs on old systems, is no larger than promised, and has its licences. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { binariesOf, elfProblems, versionsNeeded } from '../../scripts/build/elf-versions.mjs';
import { notice } from '../../scripts/build/notice.mjs';
import { CEILING, overCeiling, stagePackages } from '../../scripts/build/packages.mjs';
import { BUILD_OUTPUT, ROOT } from '../../scripts/build/paths.mjs';

const PREBUILDS = join(ROOT, 'prebuilds');
const folder = mkdtempSync(join(tmpdir(), 'ovembed-packages-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.runIf(process.platform === 'linux' && process.arch === 'x64')('binaries of Linux', () => {
  it("OpenVINO's libraries need nothing newer than Debian 11, and look for others beside themselves only", () => {
    const libraries = join(folder, 'libraries');
    mkdirSync(libraries);
    for (const name of readdirSync(BUILD_OUTPUT).filter((each) => /\.so(\.|$)/.test(each))) {
      copyFileSync(join(BUILD_OUTPUT, name), join(libraries, name));
    }
    expect(binariesOf(libraries).length).toBeGreaterThan(9);
    expect(elfProblems({ folder: libraries, platform: 'linux-x64' })).toEqual([]);
  });

  it.runIf(existsSync(join(PREBUILDS, 'linux-x64')))('nor does the addon of prebuilds/', () => {
    const platform = join(PREBUILDS, 'linux-x64');
    expect(binariesOf(platform).some((file) => file.endsWith('.node'))).toBe(true);
    expect(elfProblems({ folder: platform, platform: 'linux-x64' })).toEqual([]);
  });

  it('a version that is too new and a path out of the package are told', () => {
    const changed = join(folder, 'changed');
    mkdirSync(changed);
    const library = readFileSync(join(BUILD_OUTPUT, 'libtbb.so.12'));
    const put = (from, to) => library.write(to, library.indexOf(`${from}\0`), 'latin1');
    put('GLIBC_2.14', 'GLIBC_2.91');
    put('$ORIGIN', '/opt/lb');
    writeFileSync(join(changed, 'libtbb.so.12'), library);
    expect(versionsNeeded(join(changed, 'libtbb.so.12'))).toContain('GLIBC_2.91');
    expect(elfProblems({ folder: changed, platform: 'linux-x64' })).toEqual([
      'libtbb.so.12 needs GLIBC_2.91',
      'libtbb.so.12 looks for libraries in /opt/lb',
    ]);
  });
});

it('every part has a licence text, or nothing is packed', () => {
  const parts = [
    { name: 'a 1', licence: 'MIT', texts: ['Text'] },
    { name: 'b 2', licence: 'MIT', texts: ['Text', 'Other'] },
  ];
  expect(notice(parts)).toMatch(
    /a 1 {2}\(MIT\)\n {2}b 2 {2}\(MIT\)[\s\S]*\na 1, b 2\n=+\n\nText\n[\s\S]*\nb 2\n=+\n\nOther/,
  );
  expect(() => notice([...parts, { name: 'c 3', licence: 'MIT', texts: [] }])).toThrow(/No licence text .* for c 3\./);
});

it('a user of the CPU gets no more than the ceiling', () => {
  const sizes = (role, unpacked, download, platform) => ({ role, unpacked, download, platform });
  const main = sizes('main', 1_000_000, 100_000);
  const { unpacked, download } = CEILING;
  const others = sizes('gpu', 2 * unpacked, 2 * download, 'linux-x64');
  const fits = sizes('cpu', unpacked - 1_000_000, download - 100_000, 'linux-x64');
  expect(overCeiling([fits, others, main])).toEqual([]);
  expect(overCeiling([{ ...fits, download }, others, main])).toEqual([
    expect.stringMatching(/^linux-x64: 35\.1 MB download, more than the 35\.0 MB allowed$/),
  ]);
});

it('packages of other systems get what their names say', () => {
  const prebuilds = join(folder, 'prebuilds');
  for (const [platform, files] of Object.entries(FILES)) {
    mkdirSync(join(prebuilds, platform), { recursive: true });
    for (const name of [...files, 'NOTICE.txt', 'NOTICE-openvino.txt'])
      writeFileSync(join(prebuilds, platform, name), '');
  }
  const staged = stagePackages({ prebuilds, target: join(folder, 'staged') });
  const contents = Object.fromEntries(
    staged
      .filter(({ role }) => role !== 'main')
      .map(({ name, folder }) => [
        name,
        readdirSync(folder)
          .filter((each) => !COMMON.includes(each))
          .sort(),
      ]),
  );
  expect(contents).toEqual({
    '@ovembed/win32-x64': ['openvino.dll', 'openvino_intel_cpu_plugin.dll', 'ovembed.node', 'tbb12.dll'],
    '@ovembed/win32-x64-gpu': ['cache.json', 'openvino_auto_plugin.dll', 'openvino_intel_gpu_plugin.dll'],
    '@ovembed/win32-x64-npu': [
      'openvino_auto_plugin.dll',
      'openvino_intel_npu_compiler.dll',
      'openvino_intel_npu_plugin.dll',
    ],
    '@ovembed/darwin-arm64': ['libopenvino.2641.dylib', 'libopenvino_arm_cpu_plugin.so', 'ovembed.node'],
  });
  const main = JSON.parse(readFileSync(join(folder, 'staged/ovembed/package.json'), 'utf8'));
  expect(Object.keys(main.optionalDependencies).sort()).toEqual(['@ovembed/darwin-arm64', '@ovembed/win32-x64']);
  expect(main.peerDependenciesMeta['@ovembed/win32-x64-gpu']).toEqual({ optional: true });
});

const COMMON = ['LICENSE', 'NOTICE.txt', 'README.md', 'package.json'];
const FILES = {
  'win32-x64': [
    ...['ovembed.node', 'openvino.dll', 'openvino_intel_cpu_plugin.dll', 'tbb12.dll', 'openvino_auto_plugin.dll'],
    ...[
      'openvino_intel_gpu_plugin.dll',
      'cache.json',
      'openvino_intel_npu_plugin.dll',
      'openvino_intel_npu_compiler.dll',
    ],
  ],
  'darwin-arm64': [
    'ovembed.node',
    'libopenvino.2641.dylib',
    'libopenvino_arm_cpu_plugin.so',
    'libopenvino_auto_plugin.so',
  ],
};
