/** Speed by length of text: one call for a list of texts of one class, sized by what a first short list took. */
import { loadContestant } from '../contestants.mjs';
import { LENGTH_CLASSES, makeClass } from '../corpus.mjs';
import { timeOnce } from '../timing.mjs';

const WARM_UP = 8;
/** A small list sizes the timed one; a fast contestant fills its batches only in larger ones. */
const PROBE = 64;

/**
 * @param {import('../processes.mjs').Job} job `seconds` per class, `texts` at most
 * @returns texts per second of each class
 */
export async function run(job) {
  const engine = await loadContestant(job);
  const classes = {};
  for (const name of Object.keys(LENGTH_CLASSES)) {
    const texts = makeClass({ name, texts: job.texts, seed: job.seed });
    await secondsOf(engine, texts.slice(0, WARM_UP));
    const probe = await secondsOf(engine, texts.slice(0, PROBE));
    const count = Math.min(texts.length, Math.floor((job.seconds / probe) * PROBE));
    // A slow contestant has shown its speed already.
    const seconds = count > PROBE ? await secondsOf(engine, texts.slice(0, count)) : probe;
    classes[name] = { textsPerSecond: Math.max(count, PROBE) / seconds };
  }
  await engine.close();
  return classes;
}

async function secondsOf(engine, texts) {
  const input = engine.prepare ? await engine.prepare(texts) : texts;
  return (await timeOnce(() => engine.embed(input))) / 1000;
}
