/**
 * node scripts/prebuildify.mjs [--old-glibc]   fills prebuilds/<platform>-<arch>/ with the addon and the runtime libraries
 *   --old-glibc   builds in a Debian 11 root (scripts/build/debian11.mjs), as what is published must be
 *
 * Symbols and debug information are taken out of the addon only: prebuildify would strip OpenVINO's libraries too, and they
 * are not ours to change.
 */
import { copyFileSync, cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import prebuildify from 'prebuildify';
import { runInDebian11 } from './build/debian11.mjs';
import { writeNotices } from './build/notice.mjs';
import { BUILD_OUTPUT, ROOT } from './build/paths.mjs';
import { prerequisites, requirePrerequisites } from './build/prerequisites.mjs';
import { run } from './build/run.mjs';
import { openvinoCmakeDirectory } from './build/sdk.mjs';

const { values } = parseArgs({ options: { 'old-glibc': { type: 'boolean' } } });
if (values['old-glibc']) await runInDebian11([fileURLToPath(import.meta.url)]);
else await fillPrebuilds();

async function fillPrebuilds() {
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

  // prebuildify takes the addon away from build/Release, and copies only what is named like a shared library.
  const addon = join(
    staged,
    readdirSync(staged).find((name) => name.endsWith('.node')),
  );
  copyFileSync(addon, join(BUILD_OUTPUT, 'ovembed.node'));
  if (process.platform === 'linux') run('strip', ['--strip-unneeded', addon]);
  for (const entry of readdirSync(BUILD_OUTPUT, { withFileTypes: true })) {
    if (!entry.isFile() || entry.name.endsWith('.node') || existsSync(join(staged, entry.name))) continue;
    copyFileSync(join(BUILD_OUTPUT, entry.name), join(staged, entry.name));
  }
  const { python } = requirePrerequisites(prerequisites());
  writeNotices(staged, await openvinoCmakeDirectory({ python }));
  const target = join(ROOT, 'prebuilds', platform);
  rmSync(target, { recursive: true, force: true });
  cpSync(staged, target, { recursive: true });
  rmSync(staged, { recursive: true });
  console.log(`[ovembed] ${readdirSync(target).length} files in ${target}`);
}
