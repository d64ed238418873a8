/**
 * node scripts/prebuildify.mjs   fills prebuilds/<platform>-<arch>/ with the addon and the runtime libraries.
 * Nothing is stripped: prebuildify would strip OpenVINO's libraries too, and they are not ours to change.
 */
import { copyFileSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import prebuildify from 'prebuildify';
import { BUILD_OUTPUT, ROOT } from './build/paths.mjs';

const target = join(ROOT, 'prebuilds', `${process.platform}-${process.arch}`);
rmSync(target, { recursive: true, force: true });

await promisify(prebuildify)({
  cwd: ROOT,
  targets: [process.versions.node],
  napi: true,
  tagLibc: process.platform === 'linux',
  nodeGyp: `"${process.execPath}" "${join(ROOT, 'scripts', 'build', 'node-gyp-shim.mjs')}"`,
  shell: true,
});

// prebuildify takes the addon away from build/Release, and copies only what is named like a shared library.
const addon = readdirSync(target).find((name) => name.endsWith('.node'));
copyFileSync(join(target, addon), join(BUILD_OUTPUT, 'ovembed.node'));
for (const entry of readdirSync(BUILD_OUTPUT, { withFileTypes: true })) {
  if (!entry.isFile() || entry.name.endsWith('.node') || existsSync(join(target, entry.name))) continue;
  copyFileSync(join(BUILD_OUTPUT, entry.name), join(target, entry.name));
}
console.log(`[ovembed] ${readdirSync(target).length} files in ${target}`);
