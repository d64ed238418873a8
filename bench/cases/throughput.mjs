/** Text in to vectors out over the mixed corpus: speed, memory, and what the event loop suffers meanwhile. */

import { loadContestant } from '../contestants.mjs';
import { makeCorpus } from '../corpus.mjs';
import { watchEventLoop } from '../event-loop.mjs';

/**
 * @param {import('../processes.mjs').Job & { seed: number, texts: number }} job
 * @returns seconds of the timed pass, vectors made, resident memory in bytes, event-loop delay in ms
 */
export async function run(job) {
  const texts = makeCorpus(job).slice(0, job.texts);
  const engine = await loadContestant(job);
  await engine.embed(await prepare(engine, texts.slice(0, job.warmUpTexts)));
  const input = await prepare(engine, texts);
  globalThis.gc();

  const stopWatching = await watchEventLoop();
  const start = performance.now();
  let output = await engine.embed(input);
  const seconds = (performance.now() - start) / 1000;
  const eventLoop = await stopWatching();

  const vectors = (await engine.rows(output)).length;
  if (vectors !== texts.length) throw new Error(`${texts.length} texts gave ${vectors} vectors`);
  output = null;
  globalThis.gc();
  const rss = (await engine.memory?.()) ?? ownMemory();
  await engine.close();
  return { seconds, vectors, eventLoop, rss };
}

function ownMemory() {
  return { peak: process.resourceUsage().maxRSS * 1024, after: process.memoryUsage.rss() };
}

/** Untimed, and empty for all but the ceiling, which gets its texts tokenised. */
async function prepare(engine, texts) {
  return engine.prepare ? engine.prepare(texts) : texts;
}
