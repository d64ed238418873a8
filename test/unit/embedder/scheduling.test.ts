/** The options of scheduling, and what an embedder says of its work, through the calls of users. */
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Embedder } from '../../../lib/embedder.js';
import { FakeWorld, textsOf, vectorOf } from '../fake-native.js';
import { Gate } from '../gate.js';
import { loadFake } from '../load-fake.js';

let world: FakeWorld;
let device: Gate;
let embedder: Embedder;
/** Texts of each batch. */
let batches: string[];

beforeEach(async () => {
  world = new FakeWorld();
  world.concurrency = 1;
  device = new Gate();
  batches = [];
  world.onInfer = (parts) => {
    batches.push(textsOf(parts).join(' '));
    return device.pass();
  };
  embedder = await loadFake(world, { maxBatchSize: 2 });
});

test('texts of different calls share a batch', async () => {
  const first = embedder.embed(['x']);
  await device.letThrough(0);
  const others = [embedder.embed(['a']), embedder.embed(['b'])];
  await device.letThrough(0);
  device.open();
  const [a, b] = await Promise.all(others);
  expect([a?.at(0), b?.at(0)]).toEqual([vectorOf('a'), vectorOf('b')]);
  expect(batches).toEqual(['x', 'a b']);
  await first;
});

test('a text that makes a batch fail takes no other call with it', async () => {
  world.onInfer = (parts) => {
    if (textsOf(parts).includes('bad')) throw Object.assign(new Error('bad text'), { code: 'ERR_DEVICE_FAILED' });
    return device.pass();
  };
  const first = embedder.embed(['x']);
  await device.letThrough(0);
  const [bad, good] = [embedder.embed(['bad']), embedder.embed(['good'])];
  await device.letThrough(0);
  device.open();
  await expect(bad).rejects.toMatchObject({ code: 'ERR_DEVICE_FAILED' });
  expect((await good).at(0)).toEqual(vectorOf('good'));
  await first;
});

test('what somebody waits for goes in smaller batches', async () => {
  embedder = await loadFake(world, { buckets: [256] }, { maxLength: 256 });
  const texts = ['a', 'b', 'c', 'd'];
  device.open();
  await embedder.embed(texts);
  await embedder.embed(texts, { priority: 'interactive' });
  expect(batches).toEqual(['a b c d', ...texts]);
});

test('priority decides who goes first', async () => {
  const calls = [embedder.embed(['x', 'y', 'bulk'])];
  calls.push(embedder.embed(['urgent'], { priority: 'interactive' }));
  await device.letThrough(0);
  device.open();
  await Promise.all(calls);
  expect(batches).toEqual(['x y', 'urgent', 'bulk']);
});

test('batchDelayMs lets texts wait for company, but no full batch', async () => {
  embedder = await loadFake(world, { maxBatchSize: 2, batchDelayMs: 20 });
  device.open();
  const a = embedder.embed(['a']);
  await device.letThrough(0);
  expect(batches).toEqual([]);
  await Promise.all([a, embedder.embed(['b'])]);
  const alone = performance.now();
  await embedder.embed(['c']);
  expect(performance.now() - alone).toBeGreaterThan(15);
  expect(batches).toEqual(['a b', 'c']);
});

describe('a queue that is full', () => {
  beforeEach(async () => {
    embedder = await loadFake(world, { maxBatchSize: 2, maxQueue: { texts: 4, tokens: 30 } });
  });

  test('refuses calls at once, with a hint when to come back', async () => {
    const first = embedder.embed(['x', 'y', 'a', 'b', 'c', 'd']);
    await device.letThrough(0);
    const refused = embedder.embed(['late']);
    await expect(refused).rejects.toMatchObject({ code: 'ERR_OVERLOADED', retryAfterMs: expect.any(Number) });
    const before = world.encoded.length;
    await expect(embedder.embedQuery('e'.repeat(29), { priority: 'bulk' })).rejects.toMatchObject({
      code: 'ERR_OVERLOADED',
    });
    expect(world.encoded).toHaveLength(before);
    device.open();
    expect((await first).length).toBe(6);
    expect((await embedder.embed(['late'])).at(0)).toEqual(vectorOf('late'));
  });

  test('is shown by status()', async () => {
    const list = embedder.embed(['x', 'y', 'a', 'b']);
    await device.letThrough(0);
    expect(embedder.status()).toMatchObject({
      state: 'ready',
      queue: {
        interactive: { texts: 0, tokens: 0, fraction: 0, waitMs: 0 },
        bulk: { texts: 2, tokens: 6, fraction: 0.5 },
      },
      inFlight: { batches: 1, texts: 2 },
    });
    const closed = embedder.close();
    expect(embedder.status().state).toBe('closing');
    device.open();
    await Promise.all([list, closed]);
    expect(embedder.status()).toMatchObject({ state: 'closed', inFlight: { batches: 0, texts: 0 } });
  });
});

test('queueTimeoutMs ends calls that wait for the device, and not those that are on it', async () => {
  embedder = await loadFake(world, { queueTimeoutMs: 10 });
  const running = embedder.embedQuery('a');
  await device.letThrough(0);
  const bulk = embedder.embed(['c']);
  await expect(embedder.embedQuery('b')).rejects.toMatchObject({
    code: 'ERR_QUEUE_TIMEOUT',
    message: expect.stringContaining('embedQuery waited 10 ms'),
    retryAfterMs: expect.any(Number),
  });
  await expect(embedder.embed(['d'], { queueTimeoutMs: 5 })).rejects.toMatchObject({ code: 'ERR_QUEUE_TIMEOUT' });
  device.open();
  expect(await running).toEqual(vectorOf('q: a'));
  expect((await bulk).at(0)).toEqual(vectorOf('c'));
});

