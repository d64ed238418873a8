/**
 * Corpus jobs beside a real server, by real processes: killed, held up, with a server that is killed too. What comes out is what
 * `ovembed index` writes, byte by byte.
 */
import { getEventListeners, once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generator } from '../../../bench/corpus.mjs';
import { connect } from '../../../lib/jobs/connection.js';
import { JobEntries } from '../../../lib/jobs/entries.js';
import { CorpusJobs } from '../../../lib/jobs/index.js';
import { fakeEmbedder } from '../../unit/corpus/support.js';
import { findRedisServer, RedisServer } from '../cache/redis-server.js';
import { jsonLines, Workplace } from '../cli/support.js';
import { WorkerProcess } from './workers.js';

const FULL = process.env.OVEMBED_TEST_FULL === '1';
const RECORDS = FULL ? 36_000 : 450;
const KILLS = FULL ? Number.POSITIVE_INFINITY : 4;
/** All workers die at this age; in short runs, at a random one up to it. */
const LIFE_MS = FULL ? 5_000 : 400;
const LOCK_MS = FULL ? 3_000 : 600;

const binary = findRedisServer();
const reason = 'missing' in binary ? binary.missing : '';
if (reason && process.env.CI) throw new Error(`Corpus jobs cannot be tested: ${reason}`);
if (reason) console.warn(`Corpus jobs are not tested: ${reason}`);

const place = new Workplace();
const CUT = ['--max-tokens', '24'];

/** Records of a few sentences, one in ten like one before; text files and what is none between them. */
function makeCorpus(folder: string, records: number): void {
  mkdirSync(folder);
  const random = generator(17);
  const words = 'river stone mountain snow soup warm guide reset hold ten seconds first'.split(' ');
  const sentence = () =>
    `${Array.from({ length: 8 }, () => words[Math.floor(random() * words.length)]).join(' ')} ${Math.floor(random() * 1e6)}.`;
  const texts: string[] = [];
  for (let i = 0; i < records; i++) {
    const isNew = random() < 0.9 || i === 0;
    texts.push(isNew ? [sentence(), sentence(), sentence()].join(' ') : (texts[Math.floor(random() * i)] as string));
  }
  const perFile = Math.ceil(records / 3);
  for (let file = 0; file < 3; file++) {
    const lines = texts.slice(file * perFile, (file + 1) * perFile).map((text, i) => JSON.stringify({ text, n: i }));
    lines.splice(20, 0, '{ broken');
    writeFileSync(join(folder, `${file}.jsonl`), lines.join('\n'));
    writeFileSync(join(folder, `${file}-note.md`), `# Note ${file}\n\n${texts.slice(0, 9).join('\n\n')}\n`);
  }
  writeFileSync(join(folder, '1-picture.png'), '\x89PNG\0');
}

const contentOf = (folder: string) =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'latin1')]));

