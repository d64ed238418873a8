#!/usr/bin/env node
/** `npm run bench`: ovembed beside the bare runtime and its peers. See bench/README.md. */
import { parseArgs } from 'node:util';
import { judge } from './bars.mjs';
import { contestants } from './contestants.mjs';
import { CASES, runBench } from './orchestrate.mjs';
import { toHtml } from './report/html.mjs';
import { toMarkdown } from './report/markdown.mjs';
import { writeReport } from './report/write.mjs';

const HELP = `Usage: npm run bench -- [options]

Measures ovembed, the bare OpenVINO ceiling and peers on one corpus, and writes bench/results/<time>.md, .json and .html.

  --quick          one short round, no comparison of batch sizes; sized for two minutes
  --cases NAMES    comma-separated: ${CASES.join(', ')}
  --python         also measure openvino-genai and sentence-transformers; installs several gigabytes the first time
  --only IDS       comma-separated: ${contestants.map(({ id }) => id).join(', ')};
                   the start of an id will do; ovembed-auto always takes part
  --json           print the report as JSON instead of Markdown
  --model MODEL    folder or name (default: OVEMBED_MODEL, else the package's default model)
  --texts N        texts of the corpus
  --rounds N       rounds
  --seed N         seed of the corpus
  --help           this text

Exit code: 0, 1 if a bar was missed, 2 if the bench could not run.
`;

/** Sizes of a complete run, for a quarter of an hour on two cores with AMX. */
const COMPLETE = {
  texts: 8192,
  rounds: 3,
  warmUpTexts: 1024,
  passSeconds: 6,
  queryRepeats: 200,
  qualityTexts: 64,
  sweep: true,
  sweepTexts: 1024,
  studyRounds: 3,
  classSeconds: 2,
  callerTexts: 1024,
  bulkSeconds: 8,
  bulkQueries: 200,
  graphTexts: 1024,
  cacheTexts: 2048,
  memoryTexts: 8192,
  growthSizes: [1_000, 10_000, 50_000, 200_000],
  growthBaseline: 10_000,
  searchRows: 1_000_000,
};

/** Without a sweep a slow contestant's speed is not known, and it gets the least there is: one block of texts. */
const QUICK = {
  ...COMPLETE,
  texts: 1024,
  rounds: 1,
  warmUpTexts: 256,
  queryRepeats: 100,
  qualityTexts: 16,
  sweep: false,
  sweepTexts: 256,
  studyRounds: 1,
  classSeconds: 0.3,
  callerTexts: 256,
  bulkSeconds: 2,
  bulkQueries: 20,
  graphTexts: 256,
  cacheTexts: 512,
  memoryTexts: 512,
  growthSizes: [100, 1_000, 5_000, 20_000],
  growthBaseline: 1_000,
  searchRows: 100_000,
};

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
      cases: { type: 'string' },
      only: { type: 'string' },
      python: { type: 'boolean', default: false },
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
    quick: values.quick,
    cases: selectCases(values.cases),
  };
  const measured = await runBench(select(values), options, log);
  const report = { ...measured, bars: judge(measured) };
  const markdown = toMarkdown(report);
  const path = await writeReport(report, { md: markdown, html: toHtml(report) });
  process.stdout.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : markdown);
  console.error(`bench: written to ${path}.md, .json and .html`);
  return report.bars.some(({ verdict }) => verdict === 'fail') ? 1 : 0;
}

/** With the seconds since the start: a run is long. */
function log(line) {
  console.error(`bench: ${String(Math.round(performance.now() / 1000)).padStart(4)} s  ${line}`);
}

/** The ceiling and others run at the precision that ovembed chooses, and are there to be compared with it. */
function select({ only, python }) {
  const available = contestants.filter((contestant) => python || !contestant.python);
  if (only === undefined) return available;
  const starts = [...namesIn(only), 'ovembed-auto'];
  const unknown = starts.find((start) => !available.some(({ id }) => id.startsWith(start)));
  if (unknown !== undefined) throw new Error(`--only: no contestant's id starts with "${unknown}".\n\n${HELP}`);
  return available.filter(({ id }) => starts.some((start) => id.startsWith(start)));
}

function selectCases(text) {
  if (text === undefined) return CASES;
  const names = namesIn(text);
  const unknown = names.find((name) => !CASES.includes(name));
  if (unknown !== undefined) throw new Error(`--cases: there is no case "${unknown}".\n\n${HELP}`);
  return names;
}

/** Never empty: a list without names would select everything by the start of an id. */
function namesIn(list) {
  const names = list.split(',').map((name) => name.trim());
  if (names.includes('')) throw new Error(`Expected names separated by commas, received "${list}".\n\n${HELP}`);
  return names;
}

function positiveInteger(name, text) {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Error(`--${name} takes a positive integer, not "${text}".`);
  return Number(text);
}
