/** What the project holds itself to; a missed bar makes the bench end with exit code 1. */
import { summarise } from './statistics.mjs';

const CEILING_SHARE = 0.85;
const LOOP_DELAY_P99_MS = 10;

/**
 * @param {object[]} rows summarised contestants, in any order
 * @returns {Bar[]}
 * @typedef {{ name: string, measured: string, limit: string, verdict: 'pass' | 'fail' | 'not measured' }} Bar
 */
export function judge(rows) {
  const byId = Object.fromEntries(rows.map((row) => [row.id, row]));
  return [
    ceilingShare(byId['ovembed-auto'], byId.ceiling),
    ...rows.filter(({ module }) => module === 'ovembed').map(loopDelay),
  ];
}

/**
 * A contestant that was asked for and failed fails its bar; one that was not asked for has none.
 * @returns {Bar}
 */
function bar(name, limit, rows, measure) {
  if (rows.some((row) => row === undefined))
    return { name, measured: 'left out by --only', limit, verdict: 'not measured' };
  const failed = rows.find((row) => row.failure);
  if (failed) return { name, measured: `${failed.name} did not run`, limit, verdict: 'fail' };
  const { measured, pass } = measure(...rows);
  return { name, measured, limit, verdict: pass ? 'pass' : 'fail' };
}

/** The median of the rounds' ratios: the two are measured one after the other, so a slow minute slows both. */
function ceilingShare(ovembed, ceiling) {
  return bar('ovembed ÷ ceiling, tokens/s', `≥ ${CEILING_SHARE}`, [ovembed, ceiling], () => {
    const ratios = ovembed.rounds.map(({ throughput }, i) => ceiling.rounds[i].throughput.seconds / throughput.seconds);
    const { median: share, min, max } = summarise(ratios);
    const range = ratios.length > 1 ? ` (${min.toFixed(3)} to ${max.toFixed(3)})` : '';
    return { measured: `${share.toFixed(3)}${range}`, pass: share >= CEILING_SHARE };
  });
}

/** By whichever of the two instruments saw more. */
function loopDelay(row) {
  return bar(`event-loop delay p99, ${row.name}`, `< ${LOOP_DELAY_P99_MS} ms`, [row], ({ eventLoop }) => {
    const p99 = Math.max(eventLoop.monitor.p99.median, eventLoop.ping.p99.median);
    return { measured: `${p99.toFixed(1)} ms`, pass: p99 < LOOP_DELAY_P99_MS };
  });
}