test('short texts are encoded on the calling thread, others elsewhere', async () => {
  device.open();
  await embedder.embed(['a', 'b', 'c', 'd']);
  await embedder.embed(['x'.repeat(1_024)]);
  expect(world.encodedNow).toEqual([4, 1]);
  await embedder.embed(['a', 'b', 'c', 'd', 'e']);
  await embedder.embed(['x'.repeat(1_025)]);
  expect(world.encodedNow).toEqual([4, 1]);
});

describe('performance', () => {
  const loadFor = async (performance: 'auto' | 'latency' | 'throughput') => {
    device.open();
    world.loads.length = 0;
    embedder = await loadFake(world, { performance });
    for (let i = 0; i < 3; i++) expect(await embedder.embedQuery('a')).toEqual(vectorOf('q: a'));
  };
  const loads = () => world.loads.map(({ streams, shape }) => ({ streams, shape }));
  const FOR_SHORT_QUERIES = { streams: 1, shape: { rows: 1, width: 16 } };

  test('throughput keeps to one pipeline of several streams', async () => {
    await loadFor('throughput');
    await embedder.close();
    expect(loads()).toEqual([{ streams: 2, shape: null }]);
  });

  test.each([
    ['auto', 2],
    ['latency', 1],
  ] as const)('%s has %i streams, and one with all threads for short queries', async (performance, streams) => {
    const before = world.openPipelines;
    await loadFor(performance);
    await vi.waitFor(() => expect(loads()).toEqual([{ streams, shape: null }, FOR_SHORT_QUERIES]));
    expect(world.loads[1]?.threads).toBe(2);
    expect(await embedder.embedQuery('a')).toEqual(vectorOf('q: a'));
    await embedder.close();
    expect(world.openPipelines).toBe(before);
  });
});

describe('metrics', () => {
  test('count calls by outcome, texts, tokens and batches', async () => {
    device.open();
    await embedder.embed(['a', 'b', 'c']);
    await embedder.embedQuery('x');
    await embedder.embed(['a'], { signal: AbortSignal.abort() }).catch(() => {});
    const metrics = embedder.metrics();
    expect(metrics).toMatchObject({
      calls: { ok: 2, aborted: 1 },
      texts: 4,
      tokens: 9 + 'q: x'.length + 2,
      paddedTokens: 64,
      batches: { interactive: 1, bulk: 2 },
    });
    expect(metrics.batchTexts).toMatchObject({ count: 3, sum: 4 });
    expect(metrics.batchTexts.counts.slice(0, 3)).toEqual([2, 3, 3]);
    expect([metrics.callMs.count, metrics.inferMs.count, metrics.queueMs.count]).toEqual([3, 3, 2]);
    expect(metrics.inferMs.sum).toBeCloseTo(0.3);
    expect(metrics.inferMs.bounds.at(-1)).toBe(Infinity);
    expect(embedder.status().rates.textsPerSecond).toBeGreaterThan(0);
  });

  test('are a copy', async () => {
    device.open();
    const before = embedder.metrics();
    await embedder.embed(['a']);
    expect([before.texts, before.callMs.count, embedder.metrics().texts]).toEqual([0, 0, 1]);
  });
});

test('results tell how they were made', async () => {
  device.open();
  const { metadata, timings } = await embedder.embed(['a', 'b', 'x'.repeat(20)]);
  expect(metadata).toEqual({
    device: 'CPU',
    devices: ['CPU'],
    precision: 'f32',
    activations: 'f32',
    batches: 2,
    paddedTokens: 64,
    cacheHits: 0,
    duplicates: 0,
  });
  expect([timings.inferMs, timings.poolMs]).toEqual([expect.closeTo(0.2), expect.closeTo(0.002)]);
});

test('queueTimeoutMs is no limit for a call whose first texts have gone to the device', async () => {
  const call = embedder.embed(['a', 'a', 'b', 'b'], { queueTimeoutMs: 10 });
  await device.letThrough(0);
  await new Promise((resolve) => setTimeout(resolve, 40));
  device.open();
  expect((await call).length).toBe(4);
});

test('a queueTimeoutMs that no timer can wait for is no limit', async () => {
  const first = embedder.embed(['x']);
  await device.letThrough(0);
  const call = embedder.embed(['a'], { queueTimeoutMs: 3e9 });
  await new Promise((resolve) => setTimeout(resolve, 20));
  device.open();
  await Promise.all([first, call]);
});

test('an abort counts as one, whatever its reason', async () => {
  const caller = new AbortController();
  const call = embedder.embed(['a'], { signal: caller.signal });
  await device.letThrough(0);
  caller.abort('no longer needed');
  await expect(call).rejects.toBe('no longer needed');
  device.open();
  expect(embedder.metrics().calls).toEqual({ aborted: 1 });
});

test('a stream that was read to its last item is over without another next()', async () => {
  device.open();
  const stream = embedder.stream(['a', 'b']);
  await stream.next();
  await stream.next();
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(embedder.metrics().calls).toEqual({ ok: 1 });
});
