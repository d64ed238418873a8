/** Copies of the built package in other folders, for tests that change what a process loads. */
import { copyFileSync, cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { BUILD_OUTPUT, ROOT } from '../scripts/build/paths.mjs';

/**
 * Makes `folder` a copy of the package as it is in the checkout, with another addon if that is given. What Node loads by
 * path is copied, since Node follows links and would find the other addon from there; the libraries are links.
 */
export function copyPackage(folder: string, addon = join(BUILD_OUTPUT, 'ovembed.node')): void {
  const output = join(folder, 'build', 'Release');
  mkdirSync(output, { recursive: true });
  copyFileSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
  cpSync(join(ROOT, 'dist'), join(folder, 'dist'), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  for (const name of readdirSync(BUILD_OUTPUT)) {
    if (!name.endsWith('.node')) symlinkSync(join(BUILD_OUTPUT, name), join(output, name));
  }
  copyFileSync(addon, join(output, 'ovembed.node'));
}
