import { getEventListeners } from 'node:events';
import { beforeEach, describe, expect, test } from 'vitest';
import { WORTHWHILE_TEXTS } from '../../../lib/batching/heap-trims.js';
import type { Embedder } from '../../../lib/embedder.js';
import { FakeWorld, vectorOf } from '../fake-native.js';
import { Gate } from '../gate.js';
import { loadFake } from '../load-fake.js';

let world: FakeWorld;
let device: Gate;
let embedder: Embedder;

beforeEach(async () => {
  world = new FakeWorld();
  device = new Gate();
  world.onInfer = () => device.pass();
  embedder = await loadFake(world, { maxBatchSize: 1 });
});

/** Every call, with one text. */
const CALLS: [string, (limits: { signal?: AbortSignal; timeoutMs?: number }) => Promise<unknown>][] = [
  ['embedDocuments', (limits) => embedder.embedDocuments(['a'], limits)],
  ['embedQuery', (limits) => embedder.embedQuery('a', limits)],
  ['embed', (limits) => embedder.embed(['a'], limits)],
  ['embedTokens', (limits) => embedder.embedTokens(['a'], limits)],
  ['stream', async (limits) => embedder.stream(['a'], limits).next()],
  ['tokenize', (limits) => embedder.tokenize(['a'], limits)],
  ['countTokens', (limits) => embedder.countTokens(['a'], limits)],
  ['decode', (limits) => embedder.decode([97], limits)],
];

describe('abort', () => {
  test.each(CALLS)('before %s rejects with the reason and computes nothing', async (_name, call) => {
    await expect(call({ signal: AbortSignal.abort('no more') })).rejects.toBe('no more');
    expect([world.batches.length, world.encoded.length]).toEqual([0, 0]);
  });

  test('during a call rejects at once, stops and drops its batches, frees everything, and leaves no listener', async () => {
    const caller = new AbortController();
    const call = embedder.embed(['a', 'b', 'c', 'd', 'e'], { signal: caller.signal });
    await device.letThrough(0);
    expect(world.inFlight).toBe(2);
    caller.abort('enough');
    await expect(call).rejects.toBe('enough');
    expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
    await device.letThrough(0);
    expect([world.inFlight, world.stopped, world.openEncodings]).toEqual([0, 2, 0]);
    expect(world.batches).toHaveLength(2);
  });

  test('stops no batch that another call has a share in', async () => {
    embedder = await loadFake(world, { maxBatchSize: 2 });
    const caller = new AbortController();
    const first = [embedder.embed(['x', 'y']), embedder.embed(['x', 'y'])];
    const aborted = embedder.embed(['a'], { signal: caller.signal });
    const other = embedder.embed(['b']);
    await device.letThrough(0);
    await device.letThrough(2);
    caller.abort('enough');
    await expect(aborted).rejects.toBe('enough');
    await device.letThrough(1);
    expect((await other).at(0)).toEqual(vectorOf('b'));
    expect([world.batches.at(-1)?.lengths.length, world.stopped]).toEqual([2, 0]);
    await Promise.all(first);
  });

  test('during tokenising rejects at once, and stops it', async () => {
    const tokenizer = new Gate();
    world.onEncode = () => tokenizer.pass();
    const caller = new AbortController();
    const call = embedder.embed(['a'.repeat(2_000)], { signal: caller.signal });
    await tokenizer.letThrough(0);
    caller.abort('enough');
    await expect(call).rejects.toBe('enough');
    await tokenizer.letThrough(0);
    expect([world.stopped, world.batches.length, world.openEncodings]).toEqual([1, 0, 0]);
    expect(embedder.status().queue.bulk).toMatchObject({ texts: 0, tokens: 0 });
  });

  test('after a call changes nothing, and a call that ends well leaves no listener', async () => {
    device.open();
    const caller = new AbortController();
    const result = await embedder.embed(['a'], { signal: caller.signal, timeoutMs: 1_000 });
    expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
    caller.abort();
    expect(result.at(0)).toEqual(vectorOf('a'));
  });

  test('of one call leaves the others alone', async () => {
    const caller = new AbortController();
    const aborted = embedder.embed(['a', 'b', 'c'], { signal: caller.signal });
    const other = embedder.embed(['d']);
    await device.letThrough(0);
    caller.abort('enough');
    await expect(aborted).rejects.toBe('enough');
    device.open();
    expect((await other).at(0)).toEqual(vectorOf('d'));
  });
});

describe('timeoutMs', () => {
  test('rejects with ERR_TIMEOUT', async () => {
    const call = embedder.embedDocuments(['a'], { timeoutMs: 5 });
    await expect(call).rejects.toMatchObject({
      code: 'ERR_TIMEOUT',
      message: 'embedDocuments did not finish within 5 ms.',
    });
  });

  test('of load holds for queries, and 0 or Infinity is none', async () => {
    embedder = await loadFake(world, { timeoutMs: 5 });
    await expect(embedder.embedQuery('a')).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
    const unlimited = [embedder.embedQuery('a', { timeoutMs: 0 }), embedder.embedQuery('a', { timeoutMs: Infinity })];
    const list = embedder.embed(['a']);
    await new Promise((resolve) => setTimeout(resolve, 20));
    device.open();
    await Promise.all([...unlimited, list]);
  });
});

describe('close', () => {
  test('waits for work in flight, once', async () => {
    const call = embedder.embed(['a', 'b', 'c']);
    const stages: string[] = [];
    const closed = embedder.close().then(() => stages.push('closed'));
    expect(embedder.close()).toBe(embedder.close());
    await device.letThrough(1);
    expect(stages).toEqual([]);
    device.open();
    expect((await call).length).toBe(3);
    await closed;
    expect([world.openPipelines, world.openEncodings]).toEqual([0, 0]);
    await embedder[Symbol.asyncDispose]();
  });

  test('waits for batches of a call that was aborted', async () => {
    const call = embedder.embed(['a'], { timeoutMs: 5 });
    await expect(call).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
    const closed = embedder.close();
    await device.letThrough(1);
    await closed;
    expect(world.openPipelines).toBe(0);
  });

  test.each(CALLS)('%s is ERR_CLOSED from the moment close() is called', async (_name, call) => {
    const running = embedder.embed(['a']);
    const closed = embedder.close();
    await expect(call({})).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    device.open();
    await Promise.all([running, closed]);
    await expect(call({})).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  });
});

test('a failure of the device fails its call only', async () => {
  let failures = 1;
  world.onInfer = () => {
    if (failures-- > 0)
      throw Object.assign(new Error('gone'), { code: 'ERR_DEVICE_FAILED', detail: 'Exception from …' });
  };
  const error = await embedder.embed(['a', 'b']).catch((reason) => reason);
  expect(error).toMatchObject({ code: 'ERR_DEVICE_FAILED', message: 'gone', cause: { message: 'Exception from …' } });
  expect((await embedder.embed(['a'])).at(0)).toEqual(vectorOf('a'));
  expect(world.openEncodings).toBe(0);
});

test('what many texts leave free goes back to the system', async () => {
  world.onInfer = () => {};
  await embedder.embed(Array.from({ length: WORTHWHILE_TEXTS }, (_, i) => String(i)));
  expect(world.heapTrims).toBe(0);
  await expect.poll(() => world.heapTrims).toBe(1);
});
