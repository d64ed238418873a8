/** Formatting, lint and types, for all three languages. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { clangFormat } from './clang-format.mjs';
import { CARGO_TARGET, ROOT } from './paths.mjs';
import { prerequisites, requirePrerequisites } from './prerequisites.mjs';

const require = createRequire(import.meta.url);

/**
 * Runs every check, also after one has failed, with its output passed through.
 * @param {{ fix?: boolean }} [options]  `fix`: write what can be repaired instead of complaining about it
 * @returns {Promise<{ name: string, ok: boolean }[]>}
 */
export async function runChecks({ fix = false } = {}) {
  const { python } = requirePrerequisites(prerequisites());
  const results = [];
  for (const { name, command, args, cwd = ROOT } of await checks({ fix, python })) {
    console.log(`[ovembed] ${name}`);
    const { status } = spawnSync(command, args, { cwd, stdio: 'inherit' });
    results.push({ name, ok: status === 0 });
    if (status !== 0) console.log(`[ovembed] ${name}: failed`);
  }
  return results;
}

async function checks({ fix, python }) {
  const crate = join(ROOT, 'native', 'tokenizer');
  const clippy = [
    'clippy',
    '--release',
    '--all-targets',
    '--locked',
    '--target-dir',
    CARGO_TARGET,
    '--',
    '-D',
    'warnings',
  ];
  const sources = cppSources();
  return [
    {
      name: 'biome',
      ...nodeTool('@biomejs/biome', 'biome', ['check', '--error-on-warnings', ...(fix ? ['--write'] : [])]),
    },
    { name: 'tsc', ...nodeTool('typescript', 'tsc', ['--noEmit', '-p', 'tsconfig.json']) },
    { name: 'tsc pages', ...nodeTool('typescript', 'tsc', ['-p', 'lib/server/pages/tsconfig.json']) },
    { name: 'tsc page', ...nodeTool('typescript', 'tsc', ['-p', 'lib/map/page/tsconfig.json']) },
    { name: 'tsc test', ...nodeTool('typescript', 'tsc', ['-p', 'test/tsconfig.json']) },
    {
      name: 'clang-format',
      command: await clangFormat(python),
      args: [...(fix ? ['-i'] : ['--dry-run', '-Werror']), ...sources],
    },
    { name: 'cargo fmt', command: 'cargo', args: ['fmt', ...(fix ? [] : ['--check'])], cwd: crate },
    { name: 'clippy', command: 'cargo', args: clippy, cwd: crate },
  ];
}

/** The program of an npm package, as its package.json names it, run by this Node on any platform. */
function nodeTool(packageName, program, args) {
  const manifest = require.resolve(`${packageName}/package.json`);
  const script = join(manifest, '..', require(manifest).bin[program]);
  return { command: process.execPath, args: [script, ...args] };
}

function cppSources() {
  return ['core', 'faults', 'addon', 'tests', 'tools'].flatMap((folder) => {
    const directory = join(ROOT, 'native', folder);
    const names = readdirSync(directory, { recursive: true });
    return names.filter((name) => /\.(c|cpp|h)$/.test(name)).map((name) => join(directory, name));
  });
}
