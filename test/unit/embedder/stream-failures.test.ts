/** What comes before a failure is handed out; then it is told, once. */
import { describe, expect, test } from 'vitest';
import type { Embedder } from '../../../lib/embedder.js';
import type { Input } from '../../../lib/input.js';
import { FakeWorld, textsOf } from '../fake-native.js';
import { Gate } from '../gate.js';
import { loadFake } from '../load-fake.js';
import { Feed, readAll, Source, turns, upTo } from './stream-support.js';

const DONE = { done: true, value: undefined };

/** `count` texts, then what does not fit, then more texts. */
function* withBad(count: number, bad: unknown): Generator<Input> {
  for (let i = 0; i < count; i++) yield `text ${i}`;
  yield bad as Input;
  for (;;) yield 'more';
}

async function* throwing(count: number): AsyncGenerator<Input> {
  for (let i = 0; i < count; i++) yield `text ${i}`;
  throw new RangeError('disk gone');
}

describe.each([true, false])('ordered: %s: a failure of the source', (ordered) => {
  test.each([0, 1, 9, 10, 13, 20, 25])('at text %i comes after all texts before it', async (count) => {
    const world = new FakeWorld();
    const embedder = await loadFake(world);
    for (const [source, message] of [
      [withBad(count, 7), `index ${count}`],
      [throwing(count), 'disk gone'],
    ] as const) {
      const stream = embedder.stream(source, { batchSize: 10, ordered });
      const { indices, failure } = await readAll(stream);
      expect(indices.sort((a, b) => a - b)).toEqual(upTo(count));
      expect((failure as Error).message).toContain(message);
      expect(await stream.next()).toEqual(DONE);
    }
    expect(world.openEncodings).toBe(0);
  });

  test('closes the source where it is a text that does not fit, before it is told', async () => {
    let closed = false;
    async function* source(): AsyncGenerator<Input> {
      try {
        yield* withBad(3, null);
      } finally {
        await turns(3);
        closed = true;
      }
    }
    const { failure } = await readAll((await loadFake()).stream(source(), { ordered }));
    expect(failure).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
    expect(closed).toBe(true);
  });

  test('rejects one of several calls of next()', async () => {
    const stream = (await loadFake()).stream(throwing(1), { ordered });
    const steps = await Promise.allSettled([stream.next(), stream.next(), stream.next()]);
    expect(steps).toMatchObject([
      { value: { value: { index: 0 } } },
      { reason: { message: 'disk gone' } },
      { value: DONE },
    ]);
  });
});

describe.each([true, false])('ordered: %s: a text that fails', (ordered) => {
  test.each([
    ['too long', 'ERR_INPUT_TOO_LONG', 'x'.repeat(100)],
    ['not finite', 'ERR_NON_FINITE', 'poison'],
  ])('%s, comes after the windows before it', async (_, code, text) => {
    const world = new FakeWorld();
    world.poison.add('poison');
    const source = withBad(25, text);
    const stream = (await loadFake(world)).stream(source, { batchSize: 10, ordered, truncate: 'error' });
    const { indices, failure } = await readAll(stream);
    expect(failure).toMatchObject({ code });
    expect((failure as Error).message).toContain('index 25');
    expect(indices.filter((index) => index < 20).sort((a, b) => a - b)).toEqual(upTo(20));
    if (ordered) expect(indices).toEqual(upTo(20));
    expect(await stream.next()).toEqual(DONE);
    expect(source.next().done).toBe(true);
    await turns(); // another window may just be ending
    expect([world.openEncodings, world.inFlight]).toEqual([0, 0]);
  });
});

describe('two windows on the device', () => {
  async function twoWindows(ordered: boolean) {
    const world = new FakeWorld();
    const device = new Gate();
    const embedder: Embedder = await loadFake(world);
    world.onInfer = (parts) => device.pass(textsOf(parts).join());
    const source = new Source(100);
    const stream = embedder.stream(source.texts(), { batchSize: 1, ordered });
    const steps = Promise.allSettled([stream.next(), stream.next(), stream.next()]);
    await turns();
    expect(world.inFlight).toBe(2);
    return { world, device, source, steps };
  }

  test('in order, a failure of the first stops the second', async () => {
    const { world, device, source, steps } = await twoWindows(true);
    await device.fail(0);
    expect(await steps).toMatchObject([{ reason: { message: 'text 0' } }, { value: DONE }, { value: DONE }]);
    await turns();
    expect([world.stopped, world.inFlight, world.openEncodings, source.closed]).toEqual([1, 0, 0, true]);
  });

  test('in order, a failure of the second comes after the first', async () => {
    const { device, steps } = await twoWindows(true);
    await device.fail(1);
    await device.finish(0);
    expect(await steps).toMatchObject([
      { value: { value: { index: 0 } } },
      { reason: { message: 'text 1' } },
      { value: DONE },
    ]);
  });

  test('in order, that of the earlier text is told', async () => {
    const { device, steps } = await twoWindows(true);
    await device.fail(1);
    await device.fail(0);
    expect(await steps).toMatchObject([{ reason: { message: 'text 0' } }, { value: DONE }, { value: DONE }]);
  });

  test('in order of completion, the neighbour of one that fails is still handed out', async () => {
    const { device, steps } = await twoWindows(false);
    await device.fail(0);
    await device.finish(0);
    expect(await steps).toMatchObject([
      { value: { value: { index: 1 } } },
      { reason: { message: 'text 0' } },
      { value: DONE },
    ]);
  });
});

test('a failure is told though the source does not answer', async () => {
  const feed = new Feed();
  const stream = (await loadFake()).stream(feed, { truncate: 'error' });
  const step = stream.next();
  step.catch(() => {});
  await feed.give('x'.repeat(100));
  await expect(step).rejects.toMatchObject({ code: 'ERR_INPUT_TOO_LONG' });
  expect(feed.closed).toBe(true);
});

test('where the queue is full, the first window is refused; later ones wait', async () => {
  const world = new FakeWorld();
  const device = new Gate();
  const embedder = await loadFake(world, { maxQueue: { texts: 4 }, maxBatchSize: 1 });
  world.onInfer = () => device.pass();
  const begun = embedder.stream(new Source(20).texts(), { batchSize: 4 });
  const items = readAll(begun);
  await turns();
  await expect(embedder.stream(['a']).next()).rejects.toMatchObject({ code: 'ERR_OVERLOADED' });
  device.open();
  expect(await items).toEqual({ indices: upTo(20), failure: undefined });
});

test('windows that were begun before close() are handed out', async () => {
  const world = new FakeWorld();
  const embedder = await loadFake(world);
  const stream = embedder.stream(new Source(100).texts(), { batchSize: 10 });
  await stream.next();
  await turns();
  const closed = embedder.close();
  const { indices, failure } = await readAll(stream);
  expect([indices.at(-1), failure]).toMatchObject([19, { code: 'ERR_CLOSED' }]);
  await closed;
});
