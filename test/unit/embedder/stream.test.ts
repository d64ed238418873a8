import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { FakeWorld, vectorOf } from '../fake-native.js';
import { Gate } from '../gate.js';
import { loadFake } from '../load-fake.js';
import { collect, Feed, Source, turns } from './stream-support.js';

describe('stream', () => {
  test.each(['texts', 'later'] as const)('gives the vectors of a source (%s) in its order', async (kind) => {
    const world = new FakeWorld();
    world.onInfer = () => new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
    const embedder = await loadFake(world);
    const items = await collect(embedder.stream(new Source(103)[kind](), { batchSize: 10 }));
    expect(items.map(({ index }) => index)).toEqual(Array.from({ length: 103 }, (_, i) => i));
    for (const { index, embedding, tokens, truncated } of items) {
      expect(embedding).toEqual(vectorOf(`text ${index}`));
      expect([tokens, truncated]).toEqual([`text ${index}`.length + 2, false]);
    }
    expect(world.openEncodings).toBe(0);
  });

  test('of nothing gives nothing', async () => {
    expect(await collect((await loadFake()).stream([]))).toEqual([]);
  });

  test('reads no more than two windows ahead of its consumer', async () => {
    const source = new Source(1_000);
    const embedder = await loadFake();
    let seen = 0;
    for await (const _ of embedder.stream(source.texts(), { batchSize: 10 })) {
      seen++;
      expect(source.read).toBeLessThanOrEqual(seen + 2 * 10);
    }
    expect(seen).toBe(1_000);
  });

  test('reads nothing before the first next()', async () => {
    const source = new Source(10);
    const stream = (await loadFake()).stream(source.texts());
    expect(source.read).toBe(0);
    await stream.return();
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    expect(source.read).toBe(0);
  });

  test.each(['texts', 'later'] as const)('closes its source (%s) and frees all when left early', async (kind) => {
    const world = new FakeWorld();
    const source = new Source(1_000);
    const embedder = await loadFake(world);
    for await (const { index } of embedder.stream(source[kind](), { batchSize: 10 })) if (index === 15) break;
    expect(source.closed).toBe(true);
    expect([world.openEncodings, world.inFlight]).toEqual([0, 0]);
    await embedder.close();
  });

  test('drops what is queued when left, and ends a next() that waits', async () => {
    const world = new FakeWorld();
    const device = new Gate();
    world.onInfer = () => device.pass();
    const stream = (await loadFake(world, { maxBatchSize: 1 })).stream(new Source(50).texts(), { batchSize: 10 });
    const waiting = stream.next();
    await device.letThrough(0);
    const left = stream.return();
    expect(await waiting).toEqual({ done: true, value: undefined });
    await device.letThrough(2);
    await left;
    expect(world.batches).toHaveLength(2);
    expect(world.openEncodings).toBe(0);
  });

  test('does not wait for a source that does not answer', async () => {
    const caller = new AbortController();
    const silent = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) };
    const embedder = await loadFake();
    const aborted = embedder.stream(silent, { signal: caller.signal }).next();
    caller.abort('enough');
    await expect(aborted).rejects.toBe('enough');
    const left = embedder.stream(silent);
    const waiting = left.next();
    await left.return();
    expect((await waiting).done).toBe(true);
  });

  test('rejects with what its source throws', async () => {
    async function* broken() {
      yield 'fine';
      throw new RangeError('disk gone');
    }
    const world = new FakeWorld();
    const stream = (await loadFake(world)).stream(broken(), { batchSize: 1 });
    await expect(collect(stream)).rejects.toThrow('disk gone');
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    expect(world.openEncodings).toBe(0);
  });

  test('names the place in the source of an input that does not fit', async () => {
    const embedder = await loadFake(new FakeWorld(), { maxLength: 8 });
    const texts = ['a', 'b', 'c', 'rather too long', 'd'];
    await expect(collect(embedder.stream(texts, { batchSize: 2, truncate: 'error' }))).rejects.toThrow('index 3');
    await expect(collect(embedder.stream(['a', 'b', 7 as never], { batchSize: 2 }))).rejects.toThrow('index 2');
  });

  test('a second call of next() while one waits gets the next item', async () => {
    const stream = (await loadFake()).stream(['a', 'b']);
    const items = await Promise.all([stream.next(), stream.next(), stream.next()]);
    expect(items.map(({ value }) => value?.index)).toEqual([0, 1, undefined]);
  });

  test('ends with ERR_CLOSED after the windows in flight when the embedder is closed', async () => {
    const embedder = await loadFake();
    const stream = embedder.stream(new Source(1_000).texts(), { batchSize: 10 });
    await stream.next();
    const closed = embedder.close();
    await expect(collect(stream)).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    await closed;
  });

  test('return() waits until the source is closed, and rejects with what it throws then', async () => {
    let closed = false;
    const source = {
      [Symbol.asyncIterator]: () => source,
      next: async () => ({ done: false as const, value: 'text' }),
      return: async () => {
        await nextTurn();
        closed = true;
        throw new Error('cannot close');
      },
    };
    const stream = (await loadFake()).stream(source, { batchSize: 2 });
    await stream.next();
    await expect(stream.return()).rejects.toThrow('cannot close');
    expect(closed).toBe(true);
    await stream.return();
  });

  test('closes a source that aborts the stream in the middle of its next()', async () => {
    const caller = new AbortController();
    const source = new Source(100);
    function* aborting() {
      for (const text of source.texts()) {
        if (source.read === 15) caller.abort('enough');
        yield text;
      }
    }
    const stream = (await loadFake()).stream(aborting(), { batchSize: 10, signal: caller.signal });
    await expect(collect(stream)).rejects.toBe('enough');
    await turns();
    expect(source.closed).toBe(true);
  });

  test('reads nothing where it has been aborted before', async () => {
    const source = new Source(10);
    const stream = (await loadFake()).stream(source.texts(), { signal: AbortSignal.abort('enough') });
    await expect(stream.next()).rejects.toBe('enough');
    await turns();
    expect([source.read, await stream.next()]).toEqual([0, { done: true, value: undefined }]);
  });

  test('does nothing with a text that comes after it was left', async () => {
    const world = new FakeWorld();
    const feed = new Feed();
    const stream = (await loadFake(world)).stream(feed, { batchSize: 1 });
    const step = stream.next();
    await turns();
    await stream.return();
    await feed.give('late');
    expect([(await step).done, world.encoded]).toEqual([true, []]);
  });

  test('does not close a source that has ended or thrown', async () => {
    for (const last of [
      async () => ({ done: true as const, value: undefined }),
      () => Promise.reject(new Error('gone')),
    ]) {
      let closings = 0;
      const source = {
        [Symbol.asyncIterator]: () => source,
        next: last,
        return: async () => ({ done: true as const, value: closings++ }),
      };
      const stream = (await loadFake()).stream(source as AsyncIterable<string>);
      await stream.next().catch(() => {});
      await stream.return();
      expect(closings).toBe(0);
    }
  });

  test('disposes of itself', async () => {
    const source = new Source(100);
    const stream = (await loadFake()).stream(source.texts(), { batchSize: 10 });
    await stream.next();
    await stream[Symbol.asyncDispose]();
    expect([source.closed, await stream.next()]).toEqual([true, { done: true, value: undefined }]);
  });

  test('an abort drops what has not been read, and is told once', async () => {
    const caller = new AbortController();
    const source = new Source(100);
    const stream = (await loadFake()).stream(source.texts(), { batchSize: 10, signal: caller.signal });
    await stream.next();
    await turns();
    caller.abort('enough');
    await expect(stream.next()).rejects.toBe('enough');
    expect([await stream.next(), source.closed]).toEqual([{ done: true, value: undefined }, true]);
  });

  test('a timeout settles the next() that waits; those behind it are done', async () => {
    const stream = (await loadFake()).stream(new Feed(), { timeoutMs: 5 });
    const steps = await Promise.allSettled([stream.next(), stream.next()]);
    expect(steps).toMatchObject([
      { status: 'rejected', reason: { code: 'ERR_TIMEOUT' } },
      { status: 'fulfilled', value: { done: true } },
    ]);
  });

  test.each([['a text'], [7], [null], [{}]])('takes no %j for a source', async (source) => {
    const embedder = await loadFake();
    expect(() => embedder.stream(source as never)).toThrow('Expected an iterable');
  });
});
