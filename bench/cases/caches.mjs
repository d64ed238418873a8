/** What a vector from a cache costs beside a computed one, what looking for it in vain costs, and what equal texts save. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { load } from '../contestants/ovembed.mjs';
import { makeClass, makeCorpus } from '../corpus.mjs';
import { startRedis } from '../redis.mjs';
import { timeOnce } from '../timing.mjs';

/** Of writes that nobody waits for, so that they do not weigh on what is timed next. */
const SETTLE_MS = 300;

/**
 * Everything takes turns with the plain path: what befalls the machine befalls both.
 * @param {import('../processes.mjs').Job} job `texts` of one sentence each, `repeats`, `redisFolder` for startRedis
 * @returns per set of levels, milliseconds of a pass over the texts: `plain`, `miss`, `hit`, a value per repeat; and of
 *   lists of which half the texts are equal to others beside lists where none is
 */
export async function run(job) {
  const texts = [...new Set(makeClass({ name: 'sentences', texts: job.texts, seed: job.seed }))];
  const mixed = [...new Set(makeCorpus(job).slice(0, job.texts))];
  const folder = mkdtempSync(join(tmpdir(), 'ovembed-bench-'));
  const redis = await startRedis(job.redisFolder);
  const disk = { path: folder, maxBytes: 2 ** 28 };
  const caches = {
    memory: {},
    disk: { memory: false, disk },
    'memory + disk': { disk },
    ...(redis && {
      redis: { memory: false, redis: { url: redis.url } },
      'memory + redis': { redis: { url: redis.url } },
    }),
  };
  const plain = await load(job.folders, { precision: 'f32' });
  const { precision } = plain.setup;
  try {
    await plain.embed(texts);
    const levels = [];
    for (const [name, cache] of Object.entries(caches)) {
      levels.push({ name, ...(await besides(plain, cache, texts, job)) });
    }
    return { precision, texts: texts.length, levels, duplicates: await duplicates(plain, mixed, job.repeats) };
  } finally {
    await plain.close();
    redis?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function besides(plain, cache, texts, { folders, repeats }) {
  const cached = await load(folders, { precision: 'f32', cache });
  const times = { plain: [], miss: [], hit: [] };
  await cached.embed(texts);
  for (let i = 0; i < repeats; i++) {
    await sleep(SETTLE_MS);
    await cached.embedder.cache.clear();
    const turn = {
      plain: () => plain.embed(texts),
      miss: () => cached.embed(texts),
    };
    for (const name of i % 2 ? ['miss', 'plain'] : ['plain', 'miss']) times[name].push(await timeOnce(turn[name]));
    await sleep(SETTLE_MS);
    let hits = 0;
    times.hit.push(
      await timeOnce(async () => {
        hits = (await cached.embed(texts)).metadata.cacheHits;
      }),
    );
    // Some are lost where a page of the disk level is full.
    if (hits < 0.98 * texts.length) throw new Error(`${hits} of ${texts.length} texts were in the cache`);
  }
  await cached.close();
  return times;
}

/** The same number of texts, without and with repetitions. */
async function duplicates(plain, texts, repeats) {
  const half = texts.slice(0, Math.floor(texts.length / 2));
  const doubled = half.flatMap((text, i) => [text, half[(i * 7) % half.length]]);
  const distinct = texts.slice(0, doubled.length);
  const times = { distinct: [], doubled: [] };
  for (let i = 0; i < repeats; i++) {
    times.distinct.push(await timeOnce(() => plain.embed(distinct)));
    times.doubled.push(await timeOnce(() => plain.embed(doubled)));
  }
  return times;
}
