/** Shards that are done in any order, twice, and put together by several: the output is that of one process, byte by byte. */
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { generator } from '../../../bench/corpus.mjs';
import { indexCorpus } from '../../../lib/corpus/index-corpus.js';
import { AppendedFile } from '../../../lib/corpus/sinks/appended-file.js';
import { finishJob } from '../../../lib/jobs/finish.js';
import { JobFolder, type JobPlan, type ListedShard } from '../../../lib/jobs/folder.js';
import { mergeParts } from '../../../lib/jobs/merge.js';
import type { OutputOptions, SubmitOptions } from '../../../lib/jobs/options.js';
import { planOf } from '../../../lib/jobs/plan.js';
import { runShard } from '../../../lib/jobs/shard-run.js';
import { contentOf, fakeEmbedder, StoreSink, temporaryFolder, vectorOf, writeFiles } from '../corpus/support.js';
import { listOf } from './support.js';

const FULL = process.env.OVEMBED_TEST_FULL === '1';

const folder = temporaryFolder();
const source = join(folder, 'source');
const NAMES = ['index', 'a.jsonl', 'a.npy', 'a.arrow', 'a.parquet'];
const { embedder } = fakeEmbedder();
const never = new AbortController().signal;

/** Records some of which repeat others, and a few that cannot be used. */
function makeCorpus(): void {
  mkdirSync(source);
  const random = generator(3);
  for (let file = 0; file < 6; file++) {
    const lines = Array.from({ length: 60 }, (_, i) => {
      if (random() < 0.03) return '{';
      if (random() < 0.03) return JSON.stringify({ id: `${file}/${i}`, text: '  ' });
      return JSON.stringify({ id: `${file}/${i}`, text: `line ${Math.floor(random() * 200)}`, file });
    });
    writeFiles(source, { [`${file}.jsonl`]: lines.join('\n') });
  }
  writeFiles(source, { 'note.txt': 'line 7', 'picture.png': '\x89PNG\0' });
}
makeCorpus();

const outputOf = (sink: string): OutputOptions => ({ source, sink, chunk: false, onError: 'collect' });

async function planned(sink: string, more: Partial<SubmitOptions> = {}) {
  const job = new JobFolder(`${sink}.job`);
  const plan = await planOf(embedder, job, { ...outputOf(sink), jobId: 'test', shardBytes: 1_300, ...more });
  expect(plan.shards).toBeGreaterThan(10);
  return { job, plan };
}

const shuffled = <T>(items: readonly T[], random: () => number): T[] =>
  items
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);

async function doShards(job: JobFolder, plan: JobPlan, random = generator(9)): Promise<void> {
  const shards = await listOf(job.listShards(plan));
  // One in four is delivered twice, at once.
  const deliveries = shards.flatMap((shard) => (random() < 0.25 ? [shard, shard] : [shard]));
  const queue = shuffled(deliveries, random);
  const worker = async () => {
    for (let shard = queue.pop(); shard; shard = queue.pop()) await runShard(embedder, job, plan, shard, never);
  };
  await Promise.all([worker(), worker(), worker()]);
}

async function single(name: string): Promise<Record<string, string>> {
  const into = join(folder, `single-${name}`);
  if (existsSync(into)) return contentOf(into);
  mkdirSync(into);
  const report = await indexCorpus(embedder, outputOf(join(into, name)));
  expect(report.duplicates).toBeGreaterThan(50);
  expect(report.failed).toBeGreaterThan(3);
  return contentOf(into);
}

function placeFor(kind: string, name: string): string {
  mkdirSync(join(folder, `${kind}-${name}`));
  return join(folder, `${kind}-${name}`, name);
}

/** Without the job's own folder. */
function outputsIn(place: string): Record<string, string> {
  const found = contentOf(join(place, '..'));
  return Object.fromEntries(Object.entries(found).filter(([name]) => !name.includes('.job/')));
}

describe.each(NAMES)('%s', (name) => {
  test('by three workers and three finishers at once', async () => {
    const place = placeFor('job', name);
    const { job, plan } = await planned(place);
    await doShards(job, plan);
    const finishes = await Promise.allSettled([1, 2, 3].map(() => finishJob(job, plan, never)));
    const manifests = finishes.filter(({ status }) => status === 'fulfilled');
    // Who comes when all is tidied up may fail, and finds the manifest the next time.
    expect(manifests.length).toBeGreaterThan(0);
    expect(outputsIn(place)).toEqual(await single(name));
    expect(readdirSync(job.path).sort()).toEqual(['manifest.json', 'plan.json']);
    const manifest = await finishJob(job, plan, never);
    const { bytes, seconds, stages, ...report } = await indexCorpus(embedder, outputOf(join(folder, `again-${name}`)));
    for (const key of ['documents', 'chunks', 'tokens', 'duplicates', 'failed', 'filtered', 'failures'] as const) {
      expect(manifest[key], key).toEqual(report[key]);
    }
  });

  // Kinds of sinks, not each of them.
  const isTried = FULL || ['index', 'a.npy', 'a.parquet'].includes(name);
  test.runIf(isTried)('by finishers that die at any write, one after the other', async () => {
    const place = placeFor('dying', name);
    const { job, plan } = await planned(place);
    await doShards(job, plan);
    const random = generator(21);
    const sync = AppendedFile.prototype.sync;
    // A checkpoint after each shard, for which time is made to pass.
    let now = performance.now();
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => (now += 600));
    let deaths = 0;
    try {
      for (;;) {
        let left = Math.floor(random() * 8);
        vi.spyOn(AppendedFile.prototype, 'sync').mockImplementation(function (this: AppendedFile) {
          if (left-- <= 0) throw new Error('killed');
          return sync.call(this);
        });
        const manifest = await finishJob(job, plan, never).catch((error: Error) => error);
        vi.mocked(AppendedFile.prototype.sync).mockRestore();
        if (!(manifest instanceof Error)) break;
        expect(manifest.message).toBe('killed');
        deaths++;
      }
    } finally {
      clock.mockRestore();
    }
    expect(deaths).toBeGreaterThan(2);
    expect(outputsIn(place)).toEqual(await single(name));
  });
});

