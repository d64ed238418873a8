/** All contestants beside each other: mixed corpus, single query, load. */
import { decimals, describe, firstLine, integer, megabytes, spread } from './format.mjs';

const one = decimals(1);
const two = decimals(2);

export function comparisonSections(report) {
  const has = (field) => report.contestants.some((row) => row[field]);
  return [
    has('tokensPerSecond') && throughput(report),
    has('latency') && queries(report),
    has('load') && loads(report),
    failures(report),
  ].filter(Boolean);
}

function throughput({ contestants }) {
  return {
    title: 'Mixed corpus: text in to vectors out',
    table: contestantTable(contestants, {
      'set-up': ({ variant, setup }) => describe({ ...variant, ...setup }),
      texts: ({ texts }) => integer(texts),
      'tokens/s': ({ tokensPerSecond }) => spread(tokensPerSecond, integer),
      'texts/s': ({ textsPerSecond }) => spread(textsPerSecond, integer),
      'loop delay p99 / max, ms': ({ eventLoop }) => delays(eventLoop.monitor),
      'same by 1 ms timer': ({ eventLoop }) => delays(eventLoop.ping),
      'RSS peak / after, MB': ({ rss }) => `${megabytes(rss.peak.median)} / ${megabytes(rss.after.median)}`,
      'cosine min / mean': ({ cosine }) => `${cosine.min.toFixed(6)} / ${cosine.mean.toFixed(6)}`,
    }),
    notes: sweeps(contestants),
    charts: [barsOf(contestants, 'Throughput, mixed corpus', 'tokens/s', ({ tokensPerSecond }) => tokensPerSecond)],
  };
}

function delays({ p99, max }) {
  return `${one(p99.median)} / ${one(max.median)}`;
}

/** How each set-up was chosen among the ones tried. */
function sweeps(contestants) {
  return contestants
    .filter(({ failure, sweep }) => !failure && sweep.length > 1)
    .map(({ name, sweep }) => {
      const tried = sweep.map(({ variant, tokensPerSecond }) => `${describe(variant)}: ${integer(tokensPerSecond)}`);
      return `tried before the rounds, tokens/s, the fastest taken: ${name}: ${tried.join('; ')}`;
    });
}

function queries({ contestants }) {
  return {
    title: 'Single query, idle',
    table: contestantTable(contestants, {
      'p50, ms': ({ latency }) => spread(latency.p50, two),
      'p95, ms': ({ latency }) => spread(latency.p95, two),
      'p99, ms': ({ latency }) => spread(latency.p99, two),
    }),
    charts: [barsOf(contestants, 'Single query, p50', 'ms', ({ latency }) => latency.p50)],
  };
}

function loads({ contestants }) {
  return {
    title: 'Cold start',
    table: contestantTable(contestants, {
      'load, ms': ({ load }) => spread(load.loaded, integer),
      'load + first vector, ms': ({ load }) => spread(load.firstVector, integer),
      'the very first time, ms': ({ firstStart }) => integer(firstStart.firstVector),
    }),
    charts: [barsOf(contestants, 'Load and first vector', 'ms', ({ load }) => load.firstVector)],
  };
}

function failures({ contestants }) {
  const failed = contestants.filter(({ failure }) => failure);
  if (failed.length === 0) return null;
  return { title: 'What could not be run', notes: failed.map(({ name, failure }) => `${name}: ${failure.trim()}`) };
}

/** @param {Record<string, (row: object) => string>} columns */
function contestantTable(contestants, columns) {
  const header = ['contestant', ...Object.keys(columns)];
  const cells = Object.values(columns);
  const notRun = ({ failure }) => [`cannot run: ${firstLine(failure)}`, ...new Array(cells.length - 1).fill('–')];
  return {
    header,
    rows: contestants.map((row) => [row.name, ...(row.failure ? notRun(row) : cells.map((cell) => cell(row)))]),
  };
}

function barsOf(contestants, title, unit, pick) {
  const items = contestants
    .filter(({ failure }) => !failure)
    .map((row) => {
      const { median, min, max } = pick(row);
      return { label: row.name, value: median, min, max };
    });
  return { kind: 'bars', title, unit, items };
}
