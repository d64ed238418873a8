/** The native stages: prerequisites, OpenVINO SDK, then CMake through cmake-js, which knows where Node-API's headers are. */
import { createRequire } from 'node:module';
import { BUILD_OUTPUT, CMAKE_TREE, ROOT } from './paths.mjs';
import { prerequisites, requirePrerequisites, testPrerequisites } from './prerequisites.mjs';
import { run, stage } from './run.mjs';
import { openvinoCmakeDirectory } from './sdk.mjs';

/**
 * Builds the addon and puts it, with the runtime libraries, into build/Release.
 * @param {{ tests?: boolean, tools?: boolean }} [options]  what to build too: the C++ tests, and the programs that tests
 *   and benchmarks run
 */
export async function buildNative({ tests = false, tools = tests } = {}) {
  const needed = [...prerequisites(), ...(tests ? testPrerequisites() : [])];
  const { python } = await stage('Prerequisites', () => requirePrerequisites(needed));
  const openvinoDirectory = await stage('OpenVINO SDK', () => openvinoCmakeDirectory({ python }));
  await stage('Tokenizer (Rust) and addon (C++)', () => runCmake({ openvinoDirectory, tests, tools }));
}

/**
 * What is up to date is CMake's business. cmake-js's own `compile` is not used: it never configures a second time, and
 * it answers a compile error by deleting the tree and building everything again.
 */
function runCmake({ openvinoDirectory, tests, tools }) {
  const settings = {
    OpenVINO_DIR: openvinoDirectory,
    OVEMBED_OUTPUT_DIR: BUILD_OUTPUT,
    OVEMBED_BUILD_TESTS: tests ? 'ON' : 'OFF',
    OVEMBED_BUILD_TOOLS: tools ? 'ON' : 'OFF',
  };
  const cmakeJs = createRequire(import.meta.url).resolve('cmake-js/bin/cmake-js');
  const options = ['--directory', ROOT, '--out', CMAKE_TREE, '--log-level', 'warn'];
  const definitions = Object.entries(settings).map(([name, value]) => `--CD${name}=${value}`);
  run(process.execPath, [cmakeJs, 'configure', ...options, ...definitions]);
  run(process.execPath, [cmakeJs, 'build', ...options]);
}
