#!/usr/bin/env node
/** `npm run bench`: ovembed beside the bare runtime and its peers. See bench/README.md. */
import { parseArgs } from 'node:util';
import { judge } from './bars.mjs';
import { contestants } from './contestants.mjs';
import { runBench } from './orchestrate.mjs';
import { toMarkdown, writeReport } from './report.mjs';

const HELP = `Usage: npm run bench -- [options]

Measures ovembed, the bare OpenVINO ceiling and peers on one corpus, and writes bench/results/<time>.md and .json.

  --quick          one short round, no comparison of batch sizes; sized for a minute
  --only IDS       comma-separated: ${contestants.map(({ id }) => id).join(', ')};
                   the start of an id will do (ceiling brings ovembed-auto along)
  --json           print the report as JSON instead of Markdown
  --model MODEL    folder or name (default: OVEMBED_MODEL, else the package's default model)
  --texts N        texts of the corpus
  --rounds N       rounds
  --seed N         seed of the corpus
  --help           this text

Exit code: 0, 1 if a bar was missed, 2 if the bench could not run.
`;

/** Sizes of a complete run, for ten minutes on two cores. */
const COMPLETE = {
  texts: 8192,
  rounds: 3,
  warmUpTexts: 256,
  passSeconds: 10,
  queryRepeats: 200,
  qualityTexts: 64,
  sweep: true,
};

/** Without a sweep a slow contestant's speed is not known, and it gets the least there is: one block of texts. */
const QUICK = { ...COMPLETE, texts: 1024, rounds: 1, warmUpTexts: 32, qualityTexts: 16, sweep: false };

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exitCode = 2;
}

async function main() {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      json: { type: 'boolean', default: false },
      model: { type: 'string' },
      texts: { type: 'string' },
      rounds: { type: 'string' },
      seed: { type: 'string', default: '1' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const sizes = values.quick ? QUICK : COMPLETE;
  const options = {
    ...sizes,
    texts: positiveInteger('texts', values.texts) ?? sizes.texts,
    rounds: positiveInteger('rounds', values.rounds) ?? sizes.rounds,
    seed: positiveInteger('seed', values.seed),
    model: values.model,
  };
  const measured = await runBench(select(values.only), options, (line) => console.error(`bench: ${line}`));
  const report = { ...measured, bars: judge(measured.contestants) };
  const markdown = toMarkdown(report);
  const path = await writeReport(report, markdown);
  process.stdout.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : markdown);
  console.error(`bench: written to ${path}.md and .json`);
  return report.bars.some(({ verdict }) => verdict === 'fail') ? 1 : 0;
}

/** The ceiling runs at the precision that ovembed chooses, and is there to be compared with it. */
function select(only) {
  if (only === undefined) return contestants;
  const starts = only.split(',').map((start) => start.trim());
  const unknown = starts.find((start) => !start || !contestants.some(({ id }) => id.startsWith(start)));
  if (unknown !== undefined) throw new Error(`--only: no contestant's id starts with "${unknown}".\n\n${HELP}`);
  if (starts.some((start) => 'ceiling'.startsWith(start))) starts.push('ovembed-auto');
  return contestants.filter(({ id }) => starts.some((start) => id.startsWith(start)));
}

function positiveInteger(name, text) {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Error(`--${name} takes a positive integer, not "${text}".`);
  return Number(text);
}
