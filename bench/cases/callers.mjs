/** Many callers with one text each, beside one call for the list of the same texts. */
import { loadContestant } from '../contestants.mjs';
import { makeCorpus } from '../corpus.mjs';
import { percentiles } from '../statistics.mjs';
import { timeOnce } from '../timing.mjs';

/**
 * List and callers take turns, so that what befalls the machine befalls both.
 * @param {import('../processes.mjs').Job} job `texts` of the corpus, `levels` of concurrency, `repeats` of everything
 * @returns per repeat the list's texts per second and, per level, texts per second and milliseconds of a call
 */
export async function run(job) {
  const texts = makeCorpus(job).slice(0, job.texts);
  const engine = await loadContestant(job);
  await engine.embed(texts);
  await callTogether(engine, texts.slice(0, 64), 16);
  const repeats = [];
  for (let i = 0; i < job.repeats; i++) {
    const list = (texts.length / (await timeOnce(() => engine.embed(texts)))) * 1000;
    const levels = [];
    for (const callers of job.levels) levels.push({ callers, ...(await callTogether(engine, texts, callers)) });
    repeats.push({ list, levels });
  }
  await engine.close();
  return repeats;
}

/** Each caller asks for its next text as soon as it has the vector of its last. */
async function callTogether(engine, texts, callers) {
  const milliseconds = [];
  let next = 0;
  const caller = async () => {
    while (next < texts.length) {
      const text = texts[next++];
      milliseconds.push(await timeOnce(() => engine.embed([text])));
    }
  };
  const total = await timeOnce(() => Promise.all(Array.from({ length: callers }, caller)));
  return { textsPerSecond: (texts.length / total) * 1000, ...percentiles(milliseconds) };
}
