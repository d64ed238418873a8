/** From nothing to the first vector in a fresh process: import of the library, load of the model, one query. */

import { loadContestant } from '../contestants.mjs';
import { QUERY } from '../corpus.mjs';

/**
 * @param {import('../processes.mjs').Job} job
 * @returns milliseconds to the loaded model and to the first vector, and how the contestant is set up
 */
export async function run(job) {
  const start = performance.now();
  const engine = await loadContestant(job);
  const loaded = performance.now() - start;
  await engine.embedQuery(QUERY);
  const firstVector = performance.now() - start;
  await engine.close();
  return { loaded, firstVector, setup: engine.setup };
}
