/**
 * Corpora of growing size through `stream()`, whose vectors are dropped: what a thousand texts cost, and by how much
 * resident memory grows. The largest goes first, in a process that has not seen others.
 */
import { loadContestant } from '../contestants.mjs';
import { shortTexts } from '../corpus.mjs';
import { settledRss } from '../timing.mjs';

const WARM_UP = 512;

/**
 * @param {import('../processes.mjs').Job} job `sizes` of the corpora; memory counts from after the first
 *   `baselineTexts` of the largest
 * @returns {Promise<object>} seconds of each size; over the largest resident bytes, garbage collected at the baseline and
 *   the end, and as they were in between
 */
export async function run(job) {
  const { embedder, close } = await loadContestant(job);
  const pass = (texts, each) => stream(embedder, { texts, seed: job.seed }, each);
  await pass(WARM_UP);
  const sizes = [...job.sizes].sort((a, b) => b - a);
  const memory = { baseline: 0, end: 0, samples: [] };
  const timed = [];
  for (const texts of sizes) {
    const largest = texts === sizes[0];
    timed.push({ texts, seconds: await pass(texts, largest ? sampler(memory, job.baselineTexts) : undefined) });
    if (largest) memory.end = await settledRss();
  }
  await close();
  return { timed: timed.reverse(), memory };
}

/** @returns {Promise<number>} seconds */
async function stream(embedder, corpus, each) {
  const start = performance.now();
  let count = 0;
  for await (const _ of embedder.stream(shortTexts(corpus))) await each?.(++count);
  return (performance.now() - start) / 1000;
}

/** Memory is settled once at the baseline, which takes a third of a second, and from then on only looked at. */
function sampler(memory, every) {
  return async (count) => {
    if (count % every !== 0) return;
    if (count === every) memory.baseline = await settledRss();
    memory.samples.push({ texts: count, rss: process.memoryUsage.rss() });
  };
}
