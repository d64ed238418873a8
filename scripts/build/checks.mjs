/** Static checks: formatting, lint and types of all three languages; then the public interface and the package. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { clangFormat } from './clang-format.mjs';
import { CARGO_TARGET, ROOT } from './paths.mjs';
import { prerequisites, requirePrerequisites } from './prerequisites.mjs';

/**
 * Runs every check, also after one has failed; as many at once as there are cores. Of one that is well only its time is printed.
 * @param {{ fix?: boolean, sourcesOnly?: boolean }} [options]  `fix`: write what can be repaired instead of complaining about
 *   it; `sourcesOnly`: those that need no dist/
 * @returns {Promise<{ name: string, ok: boolean }[]>}
 */
export async function runChecks({ fix = false, sourcesOnly = false } = {}) {
  const { python } = requirePrerequisites(prerequisites());
  const waiting = [...(await sourceChecks({ fix, python })), ...(sourcesOnly ? [] : builtChecks())];
  const results = [];
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) results.push(await run(next));
  };
  // What one repairs, another must not be reading.
  await Promise.all(Array.from({ length: fix ? 1 : availableParallelism() }, work));
  return results;
}

async function run({ name, command, args, cwd = ROOT }) {
  const start = performance.now();
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  const [status] = await once(child, 'close');
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(status === 0 ? `[ovembed] ${name}: ${seconds} s` : `${output}[ovembed] ${name}: failed, ${seconds} s`);
  return { name, ok: status === 0 };
}

async function sourceChecks({ fix, python }) {
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

/** They read dist/. */
function builtChecks() {
  const script = (...args) => ({ command: process.execPath, args: [join(ROOT, 'scripts', args[0]), ...args.slice(1)] });
  return [
    { name: 'API reference', ...script('api-reference.mjs', '--check') },
    { name: 'API report', ...script('api-report.mjs', '--check') },
    { name: 'package', ...script('check-package.mjs') },
  ];
}

/** The program of an npm package, as its package.json names it, run by this Node on any platform. */
function nodeTool(packageName, program, args) {
  return { command: process.execPath, args: [programPath(packageName, program), ...args] };
}

/** Path of an npm package's program. Not by `require.resolve`: some packages do not export their package.json. */
export function programPath(packageName, program) {
  const folder = join(ROOT, 'node_modules', packageName);
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return join(folder, typeof bin === 'string' ? bin : bin[program]);
}

function cppSources() {
  return ['core', 'faults', 'addon', 'tests', 'tools'].flatMap((folder) => {
    const directory = join(ROOT, 'native', folder);
    const names = readdirSync(directory, { recursive: true });
    return names.filter((name) => /\.(c|cpp|h)$/.test(name)).map((name) => join(directory, name));
  });
}
