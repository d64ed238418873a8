/** What the server holds itself to (bars.mjs has those of the library). */
import { Failed, judgeRules, NotMeasured } from '../bars.mjs';

/** Milliseconds: `queueTimeoutMs` of single inputs, at its default. */
const QUEUE_DEADLINE_MS = 500;
/** Seconds after which a server that was asked too much has to be as before. */
const RECOVERED_AFTER = 5;

/**
 * @param {object} results by phase, see phases.mjs
 * @param {Record<string, string>} [failures] of phases that could not be run
 * @returns {import('../bars.mjs').Bar[]}
 */
export function judgeServer(results, failures = {}) {
  return judgeRules(bars, {
    phase: (name) => {
      if (failures[name] !== undefined) throw new Failed(`could not be run: ${failures[name].split('\n')[0]}`);
      if (results[name] === undefined) throw new NotMeasured('left out');
      return results[name];
    },
  });
}

/** @type {import('../bars.mjs').BarRule[]} */
const bars = [
  {
    name: 'one short query over loopback − in a process, p50',
    unit: 'ms',
    limit: { atMost: 1 },
    measure: ({ phase }) => phase('latency').map(({ http, library }) => http.p50 - library.p50),
  },
  {
    name: 'lists of 32 (base64) over HTTP ÷ in a process, lists/s',
    limit: { atLeast: 0.9 },
    measure: ({ phase }) => phase('lists').map(({ http, library }) => http.throughput / library.throughput),
  },
  {
    name: 'event-loop delay p99 of the server under lists of 32, base64',
    unit: 'ms',
    limit: { atMost: 10 },
    measure: ({ phase }) => phase('lists').map(({ http }) => http.server.loop.p99),
  },
  {
    name: 'the same as floats',
    unit: 'ms',
    limit: { atMost: 10 },
    measure: ({ phase }) => phase('lists').map(({ floats }) => floats.server.loop.p99),
  },
  {
    name: 'p99 at 0.8 of capacity ÷ idle p99',
    limit: { atMost: 4 },
    measure: (run) => {
      const idle = stage(run, 'idle');
      return stages(run, 'steady').map((steady) => allAnswered(steady) && steady.accepted.p99 / idle.accepted.p99);
    },
  },
  {
    name: 'event-loop delay p99 at 0.8 of capacity',
    unit: 'ms',
    limit: { atMost: 10 },
    measure: (run) => stages(run, 'steady').map(({ server }) => server.loop.p99),
  },
  {
    name: '3 × capacity: p99 of what is accepted',
    unit: 'ms',
    limit: { atMost: 2 * QUEUE_DEADLINE_MS },
    measure: (run) => [stage(run, 'overload').accepted.p99],
  },
  {
    name: '3 × capacity: p99 of refusals',
    unit: 'ms',
    limit: { atMost: 10 },
    measure: (run) => [stage(run, 'overload').refused.p99],
  },
  {
    name: '3 × capacity: answered ÷ capacity',
    limit: { atLeast: 0.9 },
    measure: (run) => {
      const overload = stage(run, 'overload');
      return noneLost(overload) && [overload.throughput / run.phase('load').capacity.throughput];
    },
  },
  {
    name: '3 × capacity: RSS peak ÷ peak before',
    limit: { atMost: 1.15 },
    measure: (run) => {
      const before = Math.max(...stages(run, 'steady').map(({ server }) => server.rssPeak));
      return [stage(run, 'overload').server.rssPeak / before];
    },
  },
  {
    name: '3 × capacity: event-loop delay p99',
    unit: 'ms',
    limit: { atMost: 10 },
    measure: (run) => [stage(run, 'overload').server.loop.p99],
  },
  {
    name: 'seconds until it answers as before, at 0.8 of capacity',
    unit: 's',
    limit: { atMost: RECOVERED_AFTER },
    measure: (run) => [recoveredAfter(stage(run, 'recovery'), stage(run, 'idle'))],
  },
  {
    name: 'others’ p99 beside 200 slow connections ÷ without them',
    limit: { atMost: 1.5 },
    measure: ({ phase }) => {
      const { alone, beside } = phase('slow');
      return [alone, beside].every(allAnswered) && [beside.accepted.p99 / alone.accepted.p99];
    },
  },
  {
    name: 'texts/s ÷ infinity-emb, each at its best',
    limit: { atLeast: 6 },
    measure: ({ phase }) => {
      const { ours, theirs } = phase('infinity');
      return ours.turns.map(({ best }, i) => best / Math.max(...theirs.map(({ turns }) => turns[i].best)));
    },
  },
  {
    name: 'idle query p50 ÷ infinity-emb',
    limit: { atMost: 0.15 },
    measure: ({ phase }) => {
      const { ours, theirs } = phase('infinity');
      return ours.turns.map(({ query }, i) => query.p50 / Math.min(...theirs.map(({ turns }) => turns[i].query.p50)));
    },
  },
];

function stages({ phase }, name) {
  const found = phase('load').stages.filter((one) => one.name === name);
  if (found.length === 0) throw new NotMeasured('left out');
  return found;
}

const stage = (run, name) => stages(run, name)[0];

/** Figures of a run in which requests got no answer, or a 5xx, are worth nothing. */
function noneLost({ failed }) {
  if (failed > 0) throw new Failed(`${failed} requests failed`);
  return true;
}

/** Below capacity none is refused either: fast refusals would pass for short queues. */
function allAnswered({ failed, refused }) {
  if (refused.count > 0) throw new Failed(`${refused.count} requests were refused`);
  return noneLost({ failed });
}

/** From then on nothing is refused, and the p99 of each second is as the bar of 0.8 of capacity has it. */
function recoveredAfter({ windows }, { accepted: idle }) {
  const isBad = ({ p99, others }) => others > 0 || !(p99 <= 4 * idle.p99);
  return windows.findLastIndex(isBad) + 1;
}
