/**
 * The figures of one run that the documents show: as a table, and as the picture of the README.
 *
 * @typedef {object} Recorded
 * @property {string} machine @property {string} software @property {string} model @property {string} corpus
 * @property {number} rounds
 * @property {RecordedRow[]} rows
 *
 * @typedef {object} RecordedRow medians over rounds; what a contestant has no figure for is left out
 * @property {string} id @property {string} name
 * @property {number} tokensPerSecond of the mixed corpus
 * @property {number} [loopDelayMs] 99th percentile @property {number} [queryMs] median
 * @property {number} [firstVectorMs] @property {number} [peakMB] @property {number} [cosine] the lowest
 */
import { integer } from './format.mjs';
import { escapeXml } from './svg.mjs';

/** The figures of a report that has them: contestants that failed, or were not measured whole, are left out. */
export function recordedOf({ machine, versions, options, corpus, contestants }, { model, machineName = machine.cpu }) {
  return {
    machine: `${machine.cores} cores of ${machineName} (${machine.flags?.join(', ') ?? 'instruction sets not known'})`,
    software: `Node ${machine.node.replace(/^v/, '')}, OpenVINO ${versions.openvino}`,
    model,
    corpus: `${integer(corpus.texts)} texts of ${Math.round(corpus.meanTokens)} tokens in the mean`,
    rounds: options.rounds,
    rows: contestants.filter(({ failure, tokensPerSecond }) => !failure && tokensPerSecond).map(rowOf),
  };
}

function rowOf({ id, name, tokensPerSecond, eventLoop, latency, load, rss, cosine }) {
  const row = { id, name, tokensPerSecond: Math.round(tokensPerSecond.median) };
  if (id === 'ceiling') return row; // it tokenises beforehand, so only its speed can be compared
  return {
    ...row,
    loopDelayMs: round(eventLoop.monitor.p99.median, 1),
    queryMs: latency && round(latency.p50.median, 1),
    firstVectorMs: load && Math.round(load.firstVector.median),
    peakMB: Math.round(rss.peak.median / 1e6),
    cosine: round(cosine.min, 5),
  };
}

function round(value, digits) {
  return Number(value.toFixed(digits));
}

const COLUMNS = [
  ['tokens/s', ({ tokensPerSecond }) => integer(tokensPerSecond)],
  ['event-loop delay p99, ms', ({ loopDelayMs }) => loopDelayMs?.toFixed(1)],
  ['query p50, ms', ({ queryMs }) => queryMs?.toFixed(1)],
  ['load + first vector, ms', ({ firstVectorMs }) => firstVectorMs],
  ['RSS peak, MB', ({ peakMB }) => peakMB],
  ['cosine to sentence-transformers, min', ({ cosine }) => cosine?.toFixed(5)],
];

/** @returns {string} Markdown */
export function recordedTable(recorded) {
  const line = (cells) => `| ${cells.join(' | ')} |`.replaceAll('|  |', '| |').replaceAll('|  |', '| |');
  return [
    `\`npm run bench\` on ${recorded.machine}, ${recorded.software}, ${recorded.model}, ${recorded.corpus}, ` +
      `${recorded.rounds} interleaved rounds, each library at its best batch size:`,
    '',
    line(['', ...COLUMNS.map(([name]) => name)]),
    `|${'---|'.repeat(COLUMNS.length + 1)}`,
    ...recorded.rows.map((row) => line([row.name, ...COLUMNS.map(([, cell]) => cell(row) ?? '')])),
  ].join('\n');
}

const WIDTH = 820;
const ROW = { height: 34, bar: 16 };
const TOP = 84;
/** Where bars begin and end, and the right ends of the columns of text. */
const BARS = { from: 232, to: 530 };
const RIGHT = [
  ['query, ms', 610, ({ queryMs }) => queryMs?.toFixed(1)],
  ['loop delay, ms', 710, ({ loopDelayMs }) => loopDelayMs?.toFixed(1)],
  ['cosine', 796, ({ cosine }) => cosine?.toFixed(5)],
];

/**
 * A card with a ground of its own, so that it can be read on any page; dark where the reader's system is.
 * @returns {string} SVG
 */
export function recordedPicture(recorded) {
  const { rows } = recorded;
  const largest = Math.max(...rows.map(({ tokensPerSecond }) => tokensPerSecond));
  const notes = [
    `${recorded.machine}; ${recorded.software};`,
    `${recorded.model}; ${recorded.corpus}, each library at its best batch size; medians of ${recorded.rounds} rounds.`,
    'bare: the runtime alone, on texts tokenised beforehand. query: one short text on an idle process, median.',
    'loop delay: of the event loop while embedding, 99th percentile.',
    'cosine: to the vectors of sentence-transformers in f32, the lowest; below 0.9999 something else is computed.',
  ];
  const height = TOP + rows.length * ROW.height + 24 + notes.length * 17;
  const parts = [
    `<rect class="ground" x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="8"/>`,
    text(20, 32, 'Texts in, vectors out: tokens per second', 'title'),
    ...RIGHT.map(([name, x]) => text(x, 64, name, 'head end')),
    text(BARS.from, 64, 'tokens/s, longer is better', 'head'),
    ...rows.flatMap((row, i) => drawnRow(row, TOP + i * ROW.height, largest)),
    ...notes.map((note, i) => text(20, TOP + rows.length * ROW.height + 24 + i * 17, note, 'note')),
  ];
  const label = `Tokens per second: ${rows.map(({ name, tokensPerSecond }) => `${name} ${integer(tokensPerSecond)}`).join('; ')}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escapeXml(label)}">
<style>
  text { font: 14px system-ui, sans-serif; fill: #1f2328; dominant-baseline: central }
  .title { font-size: 17px; font-weight: 600 } .head, .note { font-size: 12px; fill: #59636e } .end { text-anchor: end }
  .ground { fill: #fff; stroke: #d1d9e0 } .ours { fill: #0969da } .peer { fill: #9a6700 } .bare { fill: #818b98 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .head, .note { fill: #9198a1 } .ground { fill: #0d1117; stroke: #3d444d }
    .ours { fill: #4493f8 } .peer { fill: #d29922 } .bare { fill: #656c76 }
  }
</style>
${parts.join('\n')}
</svg>
`;
}

function drawnRow(row, y, largest) {
  const width = ((BARS.to - BARS.from - 60) * row.tokensPerSecond) / largest;
  const kind = row.id.startsWith('ovembed') ? 'ours' : row.id === 'ceiling' ? 'bare' : 'peer';
  const middle = y + ROW.bar / 2;
  return [
    text(BARS.from - 10, middle, row.name, 'end'),
    `<rect class="${kind}" x="${BARS.from}" y="${y}" width="${width.toFixed(1)}" height="${ROW.bar}" rx="2"/>`,
    text(BARS.from + width + 8, middle, integer(row.tokensPerSecond), ''),
    ...RIGHT.map(([, x, cell]) => text(x, middle, cell(row) ?? '–', 'end')),
  ];
}

function text(x, y, content, classes) {
  return `<text x="${Number(x.toFixed(1))}" y="${y}"${classes ? ` class="${classes}"` : ''}>${escapeXml(content)}</text>`;
}
