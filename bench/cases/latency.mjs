/** One query after another on an idle process: what a user waits for a single vector. */

import { loadContestant } from '../contestants.mjs';
import { QUERY } from '../corpus.mjs';
import { percentiles } from '../statistics.mjs';
import { timeEach } from '../timing.mjs';

/** Every contestant's JavaScript is compiled by then, and what ovembed compiles in the background is there. */
const WARM_UP_MS = 1_500;

/**
 * @param {import('../processes.mjs').Job} job
 * @returns p50, p95 and p99 in milliseconds
 */
export async function run(job) {
  const engine = await loadContestant(job);
  const time = (count) => engine.timeQueries?.(QUERY, count) ?? timeEach(count, () => engine.embedQuery(QUERY));
  const warm = performance.now() + WARM_UP_MS;
  do await time(30);
  while (performance.now() < warm);
  const milliseconds = await time(job.repeats);
  await engine.close();
  return percentiles(milliseconds);
}
