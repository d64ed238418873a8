/** Lists of texts, so many under way at once, for a while: what a server is compared with. */
import { setTimeout as delay } from 'node:timers/promises';
import { loadContestant } from '../contestants.mjs';

const WARM_UP_MS = 2_000;

/**
 * @param {import('../processes.mjs').Job & { lists: string[][], callers: number, seconds: number }} job
 * @returns lists a second
 */
export async function run(job) {
  const engine = await loadContestant(job);
  let next = 0;
  let done = 0;
  let running = true;
  const caller = async () => {
    for (; running; done++) await engine.embed(job.lists[next++ % job.lists.length]);
  };
  const callers = Array.from({ length: job.callers }, caller);
  await delay(WARM_UP_MS);
  // Some are under way at the start, and as many at the end.
  const before = done;
  const start = performance.now();
  await delay(job.seconds * 1_000);
  const throughput = (done - before) / ((performance.now() - start) / 1_000);
  running = false;
  await Promise.all(callers);
  await engine.close();
  return { throughput };
}