test('what was there before stays until the new one is whole, and is replaced then', async () => {
  const place = placeFor('older', 'index');
  await indexCorpus(embedder, { ...outputOf(place), source: join(source, '0.jsonl') });
  const before = outputsIn(place);
  const { job, plan } = await planned(place);
  await doShards(job, plan);
  expect(outputsIn(place)).toEqual(before);
  await finishJob(job, plan, never);
  expect(outputsIn(place)).toEqual(await single('index'));
});

test('a manifest is that of its run: of another one it says nothing', async () => {
  const place = placeFor('anew', 'a.jsonl');
  const { job, plan } = await planned(place);
  await doShards(job, plan);
  await finishJob(job, plan, never);
  rmSync(join(job.path, 'plan.json'));
  const { plan: next } = await planned(place);
  expect(next.run).not.toBe(plan.run);
  expect(await job.manifest(next)).toBeUndefined();
  await doShards(job, next);
  await finishJob(job, next, never);
  expect(await job.manifest(next)).toMatchObject({ run: next.run });
  await expect(finishJob(job, plan, never)).rejects.toThrow();
});

test('removing a job that was killed at it can be done again: the plan is there until all else is gone', async () => {
  const { job, plan } = await planned(placeFor('removed', 'a.jsonl'));
  await doShards(job, plan);
  await finishJob(job, plan, never);
  vi.spyOn(job, 'tidy').mockRejectedValueOnce(new Error('killed'));
  await expect(job.remove()).rejects.toThrow('killed');
  expect(readdirSync(job.path).sort()).toEqual(['manifest.json', 'plan.json']);
  await job.remove();
  expect(readdirSync(job.path)).toEqual([]);
});

test('a job that was removed halfway says so when it is submitted', async () => {
  const { job, plan } = await planned(placeFor('halfway', 'a.jsonl'));
  await job.tidy(plan.run);
  await expect(listOf(job.listShards(plan))).rejects.toThrow(/is gone, .* restart \(--restart\)/);
});

test('a part without a report is an error that names it', async () => {
  const { job, plan } = await planned(placeFor('torn', 'a.jsonl'));
  const [first] = await listOf(job.listShards(plan));
  const part = job.partPath(plan.run, 0);
  mkdirSync(part);
  writeFiles(part, { 'rows.jsonl': '' });
  const run = runShard(embedder, job, plan, first as ListedShard, never);
  await expect(run).rejects.toThrow(`${part}: is a folder without the report of a part`);
});

test('a file that has changed since is an error that names it', async () => {
  const { job, plan } = await planned(placeFor('changed', 'a.jsonl'), { source: [source] });
  writeFiles(source, { 'note.txt': 'line 77' });
  const shards = await listOf(job.listShards(plan));
  const errors = await Promise.allSettled(shards.map((shard) => runShard(embedder, job, plan, shard, never)));
  const messages = errors.flatMap((result) => (result.status === 'rejected' ? [result.reason.message] : []));
  expect(messages).toEqual([expect.stringMatching(/note\.txt: had 6 bytes .* now it has 7\. Submit it with restart/)]);
  writeFiles(source, { 'note.txt': 'line 7' });
});

test('a store with rows of an older run ends as after one process', async () => {
  const older = join(folder, 'older-source');
  mkdirSync(older);
  // Texts that a document has no more, and that others have now.
  writeFiles(older, {
    'a.jsonl': Array.from({ length: 60 }, (_, i) => JSON.stringify({ id: `3/${i}`, text: `line ${i % 9}` })).join('\n'),
  });
  const stores = [new StoreSink(), new StoreSink()] as const;
  for (const store of stores) await indexCorpus(embedder, { ...outputOf(''), source: older, sink: store });
  const report = await indexCorpus(embedder, { ...outputOf(''), sink: stores[0] });

  const { job, plan } = await planned(placeFor('store', 'a.jsonl'));
  await doShards(job, plan);
  const checkpoint = { load: async () => undefined, save: vi.fn(), remove: vi.fn(), close: vi.fn() };
  const merge = { folder: job, plan, sink: stores[1], checkpoint: checkpoint as never, signal: never };
  const { read, written } = await mergeParts(merge);
  expect(stores[1].rows).toEqual(stores[0].rows);
  expect(read.counts.unchanged).toBe(report.unchanged);
  expect(written.chunks).toBe(report.chunks);
  for (const { text, vector } of stores[1].rows.values()) expect(vector).toEqual(vectorOf(text));
});

test('a plan stays the first one, and another job is refused its folder', async () => {
  const place = placeFor('plan', 'a.jsonl');
  const [first, second] = await Promise.all([planned(place), planned(place)]);
  expect(second.plan.run).toBe(first.plan.run);
  await expect(planned(place, { dedup: false })).rejects.toThrow(/is of a job with another dedup\. .*restart/);
  await expect(planned(place, { jobId: 'other' })).rejects.toThrow('is of a job named test');
  expect(JSON.parse(await readFile(join(first.job.path, 'plan.json'), 'utf8'))).toMatchObject({ jobId: 'test' });
});
