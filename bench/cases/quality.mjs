/** Vectors of given texts, for the parent to compare. */
import { loadContestant } from '../contestants.mjs';

/**
 * @param {import('../processes.mjs').Job} job
 * @returns {Promise<number[][]>}
 */
export async function run(job) {
  const engine = await loadContestant(job);
  const input = engine.prepare ? await engine.prepare(job.sample) : job.sample;
  const rows = await engine.rows(await engine.embed(input));
  await engine.close();
  return rows.map((row) => Array.from(row));
}
