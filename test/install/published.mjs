/** The packages as they would be published, for tests: from prebuilds/, or, where there are none, from the machine's own build. */
import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeNotices } from '../../scripts/build/notice.mjs';
import { stagePackages } from '../../scripts/build/packages.mjs';
import { BUILD_OUTPUT, ROOT } from '../../scripts/build/paths.mjs';
import { prerequisites, requirePrerequisites } from '../../scripts/build/prerequisites.mjs';
import { openvinoCmakeDirectory } from '../../scripts/build/sdk.mjs';

export const PLATFORM = `${process.platform}-${process.arch}`;

/**
 * @param {string} target  a folder for them
 * @param {{ ownBuild?: boolean }} [options]  the machine's own build, even if there are prebuilds
 */
export async function stagePublished(target, { ownBuild = false } = {}) {
  const prebuilds = join(ROOT, 'prebuilds');
  if (!ownBuild && existsSync(join(prebuilds, PLATFORM))) return stagePackages({ prebuilds, target });
  const built = `${target}-prebuilds`;
  const folder = join(built, PLATFORM);
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(BUILD_OUTPUT)) copyFileSync(join(BUILD_OUTPUT, name), join(folder, name));
  const { python } = requirePrerequisites(prerequisites());
  writeNotices(folder, await openvinoCmakeDirectory({ python, log: () => {} }));
  return stagePackages({ prebuilds: built, target });
}
