/** node scripts/check-package.mjs   the package as npm packs it: publint, and whether its types resolve as its modules do (attw). */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programPath } from './build/checks.mjs';
import { ROOT } from './build/paths.mjs';

const folder = mkdtempSync(join(tmpdir(), 'ovembed-package-'));
const node = (...args) =>
  spawnSync(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] }).status === 0;

/** Nothing is built: `prepare` would begin with that. */
function pack() {
  const args = ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder];
  const { status } = spawnSync('npm', args, {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new Error('npm pack failed.');
  return join(folder, readdirSync(folder)[0]);
}

try {
  const tarball = pack();
  const isWell = [
    node(programPath('publint', 'publint'), 'run', tarball, '--strict'),
    // Node 10's way to find modules knows no sub-paths; no Node that ovembed runs in has it.
    node(
      programPath('@arethetypeswrong/cli', 'attw'),
      tarball,
      '--profile',
      'node16',
      '--format',
      'ascii',
      '--no-emoji',
    ),
  ];
  process.exitCode = isWell.every(Boolean) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
