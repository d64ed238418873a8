import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { LoadOptions } from '../../../lib/options.js';
import { FakeWorld } from '../fake-native.js';
import { freshCacheDir, loadFake } from '../load-fake.js';

let world: FakeWorld;
/** Milliseconds a batch takes, by its texts, their bucket and the streams of the pipeline. */
let cost: (rows: number, bucket: number, streams: number) => number;
let cacheDir: string;

const DEFAULTS = { streams: 2, batchTokens: 1_024, buckets: [16] };

beforeEach(() => {
  world = new FakeWorld();
  cacheDir = freshCacheDir();
  let clock = 0;
  // A clock that only batches move: what is chosen must not depend on how busy the machine is that runs this test.
  vi.spyOn(performance, 'now').mockImplementation(() => clock);
  world.onInfer = (parts, { bucket }) => {
    const rows = parts.reduce((sum, part) => sum + part.rows.length, 0);
    clock += cost(rows, bucket, world.concurrency);
  };
  // In proportion to padded tokens: no plan is better than another but by its padding, and texts here are 64 at most.
  cost = (rows, bucket) => (rows * bucket) / 1_000;
});

afterEach(() => vi.restoreAllMocks());

const measured = async (options: LoadOptions = {}) => {
  const embedder = await loadFake(world, { cacheDir, precision: 'f32', batchTokens: undefined, ...options });
  const { streams, batchTokens, buckets, tuningReason } = embedder.info;
  await embedder.close();
  return { streams, batchTokens, buckets, tuningReason };
};

const kept = () =>
  readdirSync(join(cacheDir, 'choices')).map((name) =>
    JSON.parse(readFileSync(join(cacheDir, 'choices', name), 'utf8')),
  );

describe('streams and tokens per batch', () => {
  test('stay at the defaults where nothing is clearly better', async () => {
    cost = () => 1;
    world.onInfer = () => {};
    expect(await measured()).toMatchObject(DEFAULTS);
    expect(world.openPipelines).toBe(0);
    expect(world.openEncodings).toBe(0);
  });

  test('larger batches where a batch has a cost of its own', async () => {
    cost = (_rows, bucket) => (bucket === 64 ? 5 : 0);
    const { batchTokens, tuningReason } = await measured({ maxBatchSize: 1_000 });
    expect(batchTokens).toBe(2_048);
    expect(tuningReason).toContain('2048 tokens 1.');
  });

  test('fewer streams where they are faster', async () => {
    const { addon } = world;
    const load = addon.loadPipeline.bind(addon);
    addon.loadPipeline = async (options) => {
      world.concurrency = options.streams + 1;
      const pipeline = await load(options);
      const infer = pipeline.infer.bind(pipeline);
      pipeline.infer = (...args) => {
        world.concurrency = options.streams + 1;
        return infer(...args);
      };
      return pipeline;
    };
    cost = (rows, bucket, concurrency) => (rows * bucket * concurrency) / 1_000;
    expect((await measured()).streams).toBe(1);
    expect(world.openPipelines).toBe(0);
  });

  test('are kept: the next load measures nothing and compiles once', async () => {
    cost = () => 5;
    const first = await measured({ maxBatchSize: 1_000 });
    expect(kept()).toHaveLength(1);
    world.batches.length = 0;
    world.loads.length = 0;
    expect(await measured({ maxBatchSize: 1_000 })).toEqual(first);
    expect(world.batches).toEqual([]);
    expect(world.loads).toHaveLength(1);
  });

  test.each([{ streams: 1 }, { batchTokens: 512 }])('are not measured with %o', async (options) => {
    cost = () => 5;
    await measured({ maxBatchSize: 1_000, ...options });
    expect(world.batches).toEqual([]);
  });

  test('stay at the defaults for a model that is too slow to measure', async () => {
    cost = () => 500;
    const { tuningReason, ...plan } = await measured();
    expect(plan).toEqual(DEFAULTS);
    expect(tuningReason).toMatch(/large/);
  });

  test('leave nothing open when the measurement fails', async () => {
    let batches = 0;
    world.onInfer = () => {
      if (++batches === 40) throw new Error('device lost');
    };
    await expect(measured()).rejects.toThrow('device lost');
    expect([world.openPipelines, world.openEncodings, world.openTokenizers]).toEqual([0, 0, 0]);
  });
});
