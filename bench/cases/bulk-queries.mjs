/** What a query waits while lists saturate the device, beside the same queries on an idle process. */
import { setTimeout as delay } from 'node:timers/promises';
import { loadContestant } from '../contestants.mjs';
import { generator, makeCorpus, QUERY } from '../corpus.mjs';
import { percentiles } from '../statistics.mjs';
import { timeOnce } from '../timing.mjs';

/** Lists under way at once: when one ends the other keeps the device busy. */
const LISTS = 2;
const LIST_TEXTS = 1024;
const WARM_UP = 30;
/** Slow answers make few queries: a round goes on until there are enough for a p99, at most for so many times its length. */
const LONGEST = 4;
/** Pauses between queries; random, so that queries meet batches at any moment. */
const PAUSE_MS = { shortest: 2, longest: 25 };

/**
 * @param {import('../processes.mjs').Job} job `seconds` of queries under bulk, with at least `queries` if that is not too long; `repeats`
 *   of the idle query
 * @returns {Promise<object>} milliseconds of queries idle and under bulk, of a bulk batch on the device (mean), and how
 *   many queries were refused
 */
export async function run(job) {
  const texts = makeCorpus({ ...job, texts: LIST_TEXTS });
  const { embedder, close } = await loadContestant(job);
  const pause = pauses(job.seed);
  const queries = { embedder, pause };
  for (let i = 0; i < WARM_UP; i++) await embedder.embedQuery(QUERY);
  await embedder.embedDocuments(texts.slice(0, LIST_TEXTS / 4));
  const idle = await askRepeatedly(queries, ({ asked }) => asked < job.repeats);

  const bulk = startBulk(embedder, texts);
  await bulk.started;
  const start = performance.now();
  const loaded = await askRepeatedly(queries, ({ asked }) => {
    const seconds = (performance.now() - start) / 1000;
    return seconds < job.seconds || (asked < job.queries && seconds < LONGEST * job.seconds);
  });
  const batchMs = await bulk.stop();
  await close();
  return {
    idle: percentiles(idle.milliseconds),
    loaded: percentiles(loaded.milliseconds),
    queries: loaded.asked,
    refused: loaded.refused,
    batchMs,
    streams: embedder.info.streams,
  };
}

async function askRepeatedly({ embedder, pause }, more) {
  const result = { asked: 0, refused: 0, milliseconds: [] };
  while (more(result)) {
    await delay(pause());
    const ms = await timeOnce(() => embedder.embedQuery(QUERY).catch(() => result.refused++));
    result.asked++;
    result.milliseconds.push(ms);
  }
  return result;
}

function startBulk(embedder, texts) {
  let stopped = false;
  const finished = [];
  const loop = async () => {
    while (!stopped) finished.push(await embedder.embedDocuments(texts));
  };
  const loops = Array.from({ length: LISTS }, loop);
  return {
    started: delay(500),
    /** @returns {Promise<number>} mean milliseconds of a batch on the device */
    async stop() {
      stopped = true;
      await Promise.all(loops);
      const sum = (pick) => finished.reduce((total, embeddings) => total + pick(embeddings), 0);
      return sum(({ timings }) => timings.inferMs + timings.poolMs) / sum(({ metadata }) => metadata.batches);
    },
  };
}

function pauses(seed) {
  const random = generator(seed);
  const { shortest, longest } = PAUSE_MS;
  return () => shortest + random() * (longest - shortest);
}
