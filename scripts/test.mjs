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

async function build() {
  await buildNative({ tests: true });
  await buildTypeScript();
  return { passed: 0, failed: 0, skipped: 0 };
}

/** What one of them throws must not keep the others from running, nor the closing line from being printed. */
async function outcome(name, run, reports) {
  const start = performance.now();
  const result = await run(reports).catch(({ message }) => ({ passed: 0, failed: 1, skipped: 0, problem: message }));
  return { name, seconds: (performance.now() - start) / 1000, ...result };
}

function describeOutcome({ name, seconds, problem, ...counts }) {
  const line = `${name.padEnd(12)}${seconds.toFixed(1).padStart(7)} s   ${describeCounts(counts)}`;
  return problem ? `${line}: ${problem}` : line;
}

const RUNNERS = { Build: build, 'C++': cpp, Rust: rust, Checks: checks, TypeScript: typescript };

const reports = mkdtempSync(join(tmpdir(), 'ovembed-test-'));
const outcomes = [];
for (const [name, run] of Object.entries(RUNNERS)) outcomes.push(await outcome(name, run, reports));
rmSync(reports, { recursive: true });

for (const result of outcomes) console.log(describeOutcome(result));
const total = sum(outcomes);
console.log(describeCounts(total));
process.exitCode = total.failed > 0 ? 1 : 0;
