/** Runs that fail at any text and go on: the output is that of a run that nothing disturbed, byte by byte. */
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { generator } from '../../../bench/corpus.mjs';
import { Checkpoint } from '../../../lib/corpus/checkpoint.js';
import { indexCorpus } from '../../../lib/corpus/index-corpus.js';
import type { IndexCorpusOptions } from '../../../lib/corpus/options.js';
import { contentOf, type FakeEmbedder, fakeEmbedder, lineChunker, temporaryFolder, writeFiles } from './support.js';

const FULL = process.env.OVEMBED_TEST_FULL === '1';
const SEEDS = Array.from({ length: FULL ? 30 : 3 }, (_, i) => i + 1);
const DOCUMENTS = 40;

const folder = temporaryFolder();

/** Files of some lines, some of them met before; a picture and a damaged file among them. */
async function makeCorpus(seed: number): Promise<string> {
  const random = generator(seed);
  const source = join(folder, `source-${seed}`);
  await mkdir(source);
  const lines = () => Array.from({ length: Math.floor(random() * 12) }, () => `line ${Math.floor(random() * 150)}\n`);
  for (let i = 0; i < DOCUMENTS; i++) writeFiles(source, { [`${i + 10}.txt`]: lines().join('') });
  const records = lines().map((text, i) => (i === 2 ? '{' : JSON.stringify({ id: `r${i}`, text, n: i })));
  writeFiles(source, {
    '20-picture.png': '\x89PNG\0',
    '30-latin.txt': Buffer.from('caf\xe9', 'latin1'),
    '40.jsonl': records.join('\n'),
  });
  return source;
}

const NAMES = ['index', 'a.jsonl', 'a.npy', 'a.arrow', 'a.parquet'];

describe.each(SEEDS)('seed %i', (seed) => {
  test.each(NAMES)('%s', async (name) => {
    const random = generator(seed * 100 + NAMES.indexOf(name));
    const source = existsSync(join(folder, `source-${seed}`)) ? join(folder, `source-${seed}`) : await makeCorpus(seed);
    const place = async (kind: string) => {
      const path = join(folder, `${kind}-${seed}-${name}`);
      await mkdir(path);
      return path;
    };
    const calm = await place('calm');
    const rough = await place('rough');
    const run = (fake: FakeEmbedder, into: string, more: Partial<IndexCorpusOptions> = {}) =>
      indexCorpus(fake.embedder, {
        ...{ source, sink: join(into, name), chunk: lineChunker, onError: 'collect', checkpointEveryMs: 5, ...more },
      });

    const whole = await run(fakeEmbedder(), calm);
    expect(whole).toMatchObject({ resumed: false, failed: 2, filtered: { binary: 1 } });
    let failures = 0;
    for (;;) {
      const fake = fakeEmbedder();
      fake.failAt(Math.floor(random() * 120));
      const report = await run(fake, rough).catch((error) => error.message);
      if (typeof report !== 'string') {
        const { seconds, tokensPerSecond, stages, resumed, cacheHits, secondsLeft, ...counts } = report;
        expect(whole).toMatchObject(counts);
        break;
      }
      expect(report).toBe('the device is gone');
      failures++;
      // What was written after the checkpoint, and may have been cut in the middle.
      for (const file of [
        'a.jsonl',
        'index.partial/chunks.jsonl',
        'index.partial/vectors.npy',
        'a.npy.checkpoint.seen',
      ]) {
        if (existsSync(join(rough, file))) appendFileSync(join(rough, file), '{"half'.repeat(20_000));
      }
    }
    expect(failures).toBeGreaterThan(0);
    expect(contentOf(rough)).toEqual(contentOf(calm));
  });
});

