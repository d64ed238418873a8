import { beforeEach, describe, expect, test } from 'vitest';
import { Dispatcher, type Work } from '../../../lib/batching/dispatcher.js';
import { FakeWorld } from '../fake-native.js';
import { Gate } from '../gate.js';

const LIVE = new AbortController().signal;
let world: FakeWorld;
let dispatcher: Dispatcher;
let device: Gate;

beforeEach(async () => {
  world = new FakeWorld();
  device = new Gate();
  world.onInfer = () => device.pass();
  const pipeline = await world.pipeline({ device: 'CPU', streams: 1, threads: 1, precision: 'f32' } as never);
  dispatcher = new Dispatcher(pipeline);
});

/** Work of one row per batch, which notes its results as `name` and row. */
async function work(name: string, batches: number, results: string[] = []): Promise<Work> {
  const texts = Array.from({ length: batches }, (_, i) => `${name}${i}`);
  const encoding = await world.tokenizer().encode(texts, { maxLength: 0, offsets: false, addSpecialTokens: true });
  return {
    priority: 'bulk',
    encoding,
    batches: texts.map((_, row) => ({ bucket: 16, rows: Uint32Array.of(row) })),
    options: { output: 'pooled', dimensions: 0, normalize: true },
    onResult: ({ rows }) => results.push(`${name}${rows[0]}`),
  };
}

describe('Dispatcher', () => {
  test('hands over as many batches as the pipeline takes at once, in the order they came', async () => {
    const results: string[] = [];
    const runs = [dispatcher.run(await work('a', 3, results), LIVE), dispatcher.run(await work('b', 2, results), LIVE)];
    expect(world.inFlight).toBe(2);
    for (let i = 0; i < 5; i++) await device.letThrough(1);
    await Promise.all(runs);
    expect(results).toEqual(['a0', 'a1', 'a2', 'b0', 'b1']);
    expect(world.mostInFlight).toBe(2);
  });

  test('interactive work gets the next free place, before bulk that came earlier', async () => {
    const results: string[] = [];
    const query = { ...(await work('query', 1, results)), priority: 'interactive' as const };
    const runs = [dispatcher.run(await work('list', 4, results), LIVE), dispatcher.run(query, LIVE)];
    for (let i = 0; i < 5; i++) await device.letThrough(1);
    await Promise.all(runs);
    expect(results).toEqual(['list0', 'list1', 'query0', 'list2', 'list3']);
  });

  test('drops queued batches on abort, and settles when those on the device are done', async () => {
    const caller = new AbortController();
    const results: string[] = [];
    const aborted = dispatcher.run(await work('a', 5, results), caller.signal);
    const other = dispatcher.run(await work('b', 1, results), LIVE);
    let settled = false;
    aborted.catch(() => {}).finally(() => (settled = true));
    caller.abort(new Error('enough'));
    await device.letThrough(1);
    expect(settled).toBe(false);
    await device.letThrough(2);
    await expect(aborted).rejects.toThrow('enough');
    await other;
    expect(results).toEqual(['b0']);
    expect(world.batches).toHaveLength(3);
  });

  test('fails work with its first failure and goes on with other work', async () => {
    const results: string[] = [];
    let batch = 0;
    world.onInfer = () => {
      if (batch++ === 1) throw Object.assign(new Error('the device is gone'), { code: 'ERR_DEVICE_FAILED' });
    };
    const failing = dispatcher.run(await work('a', 4, results), LIVE);
    const other = dispatcher.run(await work('b', 2, results), LIVE);
    await expect(failing).rejects.toMatchObject({ name: 'OvembedError', code: 'ERR_DEVICE_FAILED' });
    await other;
    expect(results).toEqual(['a0', 'b0', 'b1']);
  });

  test('fails work whose results cannot be taken', async () => {
    device.open();
    const failing = await work('a', 3);
    const reason = Object.assign(new RangeError('no place'), { code: 'ERR_OUT_OF_MEMORY' });
    failing.onResult = () => {
      throw reason;
    };
    await expect(dispatcher.run(failing, LIVE)).rejects.toBe(reason);
    await dispatcher.drain();
  });

  test('takes no work of a call that is over', async () => {
    await expect(dispatcher.run(await work('a', 1), AbortSignal.abort('left'))).rejects.toBe('left');
    expect(world.batches).toHaveLength(0);
  });

  test('resolves at once for no batches', () =>
    expect(work('a', 0).then((w) => dispatcher.run(w, LIVE))).resolves.toBe(undefined));

  test('drain waits for what is queued and what is on the device', async () => {
    await dispatcher.drain();
    void dispatcher.run(await work('a', 3), LIVE);
    let drained = false;
    const drain = dispatcher.drain().then(() => (drained = true));
    await device.letThrough(2);
    expect(drained).toBe(false);
    await device.letThrough(1);
    await drain;
    expect(world.inFlight).toBe(0);
  });
});
