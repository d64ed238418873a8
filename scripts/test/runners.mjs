/** The test runners: each streams its output and comes back with its counts. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { runChecks } from '../build/checks.mjs';
import { CARGO_TARGET, CMAKE_TREE, ROOT } from '../build/paths.mjs';
import { judge, readCargoTest, readGoogleTest, readVitest } from './results.mjs';

/** @param {string} reports  directory for the report files */
export async function cpp(reports) {
  const report = join(reports, 'googletest.json');
  const { status } = await execute(join(CMAKE_TREE, 'ovembed_native_tests'), [`--gtest_output=json:${report}`]);
  return judge(status, () => readGoogleTest(readFileSync(report, 'utf8')));
}

export async function rust() {
  const args = ['test', '--release', '--locked', '--no-fail-fast', '--target-dir', CARGO_TARGET];
  const { status, output } = await execute('cargo', args, { cwd: join(ROOT, 'native', 'tokenizer') });
  return judge(status, () => readCargoTest(output));
}

/** Each check counts as one test. */
export async function checks() {
  const results = await runChecks();
  const passed = results.filter(({ ok }) => ok).length;
  return judge(0, () => ({ passed, failed: results.length - passed, skipped: 0 }));
}

export async function typescript(reports) {
  const report = join(reports, 'vitest.json');
  const vitest = join(createRequire(import.meta.url).resolve('vitest/package.json'), '..', 'vitest.mjs');
  const args = [vitest, 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const { status } = await execute(process.execPath, args);
  return judge(status, () => readVitest(readFileSync(report, 'utf8')));
}

/** Passes the program's output through and keeps its standard output. */
async function execute(command, args, { cwd = ROOT } = {}) {
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    process.stdout.write(text);
    output += text;
  });
  const [status] = await once(child, 'close');
  return { status, output };
}
