/**
 * node scripts/prebuildify.mjs [--old-glibc | --arm64]   fills prebuilds/<platform>-<arch>/ with the addon and the runtime
 *   --old-glibc   builds in a Debian 11 root (scripts/build/debian11.mjs), as what is published for Linux x64 must be
 *   --arm64       builds for Linux arm64 with a cross compiler (scripts/build/cross-arm64.mjs)
 *
 * Symbols and debug information are taken out of the addon only: prebuildify would strip OpenVINO's libraries too, and they
 * are not ours to change.
 */
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import prebuildify from 'prebuildify';
import { crossBuildForArm64, RUST_TARGET, STRIP } from './build/cross-arm64.mjs';
import { runInDebian11 } from './build/debian11.mjs';
import { writeNotices } from './build/notice.mjs';
import { BUILD_OUTPUT, ROOT } from './build/paths.mjs';
import { prerequisites, requirePrerequisites } from './build/prerequisites.mjs';
import { run } from './build/run.mjs';
import { openvinoCmakeDirectory } from './build/sdk.mjs';

const { values } = parseArgs({ options: { 'old-glibc': { type: 'boolean' }, arm64: { type: 'boolean' } } });
if (values['old-glibc']) await runInDebian11([fileURLToPath(import.meta.url)]);
else if (values.arm64) await forArm64();
else await forThisMachine();

async function forThisMachine() {
  const platform = `${process.platform}-${process.arch}`;
  const staged = join(ROOT, 'build', 'prebuilds', platform); // prebuildify moves: its output must be on build/'s volume
  rmSync(staged, { recursive: true, force: true });

  await promisify(prebuildify)({
    cwd: ROOT,
    out: join(ROOT, 'build'),
    targets: [process.versions.node],
    napi: true,
    tagLibc: process.platform === 'linux',
    nodeGyp: `"${process.execPath}" "${join(ROOT, 'scripts', 'build', 'node-gyp-shim.mjs')}"`,
    shell: true,
  });

  // prebuildify takes the addon away from build/Release.
  const name = readdirSync(staged).find((each) => each.endsWith('.node'));
  copyFileSync(join(staged, name), join(BUILD_OUTPUT, 'ovembed.node'));
  const { python } = requirePrerequisites(prerequisites());
  fill(staged, BUILD_OUTPUT, { sdk: await openvinoCmakeDirectory({ python }) });
  if (process.platform === 'linux') run('strip', ['--strip-unneeded', join(staged, name)]);
  publish(staged, platform);
}

async function forArm64() {
  const { output, sdk } = await crossBuildForArm64();
  const staged = join(ROOT, 'build', 'prebuilds', 'linux-arm64');
  rmSync(staged, { recursive: true, force: true });
  mkdirSync(staged, { recursive: true });
  const addon = join(staged, 'ovembed.glibc.node'); // as prebuildify names it
  copyFileSync(join(output, 'ovembed.node'), addon);
  fill(staged, output, { sdk, rustTarget: RUST_TARGET });
  run(STRIP, ['--strip-unneeded', addon]);
  publish(staged, 'linux-arm64');
}

/** Adds the runtime, of which prebuildify takes only what is named like a shared library, and the licences. */
function fill(staged, output, { sdk, rustTarget }) {
  for (const entry of readdirSync(output, { withFileTypes: true })) {
    if (!entry.isFile() || entry.name.endsWith('.node') || existsSync(join(staged, entry.name))) continue;
    copyFileSync(join(output, entry.name), join(staged, entry.name));
  }
  writeNotices(staged, sdk, { rustTarget });
}

function publish(staged, platform) {
  const target = join(ROOT, 'prebuilds', platform);
  rmSync(target, { recursive: true, force: true });
  cpSync(staged, target, { recursive: true });
  rmSync(staged, { recursive: true });
  console.log(`[ovembed] ${readdirSync(target).length} files in ${target}`);
}
