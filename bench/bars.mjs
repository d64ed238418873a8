/**
 * What the project holds itself to, one row a bar; a missed bar makes the bench end with exit code 1. Every bar is a
 * ratio or a figure of one run.
 */
import { median, summarise } from './statistics.mjs';

/**
 * @param {{ machine: object, contestants: object[], studies: object }} report
 * @returns {Bar[]}
 * @typedef {'pass' | 'fail' | 'not measured' | 'not for this CPU'} Verdict
 * @typedef {{ name: string, limit: string, measured: string, verdict: Verdict }} Bar
 */
export function judge({ machine, contestants, studies }) {
  const flags = machine.flags ?? [];
  const amx = flags.includes('amx_bf16');
  const find = (id) => contestants.find((row) => row.id === id);
  return judgeRules(bars, { find, study: (id) => studies[id], amx, flags });
}

/**
 * @param {BarRule[]} rules
 * @param {object} run what their `measure` gets
 * @returns {Bar[]}
 */
export function judgeRules(rules, run) {
  return rules.map((rule) => judgeOne(rule, run));
}

/**
 * A bar gives a value, or throws `NotMeasured`, or `Failed` when what was asked for did not run.
 *
 * @typedef {object} BarRule
 * @property {string} name
 * @property {string} [unit]
 * @property {{ atLeast: number } | { atMost: number }} [limit]
 * @property {'amx' | 'other'} [cpu] the CPUs it is for; default all. Speed beside peers depends on AMX
 * @property {(run: object) => number[] | { values: number[], limit?: object, note?: string, unjudged?: string }} measure
 *   a value per round
 */

/** What the bars of memory are for; --quick takes fewer, which says nothing about them. */
const PASS_TEXTS = 8_000;
const STREAMED_TEXTS = 200_000;

/** Fewer would fit the cache of some processors; --quick takes fewer. */
const SEARCHED_ROWS = 1_000_000;

export class NotMeasured extends Error {}
export class Failed extends Error {}

