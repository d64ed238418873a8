/** When the texts of a stream are read, sent and handed out. */
import { describe, expect, test } from 'vitest';
import { FakeWorld, textsOf } from '../fake-native.js';
import { Gate } from '../gate.js';
import { loadFake } from '../load-fake.js';
import { collect, Feed, readAll, Source, turns, upTo } from './stream-support.js';

/** An embedder whose batches wait for the gate, and the texts of each batch as it begins. */
async function gated(options: { maxBatchSize?: number } = {}) {
  const world = new FakeWorld();
  const device = new Gate();
  const embedder = await loadFake(world, options);
  const begun: string[][] = [];
  world.onInfer = (parts) => {
    begun.push(textsOf(parts));
    return device.pass(textsOf(parts).join());
  };
  return { world, device, embedder, begun };
}

describe('a source that is slow', () => {
  test.each([true, false])('does not hold up what is finished (ordered: %s)', async (ordered) => {
    const feed = new Feed();
    const stream = (await loadFake()).stream(feed, { batchSize: 4, ordered });
    const items = Promise.all(upTo(5).map(() => stream.next()));
    await feed.give('a', 'b', 'c', 'd', 'e');
    expect((await items).map(({ value }) => value?.index)).toEqual(upTo(5));
    await stream.return();
    expect(feed.closed).toBe(true);
  });

  test('makes smaller windows, but only when nothing is under way', async () => {
    const { device, embedder, begun } = await gated();
    const feed = new Feed();
    const stream = embedder.stream(feed, { batchSize: 8 });
    const first = stream.next();
    await feed.give('a');
    await feed.give('b');
    await feed.give('c');
    expect(begun).toEqual([['a']]);
    await device.letThrough(1);
    await turns();
    expect(begun).toEqual([['a'], ['b', 'c']]);
    expect((await first).value?.index).toBe(0);
    device.open();
    await stream.return();
  });

  test('gets no smaller window while a full one is under way', async () => {
    const { device, embedder, begun } = await gated();
    const feed = new Feed();
    const stream = embedder.stream(feed, { batchSize: 2 });
    void stream.next();
    await feed.give('a', 'b', 'c');
    expect(begun).toEqual([['a', 'b']]);
    device.open();
    await stream.return();
  });

  test('is one that does not answer within a turn of the event loop', async () => {
    const items = await collect((await loadFake()).stream(new Source(25).later(), { batchSize: 10 }));
    const windows = [...new Set(items.map(({ timings }) => timings))];
    const sizes = windows.map((window) => items.filter(({ timings }) => timings === window).length);
    expect(sizes).toEqual([10, 10, 5]);
  });
});

describe('ordered: false', () => {
  test('hands out batches as they are completed', async () => {
    const { device, embedder } = await gated({ maxBatchSize: 1 });
    const stream = embedder.stream(['a', 'b', 'c'], { ordered: false });
    const items = [stream.next(), stream.next(), stream.next(), stream.next()];
    await turns();
    await device.finish(1); // of a and b, which are on the device
    expect((await items[0])?.value?.index).toBe(1);
    await device.finish(1); // of a and c
    expect((await items[1])?.value?.index).toBe(2);
    await device.finish(0);
    expect([(await items[2])?.value?.index, (await items[3])?.done]).toEqual([0, true]);
  });

  test('reads no more than two windows ahead of its consumer', async () => {
    const source = new Source(300);
    const seen: number[] = [];
    for await (const { index } of (await loadFake()).stream(source.texts(), { batchSize: 10, ordered: false })) {
      seen.push(index);
      await turns(1);
      expect(source.read).toBeLessThanOrEqual(seen.length + 2 * 10);
    }
    expect(seen.sort((a, b) => a - b)).toEqual(upTo(300));
  });
});

test('a later window that is finished waits for the earlier one', async () => {
  const { device, embedder } = await gated();
  const stream = embedder.stream(['a', 'b'], { batchSize: 1 });
  const steps = [stream.next(), stream.next()];
  await turns();
  let answered = 0;
  for (const step of steps) void step.then(() => answered++);
  await device.finish(1);
  await turns();
  expect(answered).toBe(0);
  await device.finish(0);
  expect((await Promise.all(steps)).map(({ value }) => value?.index)).toEqual([0, 1]);
});

test('has at most two windows under way or unread', async () => {
  const source = new Source(1_000);
  const world = new FakeWorld();
  const stream = (await loadFake(world)).stream(source.texts(), { batchSize: 10 });
  await stream.next();
  await turns(20);
  expect([source.read, world.encoded.length]).toEqual([20, 20]);
  for (let i = 1; i < 10; i++) await stream.next();
  await turns(20);
  expect([source.read, world.encoded.length]).toEqual([30, 30]);
  await stream.return();
});

test('a window is as long as the queue at most, and shorter where texts are long', async () => {
  const source = new Source(100);
  const stream = (await loadFake(new FakeWorld(), { maxQueue: { texts: 4 } })).stream(source.texts());
  await stream.next();
  await turns();
  expect(source.read).toBe(8);
  await stream.return();

  const items = await collect((await loadFake()).stream(Array(8).fill('x'.repeat(300_000))));
  expect(new Set(items.map(({ timings }) => timings)).size).toBe(2);
});

test('a source may use one list of token ids again and again', async () => {
  function* ids() {
    const list = new Uint32Array(2);
    for (let i = 0; i < 3; i++) yield list.fill(65 + i);
  }
  const embedder = await loadFake();
  const items = await collect(embedder.stream(ids()));
  const list = await embedder.embedDocuments([65, 66, 67].map((id) => [id, id]));
  expect(items.map(({ embedding }) => embedding)).toEqual([...list]);
});

test('items carry timings and metadata of their window', async () => {
  const [first, second, third] = await collect((await loadFake()).stream(['a', 'b', 'c'], { batchSize: 2 }));
  expect(second?.timings).toBe(first?.timings);
  expect(second?.metadata).toBe(first?.metadata);
  expect(third?.timings).not.toBe(first?.timings);
  expect(first?.metadata).toMatchObject({ device: 'CPU', batches: 1, cacheHits: 0 });
  expect(first?.timings.totalMs).toBeGreaterThan(0);
  expect(first?.timings.inferMs).toBeCloseTo(0.1);
});

test('reading a window lets the event loop turn', async () => {
  const world = new FakeWorld();
  const stream = (await loadFake(world)).stream(new Source(100_000).texts(), { batchSize: 30_000 });
  let looks = 0;
  const look = () => {
    if (world.encoded.length > 0) return;
    looks++;
    setImmediate(look);
  };
  setImmediate(look);
  await stream.next();
  expect(looks).toBeGreaterThan(1);
  await stream.return();
});

test('queueTimeoutMs counts for each window', async () => {
  const world = new FakeWorld();
  const embedder = await loadFake(world, { maxBatchSize: 2 });
  world.concurrency = 1;
  world.onInfer = () => new Promise((resolve) => setTimeout(resolve, 10));
  const { indices, failure } = await readAll(
    embedder.stream(new Source(60).texts(), { batchSize: 4, queueTimeoutMs: 120 }),
  );
  expect([indices.length, failure]).toEqual([60, undefined]);
});
