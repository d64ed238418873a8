/** node scripts/check-staged.mjs   format and lint of the files that are staged; the hook before a commit (.githooks). */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { programPath } from './build/checks.mjs';
import { clangFormat } from './build/clang-format.mjs';
import { ROOT } from './build/paths.mjs';
import { prerequisites, requirePrerequisites } from './build/prerequisites.mjs';

const git = ['diff', '--cached', '--name-only', '--diff-filter=ACMR', '-z'];
const staged = spawnSync('git', git, { cwd: ROOT, encoding: 'utf8' }).stdout.split('\0').filter(Boolean);
const cpp = staged.filter((path) => /^native\/.*\.(c|cpp|h)$/.test(path));
const rust = staged.filter((path) => /^native\/tokenizer\/.*\.rs$/.test(path));

const run = (command, args, cwd = ROOT) => spawnSync(command, args, { cwd, stdio: 'inherit' }).status === 0;
const biome = [programPath('@biomejs/biome', 'biome'), 'check', '--staged', '--no-errors-on-unmatched'];
const results = [run(process.execPath, [...biome, '--error-on-warnings'])];
if (cpp.length > 0) {
  const { python } = requirePrerequisites(prerequisites());
  results.push(run(await clangFormat(python), ['--dry-run', '-Werror', ...cpp]));
}
if (rust.length > 0) results.push(run('cargo', ['fmt', '--check'], join(ROOT, 'native', 'tokenizer')));

if (!results.every(Boolean)) {
  console.error('[ovembed] npm run lint -- --fix repairs most of it; git commit --no-verify goes on without.');
  process.exitCode = 1;
}
