/**
 * What the documents show of a run: docs/benchmark.svg, which is in the README, and the table in docs/performance.md.
 *
 *     node bench/record.mjs                                # draws both again from bench/recorded.json
 *     node bench/record.mjs bench/results/TIME.json        # takes the figures of a run first
 *         [--machine "an AMD EPYC (Zen 5)"] [--model name]    as they shall be called
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { recordedOf, recordedPicture, recordedTable } from './report/recorded.mjs';

const FIGURES = join(import.meta.dirname, 'recorded.json');
const DOCS = join(import.meta.dirname, '../docs');
const MARKED = /(<!-- measured:begin[^>]*-->\n)[\s\S]*?(\n<!-- measured:end -->)/;

const { values, positionals } = parseArgs({
  options: { machine: { type: 'string' }, model: { type: 'string', default: 'all-MiniLM-L6-v2' } },
  allowPositionals: true,
});
if (positionals[0]) {
  const report = JSON.parse(readFileSync(positionals[0], 'utf8'));
  const recorded = recordedOf(report, { model: values.model, machineName: values.machine });
  writeFileSync(FIGURES, `${JSON.stringify(recorded, null, 2)}\n`);
}
const recorded = JSON.parse(readFileSync(FIGURES, 'utf8'));
writeFileSync(join(DOCS, 'benchmark.svg'), recordedPicture(recorded));
const page = join(DOCS, 'performance.md');
const text = readFileSync(page, 'utf8');
if (!MARKED.test(text)) throw new Error(`${page} has no "<!-- measured:begin … -->" and "<!-- measured:end -->".`);
writeFileSync(
  page,
  text.replace(MARKED, (_, begin, end) => begin + recordedTable(recorded) + end),
);
