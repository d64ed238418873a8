/**
 * node scripts/pack.mjs   makes the tarballs that are published, in .cache/packages/, from prebuilds/ (npm run prebuildify) and
 *                         dist/. Prints their sizes; fails where what every user gets is more than the ceiling, or a binary of
 *                         Linux needs a newer system than is promised.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { elfProblems } from './build/elf-versions.mjs';
import { inMb, overCeiling, stagePackages } from './build/packages.mjs';
import { PACKAGES, ROOT } from './build/paths.mjs';

rmSync(PACKAGES, { recursive: true, force: true });
mkdirSync(PACKAGES, { recursive: true });
const staged = stagePackages({ prebuilds: join(ROOT, 'prebuilds'), target: join(PACKAGES, 'staged') });

const packed = staged.map((each) => ({ ...each, ...pack(each.folder) }));
for (const { name, file, download, unpacked } of packed) {
  console.log(
    `${name.padEnd(24)} ${inMb(unpacked).padStart(9)} unpacked, ${inMb(download).padStart(8)} to download  ${file}`,
  );
}

const tooNew = staged.filter(({ platform }) => platform?.startsWith('linux')).flatMap(elfProblems);
const problems = [...overCeiling(packed), ...tooNew];
for (const problem of problems) console.error(`[ovembed] ${problem}`);
if (problems.length > 0) process.exitCode = 1;

function pack(folder) {
  const args = ['pack', folder, '--ignore-scripts', '--json', '--pack-destination', PACKAGES];
  const shell = process.platform === 'win32'; // npm is a batch file there
  const [{ filename, size, unpackedSize }] = JSON.parse(execFileSync('npm', args, { encoding: 'utf8', shell }));
  return { file: join(PACKAGES, filename), download: size, unpacked: unpackedSize };
}
