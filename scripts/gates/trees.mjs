/** Build trees with instrumented native code, each its own: build/Release stays as it is. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { CARGO_TARGET, ROOT } from '../build/paths.mjs';
import { prerequisites, requirePrerequisites, testPrerequisites } from '../build/prerequisites.mjs';
import { run, stage } from '../build/run.mjs';
import { openvinoCmakeDirectory } from '../build/sdk.mjs';

/** The Rust library is not instrumented and the same in every tree, so Cargo builds it once for all. */
const settings = (tree, sanitize) => ({
  CMAKE_BUILD_TYPE: 'RelWithDebInfo', // reports with lines
  OVEMBED_BUILD_TESTS: 'ON',
  OVEMBED_SANITIZE: sanitize,
  OVEMBED_CARGO_TARGET_DIR: CARGO_TARGET,
  // Where node-gyp-build looks for an addon when OVEMBED_PREBUILD names the tree.
  OVEMBED_OUTPUT_DIR: join(tree, 'build', 'Release'),
});

/**
 * @param {string} name      of the tree in .cache
 * @param {string} sanitize  of the compiler's `-fsanitize=`; empty: none
 * @param {string[]} targets of CMake
 * @returns {Promise<string>} the tree's path
 */
export async function buildTree(name, sanitize, targets) {
  const { python, generator } = requirePrerequisites([...prerequisites(), ...testPrerequisites()]);
  const tree = join(ROOT, '.cache', name);
  const all = { ...settings(tree, sanitize), OpenVINO_DIR: await openvinoCmakeDirectory({ python }) };
  const definitions = Object.entries(all).map(([key, value]) => `-D${key}=${value}`);
  await stage(`Build tree .cache/${name}`, () => {
    const ninja = generator === 'ninja' ? ['-G', 'Ninja'] : [];
    run('cmake', ['-S', ROOT, '-B', tree, ...ninja, ...definitions, '--log-level=WARNING']);
    run('cmake', ['--build', tree, '--parallel', String(availableParallelism()), '--target', ...targets]);
  });
  return tree;
}

/**
 * Whether the compiler can build and the machine run a program with a sanitizer.
 * @returns {string | undefined} why not
 */
export function sanitizerProblem(sanitize, { compiler = process.env.CXX ?? 'c++' } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'ovembed-sanitizer-'));
  try {
    const [source, program] = [join(folder, 'empty.cpp'), join(folder, 'empty')];
    writeFileSync(source, 'int main() { return 0; }\n');
    const build = spawnSync(compiler, [`-fsanitize=${sanitize}`, source, '-o', program], { encoding: 'utf8' });
    const ran = build.status === 0 ? spawnSync(program, { encoding: 'utf8' }) : build;
    if (ran.status === 0) return undefined;
    const words = (ran.error?.message ?? ran.stderr).trim().split('\n')[0];
    return (
      `${compiler} has no runtime for -fsanitize=${sanitize}, or it does not run here (${words}). ` +
      'Debian: libasan, libubsan and libtsan come with g++; Fedora: sudo dnf install libasan libubsan libtsan.'
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @returns {string | undefined} why Valgrind cannot be used */
export function valgrindProblem() {
  if (spawnSync('valgrind', ['--version']).status === 0) return undefined;
  return 'there is no valgrind. Debian: sudo apt install valgrind; Fedora: sudo dnf install valgrind.';
}
