/**
 * node scripts/npu-compile.mjs [--full] [--continue] [--jobs N] [NAME…]   compiles our graphs for Intel NPUs, none of which
 * need be there, and ends with one line `N passed, N failed`. NAMEs choose configurations of test/fixtures/architectures;
 * `--full` takes all buckets; `--continue` compiles only what an earlier run of the same graphs did not come to. Skipped,
 * with the reason, where Wine or mingw-w64 is missing. Outcomes go to .cache/npu/outcomes.jsonl as they come, and at the
 * end to .cache/npu/outcomes.json, and as Markdown to .cache/npu/outcomes.md, which docs/npu.md has a copy of.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { NPU_TREE, ROOT } from './build/paths.mjs';
import { npuPrerequisites, prerequisites, requirePrerequisites } from './build/prerequisites.mjs';
import { OPENVINO_VERSION } from './build/sdk.mjs';
import { npuCompiler } from './npu/compiler.mjs';
import { BUCKET, BUCKETS, casesOf, describe, jobOf, judge, tableOf } from './npu/matrix.mjs';
import { architectureNames, realModel, tinyModel } from './npu/models.mjs';
import { Outcomes } from './npu/outcomes.mjs';
import { describeCounts } from './test/results.mjs';

const DEFAULT_MODEL = 'all-MiniLM-L6-v2';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { full: { type: 'boolean' }, continue: { type: 'boolean' }, jobs: { type: 'string' } },
});

function tools() {
  try {
    return requirePrerequisites([...prerequisites(), ...npuPrerequisites()], undefined, 'npm run test:npu-compile');
  } catch (error) {
    console.log(`${error.message}\nskipped`);
    return null;
  }
}

async function models(names) {
  const folder = join(NPU_TREE, 'models');
  const made = [];
  for (const name of architectureNames()) {
    if (names.length === 0 || names.includes(name)) made.push(await tinyModel(name, folder));
  }
  if (names.length === 0 || names.includes(DEFAULT_MODEL)) made.push(await miniLM(folder));
  if (made.length === 0) throw new Error(`No configuration is called ${names.join(', ')}.`);
  return made;
}

async function miniLM(folder) {
  const { resolveModel } = await import('../dist/models/index.js');
  const { folder: model } = await resolveModel(`sentence-transformers/${DEFAULT_MODEL}`, {});
  const texts = JSON.parse(readFileSync(join(ROOT, 'test/fixtures/oracle', DEFAULT_MODEL, 'texts.json'), 'utf8'));
  return realModel(DEFAULT_MODEL, model, folder, texts.filter((text) => text !== '').slice(0, 64));
}

/** Runs them, a few at a time: starting Wine and loading the compiler takes as long as compiling. */
async function outcomesOf(cases, compile, jobs, outcomes) {
  const waiting = cases.filter((wanted) => !outcomes.of(wanted));
  const work = async (worker) => {
    const blob = join(NPU_TREE, `${worker}.blob`);
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const start = performance.now();
      const problem = await compile(jobOf(next, blob));
      const seconds = Math.round((performance.now() - start) / 100) / 10;
      const outcome = { ...next, graph: undefined, seconds, ...judge(next, problem, blob) };
      outcomes.keep(outcome);
      const words = outcome.problem ?? outcome.refused ?? outcome.bytes;
      console.log(`${describe(next).padEnd(48)} ${seconds.toFixed(1)} s  ${words}`);
    }
    rmSync(blob, { force: true });
  };
  await Promise.all(Array.from({ length: jobs }, (_, worker) => work(worker)));
  return cases.map((wanted) => outcomes.of(wanted));
}

async function main() {
  const found = tools();
  if (!found) return;
  mkdirSync(NPU_TREE, { recursive: true });
  const compile = await npuCompiler(found);
  const buckets = values.full ? BUCKETS : [BUCKET];
  const cases = casesOf(await models(positionals), { buckets });
  const jobs = Number(values.jobs ?? Math.min(availableParallelism(), 4));
  const kept = new Outcomes(join(NPU_TREE, 'outcomes.jsonl'), values.continue ?? false);
  const outcomes = await outcomesOf(cases, compile, jobs, kept);

  const made = { date: new Date().toISOString().slice(0, 10), openvino: OPENVINO_VERSION, buckets, outcomes };
  writeFileSync(join(NPU_TREE, 'outcomes.json'), `${JSON.stringify(made, null, 1)}\n`);
  writeFileSync(join(NPU_TREE, 'outcomes.md'), `${tableOf(outcomes)}\n`);
  console.log(tableOf(outcomes));
  const failed = outcomes.filter(({ problem }) => problem !== null).length;
  console.log(describeCounts({ passed: outcomes.length - failed, failed, skipped: 0 }));
  if (failed > 0) process.exitCode = 1;
}

await main();