/** @type {BarRule[]} */
const bars = [
  {
    name: 'mixed corpus: ovembed ÷ ceiling, tokens/s',
    limit: { atLeast: 0.95 },
    measure: ({ find }) => speedRatio(find, 'ovembed-auto', 'ceiling'),
  },
  {
    name: 'our graph bare ÷ the graph traced from PyTorch bare, same batches',
    limit: { atLeast: 1.2 },
    measure: ({ study }) => {
      const { kind, turns } = onlyResult(study, 'graphs');
      const values = turns.map(({ ours, other }) => other / ours);
      return kind === 'traced' ? { values } : { values, unjudged: 'beside the ONNX file; --python traces the graph' };
    },
  },
  peerBar('÷ transformers.js fp32 at its best batch size', 'transformersjs-fp32', 6),
  peerBar('÷ transformers.js q8 at its best batch size', 'transformersjs-q8', 3.6),
  peerBar('÷ openvino-genai, best of batch 1 and 32, same precision', 'genai', 4),
  peerBar('÷ sentence-transformers, same precision, batch 32', 'sentence-transformers', 2.7),
  {
    name: '64 concurrent single-text callers ÷ one list call, texts/s',
    limit: { atLeast: 0.9 },
    measure: ({ study }) =>
      onlyResult(study, 'callers').map(
        ({ list, levels }) => levels.find(({ callers }) => callers === 64).textsPerSecond / list,
      ),
  },
  {
    name: 'single short query p50 ÷ bare inference of the same shape',
    limit: { atMost: 1.15 },
    measure: ({ study }) =>
      onlyResult(study, 'floor').map((turn) => turn.ovembed / Math.min(turn.dynamic, turn.static)),
  },
  {
    name: 'single short query p50 ÷ transformers.js q8 p50',
    limit: { atMost: 0.9 },
    cpu: 'amx',
    measure: ({ find }) =>
      roundRatios(find, 'ovembed-auto', 'transformersjs-q8', 'latency', (mine, theirs) => mine.p50 / theirs.p50),
  },
  {
    name: 'query p99 while bulk saturates the device',
    unit: 'ms',
    measure: ({ study }) => {
      const results = bulkQueries(study);
      const limit = 2 * median(results.map(({ batchMs }) => batchMs)) + 5;
      return { values: results.map(({ loaded }) => loaded.p99), limit: { atMost: limit }, note: 'two batches + 5 ms' };
    },
  },
  {
    name: 'query p99 while bulk saturates the device ÷ idle p99, where streams allow',
    limit: { atMost: 3 },
    measure: ({ study }) => {
      const results = bulkQueries(study);
      const values = results.map(({ loaded, idle }) => loaded.p99 / idle.p99);
      return results.every(({ streams }) => streams > 1) ? values : { values, unjudged: 'one stream' };
    },
  },
  loopBar('p99', 5),
  loopBar('max', 20),
  cacheBar('a vector from memory ÷ computing it (one sentence, f32)', 'memory', 'hit', { atMost: 1 / 200 }),
  cacheBar('a vector from the disk level ÷ computing it', 'disk', 'hit', { atMost: 1 / 25 }),
  cacheBar('a vector from Redis on loopback ÷ computing it', 'redis', 'hit', { atMost: 1 / 25 }),
  cacheBar('computing with a cache in memory that has nothing ÷ without one', 'memory', 'miss', { atMost: 1.03 }),
  {
    name: 'a list of which half equals the other half ÷ one without repetitions, texts/s',
    limit: { atLeast: 1.9 },
    measure: ({ study }) => {
      const { distinct, doubled } = onlyResult(study, 'caches').duplicates;
      return distinct.map((ms, i) => ms / doubled[i]);
    },
  },
  {
    name: 'RSS after pass 3 over 8,000 mixed texts ÷ after pass 1',
    limit: { atMost: 1.02 },
    measure: ({ study }) => {
      const { passes } = onlyResult(study, 'memory');
      const values = [passes.at(-1) / passes[0]];
      const { texts } = study('memory')[0].job;
      return texts < PASS_TEXTS ? { values, unjudged: `over ${texts} texts only` } : values;
    },
  },
  {
    name: 'RSS growth while streaming 200,000 texts',
    unit: 'MB',
    limit: { atMost: 30 },
    measure: ({ study }) => {
      const { baseline, end } = onlyResult(study, 'growth').memory;
      const values = [(end - baseline) / 1e6];
      const texts = Math.max(...study('growth')[0].job.sizes);
      return texts < STREAMED_TEXTS ? { values, unjudged: `over ${texts} texts only` } : values;
    },
  },
  conversionBar('int8'),
  conversionBar('binary'),
  {
    name: 'load + first vector, warm cache ÷ transformers.js fp32',
    limit: { atMost: 0.5 },
    cpu: 'amx',
    measure: ({ find }) =>
      roundRatios(
        find,
        'ovembed-auto',
        'transformersjs-fp32',
        'load',
        (mine, theirs) => mine.firstVector / theirs.firstVector,
      ),
  },
  {
    name: 'mixed corpus: ovembed f32 ÷ transformers.js fp32 at its best batch size',
    limit: { atLeast: 1.3 },
    cpu: 'other',
    measure: ({ find }) => speedRatio(find, 'ovembed-f32', 'transformersjs-fp32'),
  },
  {
    name: 'mixed corpus: ovembed int8 ÷ the same in full precision, tokens/s',
    limit: { atLeast: 2.2 },
    measure: ({ find, flags }) => {
      const values = speedRatio(find, 'ovembed-int8', 'ovembed-f32');
      if (flags.includes('avx512_vnni')) return values;
      if (flags.includes('avx_vnni')) return { values, limit: { atLeast: 1.8 } };
      return { values, unjudged: 'no VNNI' };
    },
  },
  searchBar('top 10 of 1,000,000 × 384 float32, time ÷ NumPy', { atMost: 1.3 }, (turn) => turn.ovembed / turn.numpy),
  searchBar('top 10 of the same as bits, speed ÷ float32', { atLeast: 8 }, (turn) => turn.ovembed / turn.bits),
];

