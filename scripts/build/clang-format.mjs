/** clang-format from its PyPI wheel: one version for everybody, since versions differ in how they format. */
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory } from './paths.mjs';
import { pipDownload, pythonUnzip, unpackedWheel } from './wheel.mjs';

const VERSION = '23.1.5';

/** Platform → platform tag pip selects by, tags in the file name, SHA-256. */
const WHEELS = {
  'linux-x64': {
    platform: 'manylinux_2_28_x86_64',
    tags: 'manylinux_2_27_x86_64.manylinux_2_28_x86_64',
    sha256: 'd97ce49911ba8c89ef3f3c0735a9c7818e4780ab4812c67d1c5fcd829d16ae52',
  },
  'linux-arm64': {
    platform: 'manylinux_2_28_aarch64',
    tags: 'manylinux_2_26_aarch64.manylinux_2_28_aarch64',
    sha256: 'e8037e12eae19a9779e01ca6719b8d7f6a939ade8869b061912551c9748a27ad',
  },
  'win32-x64': {
    platform: 'win_amd64',
    tags: 'win_amd64',
    sha256: '18a4a1a698dd52ed4e288c97d99e93910f8f9d0128b266f65021ecf39c85d034',
  },
  'darwin-arm64': {
    platform: 'macosx_11_0_arm64',
    tags: 'macosx_11_0_arm64',
    sha256: '3fb740335d939dd02252cd5075050fc8858466b16cf9c1efa2f52da3baa816a7',
  },
};

/** @returns {Promise<string>} path of the executable, from the cache or fetched into it */
export async function clangFormat(python) {
  const platform = `${process.platform}-${process.arch}`;
  const entry = WHEELS[platform];
  if (!entry) throw new Error(`No clang-format ${VERSION} is known for ${platform}.`);
  const wheel = {
    requirement: `clang-format==${VERSION}`,
    file: `clang_format-${VERSION}-py2.py3-none-${entry.tags}.whl`,
    sha256: entry.sha256,
    tags: ['--platform', entry.platform],
  };
  const directory = await unpackedWheel(wheel, {
    directory: join(cacheDirectory(), 'tools', `clang-format-${VERSION}-${platform}-${entry.sha256.slice(0, 8)}`),
    wheelDirectory: join(cacheDirectory(), 'wheels'),
    download: pipDownload(python),
    unpack: pythonUnzip(python),
  });
  const executable = join(
    directory,
    'clang_format',
    'data',
    'bin',
    process.platform === 'win32' ? 'clang-format.exe' : 'clang-format',
  );
  chmodSync(executable, 0o755); // Python's zipfile doesn't restore modes
  return executable;
}
