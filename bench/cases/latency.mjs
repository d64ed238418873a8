/** One query after another on an idle process: what a user waits for a single vector. */

import { loadContestant } from '../contestants.mjs';
import { QUERY } from '../corpus.mjs';
import { percentiles } from '../statistics.mjs';
import { timeEach } from '../timing.mjs';

const WARM_UP = 30;

/**
 * @param {import('../processes.mjs').Job} job
 * @returns p50, p95 and p99 in milliseconds
 */
export async function run(job) {
  const engine = await loadContestant(job);
  const time = (count) => engine.timeQueries?.(QUERY, count) ?? timeEach(count, () => engine.embedQuery(QUERY));
  await time(WARM_UP);
  const milliseconds = await time(job.repeats);
  await engine.close();
  return percentiles(milliseconds);
}
