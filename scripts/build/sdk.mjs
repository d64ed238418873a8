/** The OpenVINO SDK (headers, CMake config, runtime libraries), as it is inside the PyPI wheel `openvino`. */
import { join } from 'node:path';
import { cacheDirectory } from './paths.mjs';
import { pipDownload, pythonUnzip, unpackedWheel } from './wheel.mjs';

export const OPENVINO_VERSION = '2026.4.1';

/** Platform as `process.platform-process.arch` → wheel. Only linux-x64 is built and tested here. */
export const WHEELS = {
  'linux-x64': wheel('manylinux_2_28_x86_64', '6b4375c17ddcac83a5180349e2e2bb811185c261066e2a920659892d58ef0e3b'),
  'linux-arm64': wheel('manylinux_2_35_aarch64', '82efccb2f9f1bdc7e5a1996e05a3b719ebff9232dd54b44150d6d2e983a86b7d'),
  'win32-x64': wheel('win_amd64', '4e04316abff1b99e29b8cbd38deaef9bde4739eba216d982d4b3981e456ecd87'),
  'darwin-arm64': wheel('macosx_11_0_arm64', '726ac547b8474a5e7b145bc1ae5a8bb6fbcbb60b79bd9a611c67eec2c74b7a5f'),
};

function wheel(tag, sha256) {
  return {
    requirement: `openvino==${OPENVINO_VERSION}`,
    file: `openvino-${OPENVINO_VERSION}-22982-cp312-cp312-${tag}.whl`,
    sha256,
    // The wheel's Python part isn't used; pinning one Python makes it the same file on every machine.
    tags: ['--platform', tag, '--python-version', '3.12', '--implementation', 'cp', '--abi', 'cp312'],
  };
}

/** Where the unpacked SDK of a platform lives; a new version or a new hash gives a new directory. */
export function sdkDirectory(platform, env = process.env) {
  const name = `openvino-${OPENVINO_VERSION}-${platform}-${WHEELS[platform].sha256.slice(0, 8)}`;
  return join(cacheDirectory(env), 'sdk', name);
}

/**
 * The value for CMake's `OpenVINO_DIR`: the environment's own if set, else the cached SDK, fetched if need be.
 * @param {{ python: string, env?: NodeJS.ProcessEnv, platform?: string, log?: (line: string) => void }} options
 * @returns {Promise<string>} directory of OpenVINOConfig.cmake
 * @throws Error if there is no wheel for the platform, the download fails, or its hash is wrong
 */
export async function openvinoCmakeDirectory(options) {
  const { python, env = process.env, platform = `${process.platform}-${process.arch}`, log = console.log } = options;
  if (env.OpenVINO_DIR) {
    log(`[ovembed] OpenVINO SDK: ${env.OpenVINO_DIR} (from OpenVINO_DIR)`);
    return env.OpenVINO_DIR;
  }
  if (!WHEELS[platform]) {
    const known = Object.keys(WHEELS).join(', ');
    throw new Error(`No OpenVINO SDK is known for ${platform} (only ${known}). Set OpenVINO_DIR to use your own.`);
  }
  const directory = await unpackedWheel(WHEELS[platform], {
    directory: sdkDirectory(platform, env),
    wheelDirectory: join(cacheDirectory(env), 'wheels'),
    download: pipDownload(python),
    unpack: pythonUnzip(python),
  });
  log(`[ovembed] OpenVINO SDK ${OPENVINO_VERSION}: ${directory}`);
  return join(directory, 'openvino', 'cmake');
}