describe.skipIf(reason !== '')('a corpus job', () => {
  let server: RedisServer;
  let jobs: CorpusJobs;
  beforeAll(async () => {
    if ('missing' in binary) return;
    server = await RedisServer.start(binary, '--appendonly', 'yes');
    place.env.OVEMBED_JOBS_REDIS = server.url;
    jobs = await CorpusJobs.connect({ redis: server.url });
    makeCorpus(place.file('source'), RECORDS);
  });
  afterAll(async () => {
    await jobs?.close();
    await server?.stop();
  });

  const submit = (job: string, ...more: string[]) =>
    place.run('jobs', 'submit', 'source', '--job-id', job, '--sink', job, ...CUT, '--json', ...more);
  const workerPlace = (job: string) => ({
    ...{ cwd: place.folder, env: place.env, redis: server.url, job, lockMs: LOCK_MS },
  });

  /** What one process makes of the corpus. */
  async function single(): Promise<Record<string, string>> {
    if (!existsSync(place.file('single'))) {
      const { code, stderr } = await place.run('index', 'source', '--sink', 'single', ...CUT);
      expect(`${code} ${stderr}`).toMatch(/^3 .*3 documents could not be used/s);
    }
    return contentOf(place.file('single'));
  }

  test('is refused by a server that may throw jobs away', async () => {
    await server.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    const { code, stderr } = await place.run('jobs', 'status');
    await server.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    expect(code).toBe(2);
    expect(stderr).toMatch(/maxmemory-policy allkeys-lru.*apart from the cache, with maxmemory-policy noeviction/);
  });

  test('with workers and server killed: nothing missing, nothing doubled, to the byte', {
    timeout: FULL ? 1_800_000 : 180_000,
  }, async () => {
    const shardBytes = FULL ? '40000' : '2500';
    const { code, stdout, stderr } = await submit('rough', '--shard-bytes', shardBytes);
    expect(`${code} ${stderr}`).toMatch(/^0 /);
    expect(JSON.parse(stdout).shards).toBeGreaterThan(25);
    const started = performance.now();
    const random = generator(23);
    const told: string[] = [];
    let [kills, restarts] = [0, 0];

    /** Workers one after the other, until one ends by itself. */
    async function line(): Promise<void> {
      for (;;) {
        const worker = new WorkerProcess(workerPlace('rough'));
        await worker.ready();
        const isToDie = kills < KILLS;
        const age = FULL ? LIFE_MS : random() * LIFE_MS;
        if (isToDie) await Promise.race([wait(age), worker.ended()]);
        if (isToDie && !worker.isOver) {
          kills++;
          await worker.kill();
        }
        await worker.ended();
        told.push(worker.output.replace(/^ready\n/, ''));
        if (!worker.wasKilled) return;
      }
    }

    async function serverKills(): Promise<void> {
      for (let i = 0; i < (FULL ? 4 : 1); i++) {
        await wait(FULL ? 8_000 : 1_000);
        await server.kill();
        await wait(200);
        await server.restart();
        await server.ready();
        restarts++;
      }
    }

    await Promise.all([line(), line(), line(), serverKills()]);
    const seconds = (performance.now() - started) / 1000;
    expect(kills).toBeGreaterThanOrEqual(FULL ? 10 : KILLS);
    expect(restarts).toBeGreaterThanOrEqual(1);
    expect(told.filter((output) => output.includes('done'))).toHaveLength(3);

    const found = contentOf(place.file('rough'));
    const rows = jsonLines<{ id: string }>(found['chunks.jsonl'] as string);
    if (FULL) expect(rows.length).toBeGreaterThan(100_000);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
    const calm = await single();
    expect(Object.keys(found)).toEqual(Object.keys(calm));
    for (const name of Object.keys(calm)) expect(found[name] === calm[name], name).toBe(true);
    expect(readdirSync(place.file('rough.job')).sort()).toEqual(['manifest.json', 'plan.json']);
    const { state, shards } = await jobs.status('rough');
    expect(state).toBe('done');
    expect(shards).toMatchObject({ done: shards.total, dead: 0 });
    const figures = `${rows.length} chunks, ${shards.total} shards, ${kills} kills of workers`;
    console.log(`corpus job: ${figures}, ${restarts} kills of the server, ${seconds.toFixed(0)} s`);
  });

  test('delivered twice: a worker that is held up until others have done its shards does no harm when it goes on', async () => {
    await submit('held', '--shard-bytes', '2500');
    const { run } = JSON.parse(readFileSync(place.file('held.job/plan.json'), 'utf8'));
    const underWay = () => readdirSync(place.file(`held.job/${run}/parts`)).filter((name) => name.startsWith('.'));
    const held = new WorkerProcess(workerPlace('held'));
    while (underWay().length === 0 && !held.isOver) await wait(1);
    held.signal('SIGSTOP');
    await wait(20);
    expect(underWay().length).toBeGreaterThan(0);
    const other = new WorkerProcess(workerPlace('held'));
    await other.ended();
    expect(other.output).toBe('ready\ndone\n');
    const calm = await single();
    const isCalm = () => {
      const found = contentOf(place.file('held'));
      return Object.keys(calm).every((name) => found[name] === calm[name]);
    };
    expect(isCalm()).toBe(true);
    held.signal('SIGCONT');
    await held.ended();
    expect(held.output).toMatch(/done\n$/);
    expect(isCalm()).toBe(true);
    expect(readdirSync(place.file('held.job')).sort()).toEqual(['manifest.json', 'plan.json']);
  });

  test('is cancelled, and goes on when it is submitted again', async () => {
    const { stdout } = await submit('halves', '--shard-bytes', '2500');
    const total = JSON.parse(stdout).shards;
    const worker = place.start('jobs', 'work', 'halves', '--concurrency', '1', '--batch-tokens', '64');
    const ended = new Promise<number | null>((resolve) => worker.once('close', resolve));
    while ((await jobs.status('halves')).shards.done === 0) await wait(20);
    expect(await place.run('jobs', 'cancel', 'halves')).toMatchObject({ code: 0, stdout: 'halves: cancelled\n' });
    expect(await ended).toBe(0);
    const cancelled = await jobs.status('halves');
    expect(cancelled).toMatchObject({ state: 'cancelled', shards: { total, waiting: 0, active: 0 } });
    expect(existsSync(place.file('halves'))).toBe(false);

    const { left } = JSON.parse((await submit('halves', '--shard-bytes', '2500')).stdout);
    expect(left).toBeLessThan(total);
    const { code, stderr } = await place.run('jobs', 'work', 'halves');
    expect(`${code} ${stderr}`).toMatch(/^3 .*written to halves.*3 documents could not be used/s);
    const [found, calm] = [contentOf(place.file('halves')), await single()];
    for (const name of Object.keys(calm)) expect(found[name] === calm[name], name).toBe(true);
    const again = await submit('halves', '--shard-bytes', '2500');
    expect(JSON.parse(again.stdout)).toMatchObject({ state: 'done', left: 0 });
  });

  test('is refused by a server that wants another password, and says so', async () => {
    await server.command('CONFIG', 'SET', 'requirepass', 'secret');
    server.password = 'secret';
    try {
      await expect(CorpusJobs.connect({ redis: server.url })).rejects.toMatchObject({
        code: 'ERR_INVALID_ARGUMENT',
        message: expect.stringMatching(/queue's server at 127\.0\.0\.1:\d+ cannot be used: it refuses, as "NOAUTH/),
      });
    } finally {
      await server.command('CONFIG', 'SET', 'requirepass', '');
      server.password = '';
    }
  });

  describe('without a model', () => {
    const { embedder } = fakeEmbedder();
    const failing = { ...embedder, stream: () => embedder.stream(null as never) } as unknown as typeof embedder;
    const options = (jobId: string) => {
      if (!existsSync(place.file('short'))) {
        mkdirSync(place.file('short'));
        for (let i = 0; i < 9; i++) writeFileSync(place.file(`short/${i}.txt`), `text ${i}`);
      }
      const [source, sink] = [place.file('short'), place.file(jobId)];
      return { source, sink, jobId, chunk: false as const, shardBytes: 1 };
    };

    test('forgotten by the server while a worker is at it, it ends as cancelled', async () => {
      await jobs.submit(embedder, options('forgotten'));
      const slow = {
        info: embedder.info,
        async *stream(source: AsyncIterable<string>, ...more: []) {
          await wait(200);
          yield* embedder.stream(source, ...more);
        },
      };
      const working = jobs.work('forgotten', slow as unknown as typeof embedder, { concurrency: 1 });
      await wait(50);
      await server.command('DEL', 'ovembed-jobs:forgotten:job');
      const { end, status, manifest } = await working;
      expect({ end, manifest }).toEqual({ end: 'cancelled', manifest: undefined });
      expect(status).toMatchObject({ state: 'cancelled', jobId: 'forgotten', shards: { total: 9 } });
    });

    test('begun anew, nothing of the run before counts', async () => {
      const first = await jobs.submit(embedder, options('anew'));
      const narrow = { ...embedder, info: { ...embedder.info, dimensions: 2 } } as typeof embedder;
      await expect(jobs.work('anew', narrow)).rejects.toThrow('of another model than fake: dimensions 2, not 4');
      expect(await jobs.work('anew', embedder)).toMatchObject({ end: 'done', manifest: { documents: 9 } });
      const connection = await connect({ redis: server.url });
      try {
        const entries = new JobEntries(connection);
        const before = await entries.read('anew');
        // As by one who was killed at removing it.
        rmSync(place.file('anew.job/plan.json'));
        const second = await jobs.submit(embedder, { ...options('anew'), restart: true });
        expect(second).toEqual({ ...first, left: first.shards, state: 'running' });
        expect(existsSync(place.file('anew.job/manifest.json'))).toBe(false);
        await entries.setState(before, 'done');
        expect(await entries.read('anew')).toMatchObject({ state: 'running' });
        await entries.setState(await entries.read('anew'), 'cancelled');
        expect(await entries.read('anew')).toMatchObject({ state: 'cancelled' });
      } finally {
        connection.close();
      }
    });

    test('is submitted by several at once', async () => {
      const submitted = await Promise.all([1, 2, 3].map(() => jobs.submit(embedder, options('several'))));
      expect(new Set(submitted.map((each) => JSON.stringify(each))).size).toBe(1);
      expect(await jobs.work('several', embedder)).toMatchObject({ end: 'done', manifest: { documents: 9 } });
    });

    test('shards that were put aside are tried again by several at once, as if for the first time', async () => {
      await jobs.submit(embedder, { ...options('aside'), attempts: 1 });
      expect(await jobs.work('aside', failing)).toMatchObject({ end: 'stuck', status: { shards: { dead: 9 } } });
      const { run } = JSON.parse(readFileSync(place.file('aside.job/plan.json'), 'utf8'));
      const key = `ovembed-jobs:aside.${run}:shard-0`;
      await server.command('HSET', key, 'stc', 20);
      const again = [1, 2, 3].map(() => jobs.submit(embedder, { ...options('aside'), attempts: 2, backoffMs: 0 }));
      for (const { left } of await Promise.all(again)) expect(left).toBe(9);
      expect(await server.command('HGET', key, 'stc')).toBeNull();
      const { status } = await jobs.work('aside', failing);
      expect(status.dead.map(({ attempts }) => attempts)).toEqual(Array(9).fill(2));
    });

    test('begun anew, it leaves that of another folder alone', async () => {
      await jobs.submit(embedder, options('folders'));
      await server.command('DEL', 'ovembed-jobs:folders:job');
      const { sink, ...others } = options('folders');
      await jobs.submit(embedder, { ...others, sink: `${sink}-of-another` });
      const { jobId, ...unnamed } = options('folders');
      const anew = { ...unnamed, sink, restart: true };
      await expect(jobs.submit(embedder, { ...anew, jobId })).rejects.toThrow('There is a job folders already');
      expect(existsSync(place.file('folders.job/plan.json'))).toBe(true);
      await jobs.submit(embedder, anew);
      expect(await jobs.status('folders')).toMatchObject({ sink: `${sink}-of-another`, shards: { waiting: 9 } });
    });

    test('takes times that a timer takes', async () => {
      for (const backoffMs of [Number.POSITIVE_INFINITY, 0.5]) {
        const submitted = jobs.submit(embedder, { ...options('times'), backoffMs });
        await expect(submitted).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
      }
      await jobs.submit(embedder, options('times'));
      for (const lockMs of [0, Number.POSITIVE_INFINITY]) {
        await expect(jobs.work('times', embedder, { lockMs })).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
      }
    });

    test('stopped while the server is gone, a worker ends; of its signal nothing is left', async () => {
      const { signal } = new AbortController();
      await jobs.submit(embedder, options('listened'));
      await jobs.work('listened', embedder, { signal });
      expect(getEventListeners(signal, 'abort')).toEqual([]);
      const slow = {
        info: embedder.info,
        async *stream(source: AsyncIterable<string>, ...more: []) {
          await wait(200);
          yield* embedder.stream(source, ...more);
        },
      };
      await jobs.submit(embedder, options('stopped'));
      await submit('interrupted', '--shard-bytes', '2500');
      const command = place.start('jobs', 'work', 'interrupted', '--concurrency', '1', '--batch-tokens', '64');
      let stderr = '';
      command.stderr?.on('data', (data) => (stderr += data));
      while ((await jobs.status('interrupted')).shards.done === 0) await wait(20);
      const stop = new AbortController();
      const working = jobs.work('stopped', slow as unknown as typeof embedder, { signal: stop.signal });
      await wait(300);
      await server.kill();
      try {
        stop.abort();
        command.kill('SIGINT');
        const error = await working.catch((error: unknown) => error);
        expect(error).toMatchObject({ code: 'ERR_TIMEOUT', message: expect.stringContaining('has not answered') });
        const [code] = command.exitCode === null ? await once(command, 'close') : [command.exitCode];
        expect(code).toBe(130);
        expect(stderr).toMatch(/Stopped: The queue's server .* has not answered for 3000 ms/);
      } finally {
        await server.restart();
        await server.ready();
      }
      expect(await jobs.work('stopped', embedder)).toMatchObject({ end: 'done', manifest: { documents: 9 } });
    });
  });

  test('is not mistaken for one of the same names elsewhere', async () => {
    const other = new Workplace();
    Object.assign(other.env, { OVEMBED_JOBS_REDIS: server.url, OVEMBED_MODEL: place.env.OVEMBED_MODEL });
    const submitAt = async (at: Workplace, ...more: string[]) => {
      mkdirSync(at.file('same'), { recursive: true });
      writeFileSync(at.file('same/a.txt'), 'one text');
      const { code, stdout, stderr } = await at.run('jobs', 'submit', 'same', '--sink', 'twin', '--json', ...more);
      return code === 0 ? JSON.parse(stdout) : stderr;
    };
    const first = await submitAt(place);
    const second = await submitAt(other);
    expect([first.shards, second.shards, first.jobId === second.jobId]).toEqual([1, 1, false]);
    expect(await submitAt(place)).toEqual(first);
    const named = await submitAt(other, '--restart', '--job-id', first.jobId);
    expect(named).toContain(`There is a job ${first.jobId} already, with another folder twin.job: name another one`);
    expect(await jobs.status(first.jobId)).toMatchObject({ state: 'running', shards: { waiting: 1 } });
    rmSync(place.file('twin.job'), { recursive: true });
    expect(await submitAt(place, '--job-id', first.jobId)).toContain('or cancel that one first');
    await jobs.cancel(first.jobId);
    expect(await submitAt(place, '--job-id', first.jobId)).toEqual(first);
  });

  test('puts a shard aside that fails, does all others, and tries it again when it is submitted again', async () => {
    mkdirSync(place.file('poisoned'));
    for (let i = 0; i < 9; i++) writeFileSync(place.file(`poisoned/${i}.txt`), `the soup number ${i} is warm`);
    writeFileSync(place.file('poisoned/4.txt'), Buffer.from('caf\xe9', 'latin1'));
    const args = ['submit', 'poisoned', '--sink', 'poison.jsonl', '--job-id', 'poison', '--on-error', 'throw'];
    const submitPoison = () => place.run('jobs', ...args, '--attempts', '2', '--shard-bytes', '1');
    expect(await submitPoison()).toMatchObject({ code: 0, stdout: expect.stringContaining('9 of 9 shards to do') });
    const stuck = await place.run('jobs', 'work', 'poison');
    expect(stuck.code).toBe(3);
    expect(stuck.stderr).toContain('shard-4, attempt 2: poisoned/4.txt: not valid UTF-8');
    expect(stuck.stderr).toContain('1 shard put aside, all others are done');
    expect(existsSync(place.file('poison.jsonl'))).toBe(false);
    const status = await jobs.status('poison');
    expect(status).toMatchObject({ state: 'stuck', shards: { total: 9, done: 8, dead: 1 } });
    expect(status.dead).toEqual([{ name: 'shard-4', attempts: 2, reason: expect.stringContaining('poisoned/4.txt') }]);
    expect((await place.run('jobs', 'status', 'poison')).stdout).toMatch(
      /poison: stuck, to poison\.jsonl\n.*8 of 9 shards.*\n.*1 shard put aside.*\n +shard-4, 2 attempts: poisoned\/4\.txt/,
    );

    writeFileSync(place.file('poisoned/4.txt'), 'cafe');
    expect((await submitPoison()).stdout).toContain('1 of 9 shards to do');
    expect(await place.run('jobs', 'work', 'poison')).toMatchObject({ code: 0 });
    await place.run('index', 'poisoned', '--sink', 'healthy.jsonl');
    expect(readFileSync(place.file('poison.jsonl'), 'utf8')).toBe(readFileSync(place.file('healthy.jsonl'), 'utf8'));
  });
});
