/** The report: figures as JSON for machines, as Markdown for people. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Writes both forms into bench/results, named by the time of the run.
 * @returns {Promise<string>} the path without its extension
 */
export async function writeReport(report, markdown) {
  const folder = join(import.meta.dirname, 'results');
  await mkdir(folder, { recursive: true });
  const path = join(folder, report.date.replaceAll(':', '').replace(/\..*/, ''));
  await writeFile(`${path}.json`, `${JSON.stringify(report, null, 2)}\n`);
  await writeFile(`${path}.md`, markdown);
  return path;
}

/** @returns {string} */
export function toMarkdown(report) {
  return [
    '# ovembed bench',
    environment(report),
    '## Mixed corpus: text in to vectors out',
    throughputTable(report),
    sweeps(report),
    '## Single query and load',
    queryTable(report),
    failures(report),
    '## Bars',
    table(
      ['bar', 'measured', 'limit', 'verdict'],
      report.bars.map(({ name, measured, limit, verdict }) => [name, measured, limit, verdict]),
    ),
  ]
    .filter(Boolean)
    .join('\n\n')
    .concat('\n');
}

function environment({ date, machine, versions, corpus, truth, options }) {
  const peers = Object.entries(versions.peers).map(([name, { version, onnxruntime }]) =>
    version ? `${name} ${version} (onnxruntime ${onnxruntime})` : `${name} not installed`,
  );
  return [
    `- ${date}; ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGB} GB, ${machine.system}`,
    `- instruction sets: ${machine.flags?.join(', ') ?? 'not known on this system'}`,
    `- load average before the start: ${machine.loadBefore.toFixed(2)}${machine.loadBefore > 0.5 ? ' (the machine was not idle)' : ''}`,
    `- Node ${machine.node}, ovembed ${versions.ovembed}, OpenVINO ${versions.openvino}`,
    `- peers: ${peers.join(', ')}`,
    `- corpus: seed ${options.seed}, ${integer(corpus.texts)} texts, ${integer(corpus.tokens)} tokens after truncation to ` +
      `${corpus.maxTokens}, mean ${corpus.meanTokens.toFixed(1)}; query of ${corpus.queryTokens} tokens`,
    `- median of ${options.rounds} interleaved ${options.rounds === 1 ? 'round' : 'rounds'} (lowest to highest); ` +
      `cosine over ${truth.texts} texts against ${truth.source}`,
  ].join('\n');
}

function throughputTable({ contestants }) {
  const header = [
    'contestant',
    'set-up',
    'texts',
    'tokens/s',
    'texts/s',
    'loop delay p99 / max, ms',
    'same by 1 ms timer',
    'RSS peak / after, MB',
    'cosine min / mean',
  ];
  return table(
    header,
    contestants.map((row) =>
      row.failure
        ? notRun(row, header.length)
        : [
            row.name,
            setupOf(row),
            integer(row.texts),
            spread(row.tokensPerSecond, integer),
            spread(row.textsPerSecond, integer),
            `${one(row.eventLoop.monitor.p99.median)} / ${one(row.eventLoop.monitor.max.median)}`,
            `${one(row.eventLoop.ping.p99.median)} / ${one(row.eventLoop.ping.max.median)}`,
            `${megabytes(row.rss.peak.median)} / ${megabytes(row.rss.after.median)}`,
            `${row.cosine.min.toFixed(6)} / ${row.cosine.mean.toFixed(6)}`,
          ],
    ),
  );
}

function queryTable({ contestants }) {
  const header = [
    'contestant',
    'query p50, ms',
    'p95, ms',
    'p99, ms',
    'load, ms',
    'load + first vector, ms',
    'the very first time, ms',
  ];
  return table(
    header,
    contestants.map((row) =>
      row.failure
        ? notRun(row, header.length)
        : [
            row.name,
            spread(row.latency.p50, two),
            spread(row.latency.p95, two),
            spread(row.latency.p99, two),
            spread(row.load.loaded, integer),
            spread(row.load.firstVector, integer),
            integer(row.firstStart.firstVector),
          ],
    ),
  );
}

/** How each set-up was chosen among the ones tried. */
function sweeps({ contestants }) {
  const lines = contestants
    .filter(({ failure, sweep }) => !failure && sweep.length > 1)
    .map(({ name, sweep }) => {
      const tried = sweep.map(({ variant, tokensPerSecond }) => `${describe(variant)}: ${integer(tokensPerSecond)}`);
      return `- ${name}: ${tried.join('; ')}`;
    });
  return lines.length === 0 ? '' : ['Tried before the rounds, tokens/s; the fastest was taken:', ...lines].join('\n');
}

function failures({ contestants }) {
  const failed = contestants.filter(({ failure }) => failure);
  return failed
    .map(({ name, failure }) => `${name} could not be run:\n\n\`\`\`\n${failure.trim()}\n\`\`\``)
    .join('\n\n');
}

function notRun({ name, failure }, columns) {
  return [name, `not run: ${failure.split('\n')[0]}`, ...new Array(columns - 2).fill('–')];
}

function setupOf({ variant, setup }) {
  return describe({ ...variant, ...setup });
}

function describe(options) {
  return Object.entries(options)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

function table(header, rows) {
  const line = (cells) => `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}

function spread({ median, min, max }, format) {
  return min === max ? format(median) : `${format(median)} (${format(min)} to ${format(max)})`;
}

function integer(value) {
  return Math.round(value).toLocaleString('en-GB');
}

function one(value) {
  return value.toFixed(1);
}

function two(value) {
  return value.toFixed(2);
}

function megabytes(bytes) {
  return integer(bytes / 1e6);
}
