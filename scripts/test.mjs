/**
 * node scripts/test.mjs [--full]   builds, then runs every runner, and ends with one line `N passed, N failed`.
 * `--full` runs long tests at their full counts (`OVEMBED_TEST_FULL=1`). Exits with 1 if anything failed.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildNative } from './build/native.mjs';
import { buildTypeScript } from './build/ts.mjs';
import { describeCounts, sum } from './test/results.mjs';
import { checks, cpp, rust, typescript } from './test/runners.mjs';

if (process.argv.includes('--full')) process.env.OVEMBED_TEST_FULL = '1';

/** What a runner throws must not keep the others from running, nor the closing line from being printed. */
async function outcome(run, reports) {
  const start = performance.now();
  const result = await run(reports).catch((error) => ({
    ...{ name: run.name, passed: 0, failed: 1, skipped: 0 },
    problem: error.message,
  }));
  return { ...result, seconds: (performance.now() - start) / 1000 };
}

async function build() {
  await buildNative({ tests: true });
  await buildTypeScript();
  return { name: 'Build', passed: 0, failed: 0, skipped: 0 };
}

const reports = mkdtempSync(join(tmpdir(), 'ovembed-test-'));
const outcomes = [];
for (const run of [build, cpp, rust, checks, typescript]) outcomes.push(await outcome(run, reports));
rmSync(reports, { recursive: true });

for (const result of outcomes) {
  const problem = result.problem ? `: ${result.problem}` : '';
  console.log(
    `${result.name.padEnd(12)}${result.seconds.toFixed(1).padStart(7)} s   ${describeCounts(result)}${problem}`,
  );
}
const total = sum(outcomes);
console.log(describeCounts(total));
process.exitCode = total.failed > 0 ? 1 : 0;