describe('a checkpoint', () => {
  async function interrupted(name: string) {
    const source = join(folder, `source of ${name}`);
    await mkdir(source);
    const lines = Array.from({ length: 100 }, (_, i) => `line ${i}\n`);
    writeFiles(source, { 'a.txt': lines.join(''), 'b.txt': lines.map((line) => `b ${line}`).join('') });
    const sink = join(folder, name);
    const options = { source, sink, chunk: lineChunker, checkpointEveryMs: 0 };
    const fake = fakeEmbedder();
    fake.failAt(150);
    await expect(indexCorpus(fake.embedder, options)).rejects.toThrow('the device is gone');
    return options;
  }

  test('is refused by a run with other settings, which it names; restart begins anew', async () => {
    const options = await interrupted('settings.jsonl');
    const other = { ...options, dedup: false };
    await expect(indexCorpus(fakeEmbedder().embedder, other)).rejects.toThrow(
      /another dedup \(dedup: true then, false now\).*--restart/,
    );
    const { texts, embedder } = fakeEmbedder();
    expect(await indexCorpus(embedder, { ...other, restart: true })).toMatchObject({ resumed: false, chunks: 200 });
    expect(texts).toHaveLength(200);
    expect(existsSync(`${options.sink}.checkpoint`)).toBe(false);
  });

  test('notices another text, and another document, where it was', async () => {
    const options = await interrupted('changed.jsonl');
    writeFiles(options.source, { 'a.txt': 'other\n' });
    await expect(indexCorpus(fakeEmbedder().embedder, options)).rejects.toThrow(/a.txt is another text/);
    writeFiles(options.source, { '0.txt': 'new\n' });
    await expect(indexCorpus(fakeEmbedder().embedder, options)).rejects.toThrow(/0.txt where .*a.txt was/);
    rmSync(join(options.source, '0.txt'));
    rmSync(join(options.source, 'a.txt'));
    rmSync(join(options.source, 'b.txt'));
    writeFiles(options.source, { 'a.txt': '' });
    await expect(indexCorpus(fakeEmbedder().embedder, options)).rejects.toThrow(/a.txt is another text/);
  });

  test('notices that the output is shorter than it was, or gone', async () => {
    const options = await interrupted('short.jsonl');
    writeFileSync(options.sink, readFileSync(options.sink).subarray(0, 100));
    await expect(indexCorpus(fakeEmbedder().embedder, options)).rejects.toThrow(/bytes were written, but it has 100/);
    rmSync(options.sink);
    await expect(indexCorpus(fakeEmbedder().embedder, options)).rejects.toThrow(/but there is no such file/);
  });

  test('goes on where it was: only what came after it is computed again', async () => {
    const options = await interrupted('on.jsonl');
    const done = JSON.parse(readFileSync(`${options.sink}.checkpoint`, 'utf8')).state.written.chunks;
    const { texts, embedder } = fakeEmbedder();
    const report = await indexCorpus(embedder, options);
    expect(report).toMatchObject({ resumed: true, chunks: 200, documents: 2 });
    expect(done).toBeGreaterThan(64);
    expect(texts).toHaveLength(200 - done);
  });
});

test('an index that is whole stays so, however often its run is killed before the checkpoint is gone', async () => {
  const options = { source: join(folder, 'ends'), sink: join(folder, 'whole'), chunk: lineChunker };
  await mkdir(options.source);
  writeFiles(options.source, { 'a.txt': 'one\ntwo\n' });
  const remove = vi.spyOn(Checkpoint.prototype, 'remove').mockRejectedValue(new Error('killed'));
  const run = () => indexCorpus(fakeEmbedder().embedder, options);
  await expect(run()).rejects.toThrow('killed');
  const whole = contentOf(options.sink);
  expect(Object.keys(whole)).toContain('manifest.json');
  for (let i = 0; i < 2; i++) await expect(run()).rejects.toThrow('killed');
  remove.mockRestore();
  expect(await run()).toMatchObject({ resumed: true, chunks: 2 });
  expect(contentOf(options.sink)).toEqual(whole);
});

test('an abort finishes what was read, and the next run goes on', async () => {
  const controller = new AbortController();
  const sink = join(folder, 'aborted.jsonl');
  async function* source() {
    for (let i = 0; i < 300; i++) {
      if (i === 200) controller.abort(new Error('enough'));
      yield { id: `${i}`, text: `text ${i}` };
    }
  }
  const options = { sink, chunk: lineChunker };
  const aborted = indexCorpus(fakeEmbedder().embedder, { ...options, source: source(), signal: controller.signal });
  await expect(aborted).rejects.toThrow('enough');
  const done = readFileSync(sink, 'utf8').trim().split('\n').length;
  // But for documents that were not cut yet.
  expect(done).toBeGreaterThan(200 - 32);
  expect(done).toBeLessThanOrEqual(200);
  const { texts, embedder } = fakeEmbedder();
  expect(await indexCorpus(embedder, { ...options, source: source() })).toMatchObject({ chunks: 300, resumed: true });
  expect(texts).toHaveLength(300 - done);
});
