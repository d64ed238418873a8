/** One query after another on an idle process: what a user waits for a single vector. */

import { loadContestant } from '../contestants.mjs';
import { QUERY } from '../corpus.mjs';
import { quantile } from '../statistics.mjs';

const WARM_UP = 30;

/**
 * @param {import('../processes.mjs').Job} job
 * @returns p50, p95 and p99 in milliseconds
 */
export async function run(job) {
  const engine = await loadContestant(job);
  for (let i = 0; i < WARM_UP; i++) await engine.embedQuery(QUERY);
  const milliseconds = [];
  for (let i = 0; i < job.repeats; i++) {
    const start = performance.now();
    await engine.embedQuery(QUERY);
    milliseconds.push(performance.now() - start);
  }
  await engine.close();
  return { p50: quantile(milliseconds, 0.5), p95: quantile(milliseconds, 0.95), p99: quantile(milliseconds, 0.99) };
}
