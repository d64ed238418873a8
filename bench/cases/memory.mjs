/** Whether memory stays where it is: resident bytes after each pass over the same corpus in one process. */
import { loadContestant } from '../contestants.mjs';
import { makeCorpus } from '../corpus.mjs';
import { settledRss } from '../timing.mjs';

/**
 * @param {import('../processes.mjs').Job} job `texts` of the corpus, `repeats` of the pass
 * @returns {Promise<{ loaded: number, passes: number[] }>} resident bytes, garbage collected
 */
export async function run(job) {
  const texts = makeCorpus(job).slice(0, job.texts);
  const engine = await loadContestant(job);
  const loaded = await settledRss();
  const passes = [];
  for (let i = 0; i < job.repeats; i++) {
    await engine.embed(texts);
    passes.push(await settledRss());
  }
  await engine.close();
  return { loaded, passes };
}