function judgeOne({ name, unit = '', limit, cpu, measure }, run) {
  const row = { name, limit: limit ? describeLimit(limit, unit) : '–' };
  const elsewhere = cpu !== undefined && (cpu === 'amx') !== run.amx;
  try {
    const result = measure(run);
    const { values, limit: own = limit, note, unjudged } = Array.isArray(result) ? { values: result } : result;
    const { median: value, min, max } = summarise(values);
    const range = values.length > 1 ? ` (${number(min)} to ${number(max)})` : '';
    row.limit = describeLimit(own, unit, note);
    row.measured = [number(value), unit].filter(Boolean).join(' ') + range + (unjudged ? `; ${unjudged}` : '');
    row.verdict = unjudged ? 'not measured' : holds(value, own) ? 'pass' : 'fail';
  } catch (error) {
    if (!(error instanceof NotMeasured || error instanceof Failed)) throw error;
    row.measured = error.message;
    row.verdict = error instanceof Failed ? 'fail' : 'not measured';
  }
  // What was measured stays in the row: it may be worth knowing.
  return elsewhere ? { ...row, verdict: 'not for this CPU' } : row;
}

/** NaN holds no limit. */
function holds(value, { atLeast = -Infinity, atMost = Infinity }) {
  return value >= atLeast && value <= atMost;
}

function describeLimit({ atLeast, atMost }, unit, note) {
  const figure = atLeast === undefined ? `≤ ${number(atMost)}` : `≥ ${number(atLeast)}`;
  return [figure, unit, note && `(${note})`].filter(Boolean).join(' ');
}

function peerBar(text, id, atLeast) {
  return {
    name: `mixed corpus: ovembed ${text}`,
    limit: { atLeast },
    cpu: /** @type {const} */ ('amx'),
    measure: ({ find }) => speedRatio(find, 'ovembed-auto', id),
  };
}

function conversionBar(dtype) {
  return {
    name: `vectors to ${dtype} ÷ memcpy, bytes of float32/s`,
    limit: { atLeast: 0.3 },
    measure: ({ study }) => onlyResult(study, 'conversion').map((turn) => turn[`to ${dtype}`] / turn.memcpy),
  };
}

/** By whichever of the two instruments saw more. */
function loopBar(which, atMost) {
  return {
    name: `event-loop delay ${which} during bulk`,
    unit: 'ms',
    limit: { atMost },
    measure: ({ find }) =>
      resultsOf(find('ovembed-auto'), 'throughput').map(({ eventLoop: { monitor, ping } }) =>
        Math.max(monitor[which], ping[which]),
      ),
  };
}

function searchBar(name, limit, ratio) {
  return {
    name,
    limit,
    measure: ({ study }) => {
      const values = onlyResult(study, 'search').turns.map(ratio);
      const { rows } = study('search')[0].job;
      return rows < SEARCHED_ROWS ? { values, unjudged: `of ${rows} rows only` } : values;
    },
  };
}

/** Texts differ in number, as slow contestants get fewer: tokens per second, not seconds, are compared. */
function speedRatio(find, mine, theirs) {
  return roundRatios(find, mine, theirs, 'throughput', (a, b) => a.tokensPerSecond / b.tokensPerSecond);
}

/** Round by round: two contestants of one round met the same machine. */
function roundRatios(find, mine, theirs, name, ratio) {
  const [left, right] = [mine, theirs].map((id) => resultsOf(find(id), name));
  return left.map((result, i) => ratio(result, right[i]));
}

function resultsOf(row, name) {
  if (row === undefined) throw new NotMeasured('left out');
  if (row.failure) throw new Failed(`${row.name} did not run`);
  const results = row.rounds.map((round) => round[name]).filter(Boolean);
  if (results.length === 0) throw new NotMeasured('left out');
  return results;
}

function cacheBar(name, level, pass, limit) {
  return {
    name,
    limit,
    measure: ({ study }) => {
      const times = onlyResult(study, 'caches').levels.find((candidate) => candidate.name === level);
      if (!times) throw new NotMeasured('no redis-server, or no client for it');
      return times[pass].map((ms, i) => ms / times.plain[i]);
    },
  };
}

/** All rounds of ovembed in a study. */
function studyResults(study, id) {
  const row = study(id)?.find((candidate) => candidate.id === 'ovembed-auto');
  if (row === undefined) throw new NotMeasured('left out');
  if (row.failure) throw new Failed(`did not run: ${row.failure.split('\n')[0]}`);
  return row.rounds;
}

function onlyResult(study, id) {
  return studyResults(study, id)[0];
}

function bulkQueries(study) {
  const results = studyResults(study, 'bulk-queries');
  const refused = results.reduce((sum, result) => sum + result.refused, 0);
  if (refused > 0) throw new Failed(`${refused} queries were refused`);
  return results;
}

function number(value) {
  return String(Number(value.toPrecision(3)));
}
