#!/usr/bin/env node
/**
 * node bench/server.mjs [--quick] [--phases latency,load,slow,lists,infinity] [--texts queries|corpus] [--model …] [--json]
 *
 * `ovembed serve` under load, beside the library in a process and infinity-emb. See bench/README.md.
 */
import { parseArgs } from 'node:util';
import { makeCorpus, shortTexts } from './corpus.mjs';
import { describeMachine } from './machine.mjs';
import { modelFolder } from './models.mjs';
import { toMarkdown } from './report/markdown.mjs';
import { writeReport } from './report/write.mjs';
import { judgeServer } from './server/bars.mjs';
import { PHASES } from './server/phases.mjs';
import { sectionsOf } from './server/report.mjs';

const TEXTS = 2_048;

/** Seconds, for a complete run of thirteen minutes. */
const COMPLETE = {
  rounds: 3,
  queryTurns: 40,
  querySeconds: 0.3,
  capacitySeconds: 4,
  idleSeconds: 25,
  steadyTurns: 5,
  steadySeconds: 8,
  overloadSeconds: 60,
  recoverySeconds: 8,
  slowSeconds: 12,
  batchSeconds: 4,
  peerSeconds: 6,
};

const QUICK = {
  rounds: 1,
  queryTurns: 5,
  querySeconds: 0.3,
  capacitySeconds: 2,
  idleSeconds: 4,
  steadyTurns: 2,
  steadySeconds: 4,
  overloadSeconds: 6,
  recoverySeconds: 6,
  slowSeconds: 4,
  batchSeconds: 2,
  peerSeconds: 2,
};

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`bench: ${error.stack}`);
  process.exitCode = 2;
}

async function main() {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      phases: { type: 'string', default: Object.keys(PHASES).join(',') },
      texts: { type: 'string', default: 'corpus' },
      model: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const names = values.phases.split(',');
  const unknown = names.find((name) => !(name in PHASES));
  if (unknown !== undefined)
    throw new Error(`There is no phase "${unknown}"; there are ${Object.keys(PHASES).join(', ')}.`);
  const machine = describeMachine();
  const bench = {
    sizes: values.quick ? QUICK : COMPLETE,
    model: await modelFolder(values.model),
    texts: textsOf(values.texts),
    log,
    results: {},
    failures: {},
  };
  for (const name of names) {
    log(name);
    try {
      bench.results[name] = await PHASES[name](bench);
    } catch (error) {
      // The others go on; the report says what is missing, and why.
      bench.failures[name] = error.message;
      log(`${name} failed: ${error.stack}`);
    }
  }
  const date = new Date().toISOString();
  const options = { quick: values.quick, texts: values.texts };
  const { results, failures } = bench;
  const report = { date, machine, options, results, failures, bars: judgeServer(results, failures) };
  const markdown = toMarkdown(report, sectionsOf(report));
  const path = await writeReport(report, { md: markdown }, 'server-');
  process.stdout.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : markdown);
  console.error(`bench: written to ${path}.md and .json`);
  return report.bars.some(({ verdict }) => verdict === 'fail') ? 1 : 0;
}

function textsOf(kind) {
  if (kind === 'queries') return [...shortTexts({ texts: TEXTS, seed: 3 })];
  if (kind === 'corpus') return makeCorpus({ texts: TEXTS, seed: 3 });
  throw new Error(`--texts takes queries or corpus, not "${kind}".`);
}

function log(line) {
  console.error(`bench: ${String(Math.round(performance.now() / 1000)).padStart(4)} s  ${line}`);
}
