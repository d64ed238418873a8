import { describe, expect, test } from 'vitest';
import { FakeWorld, textsOf, vectorOf } from '../fake-native.js';
import { loadFake } from '../load-fake.js';
import { CHECK, FakeChain, fails, never, runAll } from './fake-devices.js';

/** Fails so many times, then works. */
function failing(times: number) {
  let left = times;
  return () => (left-- > 0 ? fails() : undefined);
}

/** Fails with any batch that holds the row. */
const poison =
  (...bad: number[]) =>
  (rows: number[]) =>
    rows.some((row) => bad.includes(row)) ? fails() : undefined;

describe('a batch that fails', () => {
  test('is tried again after 100 and 200 ms', async () => {
    const chain = new FakeChain(['CPU']);
    const [cpu] = chain.pipelines as [(typeof chain.pipelines)[0]];
    cpu.behaviour = failing(2);
    const { result, ms } = await chain.run([3, 4]);
    expect([...(result?.data ?? [])]).toEqual([3, 4]);
    expect(ms).toBeGreaterThanOrEqual(300);
    expect(ms).toBeLessThan(330);
    expect(cpu.tries).toEqual([
      [3, 4],
      [3, 4],
      [3, 4],
    ]);
    expect(chain.devices[0]?.info).toMatchObject({ state: 'ready', counts: { batches: 1, failures: 0, retries: 2 } });
  });

  test('goes to the next device, and says where it was computed', async () => {
    const chain = new FakeChain(['NPU', 'CPU']);
    const [npu, cpu] = chain.pipelines as [(typeof chain.pipelines)[0], (typeof chain.pipelines)[0]];
    npu.behaviour = fails;
    const { result } = await chain.run([7]);
    expect(result?.ranOn).toEqual({ device: 'CPU', precision: 'f32', activations: 'f32' });
    expect([npu.tries.length, cpu.tries.length]).toEqual([3, 1]);
    expect(chain.events).toEqual(['NPU > CPU']);
    expect(chain.devices[0]?.info.counts.failures).toBe(1);
  });

  test('is refused at once for what is no failure of a device', async () => {
    const chain = new FakeChain(['NPU', 'CPU']);
    const [npu, cpu] = chain.pipelines as [(typeof chain.pipelines)[0], (typeof chain.pipelines)[0]];
    npu.behaviour = () => Promise.reject(Object.assign(new Error('too wide'), { code: 'ERR_INVALID_ARGUMENT' }));
    const { error } = await chain.run([7]);
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
    expect([npu.tries.length, cpu.tries.length]).toEqual([1, 0]);
  });

  test('after cancel is not tried any more', async () => {
    const chain = new FakeChain(['NPU', 'CPU']);
    const [npu, cpu] = chain.pipelines as [(typeof chain.pipelines)[0], (typeof chain.pipelines)[0]];
    npu.behaviour = fails;
    const ended = chain.start([1], 77);
    await chain.pass(50);
    chain.fallback.cancel(77);
    await chain.pass(0);
    expect((await ended).error).toMatchObject({ code: 'ERR_CLOSED' });
    await chain.pass(10_000);
    expect([npu.tries.length, cpu.tries.length]).toEqual([1, 0]);
    expect(chain.clock.timers).toBeLessThanOrEqual(1); // the watchdog's
  });

  test('with NaN is run once more; what gives a number elsewhere is the device, what does not is the text', async () => {
    const chain = new FakeChain(['NPU', 'CPU']);
    const [npu, cpu] = chain.pipelines as [(typeof chain.pipelines)[0], (typeof chain.pipelines)[0]];
    npu.behaviour = () => [5];
    const sound = await chain.run([4, 5]);
    expect([...(sound.result?.data ?? [])]).toEqual([4, 5]);
    expect([npu.tries.length, cpu.tries.length, sound.ms]).toEqual([2, 1, 0]);
    expect(chain.devices[0]?.info.counts.failures).toBe(1);
    cpu.behaviour = () => [5];
    const spoilt = await chain.run([4, 5]);
    expect([...(spoilt.result?.nonFiniteRows ?? [])]).toEqual([1]);
    expect(chain.devices.map(({ info }) => info.counts.failures)).toEqual([1, 0]);
  });
});

describe('a batch that waits for its next try', () => {
  test('leaves its place to others, up to 32 of them', async () => {
    const chain = new FakeChain(['CPU']);
    const [cpu] = chain.pipelines as [(typeof chain.pipelines)[0]];
    let told = 0;
    chain.fallback.onRoom(() => told++);
    cpu.behaviour = failing(3);
    expect(chain.fallback.concurrency).toBe(2);
    const first = [chain.start([1]), chain.start([2]), chain.start([3])];
    await chain.pass(0);
    expect([chain.fallback.concurrency, told]).toEqual([5, 3]);
    cpu.behaviour = failing(50);
    const others = Array.from({ length: 50 }, (_, i) => chain.start([10 + i]));
    await chain.pass(0);
    expect(chain.fallback.concurrency).toBe(2 + 32);
    await chain.pass(100);
    expect((await Promise.all([...first, ...others])).every(({ result }) => result)).toBe(true);
    expect(chain.fallback.concurrency).toBe(2);
  });

  test('does not hold up the others: where three in ten tries fail, there is six tenths of the throughput', async () => {
    const msFor = async (share: number) => {
      const chain = new FakeChain(['NPU', 'CPU']);
      const [npu] = chain.pipelines as [(typeof chain.pipelines)[0]];
      let seed = 7;
      npu.behaviour = async () => {
        seed = (seed * 48_271) % 0x7fffffff;
        const isFailing = seed / 0x7fffffff < share;
        await new Promise<void>((resolve) => void chain.clock.after(10, resolve));
        if (isFailing) fails();
      };
      const { outcomes, ms } = await runAll(chain, 900);
      outcomes.forEach(({ result }, row) => {
        expect(result?.data[0]).toBe(row);
      });
      return ms;
    };
    expect((await msFor(0)) / (await msFor(0.3))).toBeGreaterThan(0.6);
  });

  test('is passed even where the device takes one batch at a time', async () => {
    const world = new FakeWorld();
    world.concurrency = 1;
    const embedder = await loadFake(world, { fallback: { delayMs: 50 }, batchTokens: 16, maxBatchSize: 1 });
    const ran: string[] = [];
    world.onInfer = (parts) => {
      const [text] = textsOf(parts) as [string];
      ran.push(text);
      if (ran.length === 1) fails();
    };
    const texts = ['a', 'b', 'c', 'd'];
    const result = await embedder.embed(texts);
    expect(ran).toEqual(['a', 'b', 'c', 'd', 'a']);
    for (const [i, text] of texts.entries()) expect(result.at(i)).toEqual(vectorOf(text));
    await embedder.close();
  });
});

describe('a device that keeps failing', () => {
  test('is left alone after three batches, and tried by itself: one try at a time, later and later', async () => {
    const chain = new FakeChain(['NPU', 'CPU']);
    const [npu] = chain.pipelines as [(typeof chain.pipelines)[0]];
    npu.behaviour = fails;
    for (let i = 0; i < 3; i++) await chain.run([i]);
    expect(chain.devices[0]?.state).toBe('failing');
    expect(chain.events).toEqual(['NPU > CPU', 'NPU > CPU', 'NPU > CPU', 'NPU down']);
    const tries = npu.tries.length;
    expect((await chain.run([4])).ms).toBe(0);
    expect(npu.tries.length).toBe(tries);
    const at: number[] = [];
    const start = chain.clock.now();
    for (let seconds = 0; seconds < 300; seconds++) {
      const before = npu.tries.length;
      await chain.pass(1_000);
      for (let i = before; i < npu.tries.length; i++) at.push(Math.round((chain.clock.now() - start) / 1_000));
    }
    expect(at).toEqual([1, 3, 7, 15, 31, 63, 123, 183, 243]);
    expect(npu.tries.slice(tries).every((rows) => rows[0] === CHECK)).toBe(true);
  });

  test('has batches again one try after it is well', async () => {
    const chain = new FakeChain(['NPU', 'CPU']);
    const [npu] = chain.pipelines as [(typeof chain.pipelines)[0]];
    npu.behaviour = fails;
    for (let i = 0; i < 3; i++) await chain.run([i]);
    await chain.pass(3_000);
    npu.behaviour = () => {};
    await chain.pass(4_000);
    expect(chain.devices[0]?.info).toMatchObject({ state: 'ready', reason: 'came back: a try succeeded' });
    expect((await chain.run([9])).result?.ranOn?.device).toBe('NPU');
    expect(chain.events.at(-1)).toBe('NPU up');
  });

  test('does not come and go where three in ten tries fail: less than two changes a minute, and nothing is lost', async () => {
    const chain = new FakeChain(['NPU', 'CPU']);
    const [npu] = chain.pipelines as [(typeof chain.pipelines)[0]];
    let seed = 7;
    npu.behaviour = () => {
      seed = (seed * 48_271) % 0x7fffffff;
      return seed / 0x7fffffff < 0.3 ? fails() : undefined;
    };
    for (let i = 0; i < 3_000; i++) {
      const { result } = await chain.run([i % CHECK]);
      expect(result?.data[0]).toBe(i % CHECK);
      chain.clock.advance(20);
    }
    const changes = chain.events.filter((event) => /down|up/.test(event)).length;
    expect(changes / (chain.clock.now() / 60_000)).toBeLessThan(2);
  });

  test('is still used where there is no other', async () => {
    const chain = new FakeChain(['CPU']);
    const [cpu] = chain.pipelines as [(typeof chain.pipelines)[0]];
    cpu.behaviour = fails;
    for (let i = 0; i < 3; i++) expect((await chain.run([i])).error).toMatchObject({ code: 'ERR_DEVICE_FAILED' });
    expect(chain.devices[0]?.state).toBe('failing');
    cpu.behaviour = () => {};
    expect((await chain.run([1])).result?.data[0]).toBe(1);
  });
});

describe('a text that makes every batch fail', () => {
  test('is found out and fails alone; the device is not to blame', async () => {
    const chain = new FakeChain(['NPU', 'CPU']);
    for (const pipeline of chain.pipelines) pipeline.behaviour = poison(11, 14);
    const { result } = await chain.run([10, 11, 12, 13, 14, 15, 16]);
    expect(result?.failures?.map(({ position }) => position)).toEqual([1, 4]);
    expect([...(result?.data ?? [])]).toEqual([10, 0, 12, 13, 0, 15, 16]);
    for (let i = 0; i < 20; i++) {
      const alone = await chain.run([11]);
      expect(alone.result?.failures).toMatchObject([{ position: 0, error: { code: 'ERR_DEVICE_FAILED' } }]);
    }
    expect(chain.devices.map(({ info }) => [info.state, info.counts.failures])).toEqual([
      ['ready', 0],
      ['ready', 0],
    ]);
  });

  test('beside devices that run nothing is nothing special: the batch fails, and is not cut', async () => {
    const chain = new FakeChain(['NPU', 'CPU']);
    for (const pipeline of chain.pipelines) pipeline.behaviour = fails;
    const { error } = await chain.run([1, 2, 3, 4]);
    expect(error).toMatchObject({
      code: 'ERR_DEVICE_FAILED',
      message: expect.stringMatching(/NPU: broken.*CPU: broken/),
    });
    expect(chain.pipelines.map(({ tries }) => tries.length)).toEqual([3, 4]); // and a look at how the last one is
  });
});

describe('a batch that does not return', () => {
  const options = { inferTimeoutMs: 1_000 };

  test('goes to the next device in time, and the device is left alone', async () => {
    const chain = new FakeChain(['NPU', 'CPU'], options);
    const [npu] = chain.pipelines as [(typeof chain.pipelines)[0]];
    npu.behaviour = never;
    const { result, ms } = await chain.run([1]);
    expect(result?.ranOn?.device).toBe('CPU');
    expect(ms).toBeGreaterThanOrEqual(1_000);
    expect(ms).toBeLessThanOrEqual(1_100);
    expect(chain.devices[0]?.info).toMatchObject({ state: 'failing', counts: { hangs: 1 } });
  });

  test('is one of two at most: then the device is left alone for good', async () => {
    const chain = new FakeChain(['NPU', 'CPU'], options);
    const [npu] = chain.pipelines as [(typeof chain.pipelines)[0]];
    npu.behaviour = never;
    await chain.run([1]);
    await chain.pass(600_000);
    expect(npu.tries.length).toBe(2);
    expect(chain.devices[0]?.info).toMatchObject({ state: 'dead', counts: { hangs: 2 } });
    expect((await chain.run([2])).result?.ranOn?.device).toBe('CPU');
    expect(npu.tries.length).toBe(2);
  });

  test('of more tokens has more time', async () => {
    const chain = new FakeChain(['NPU', 'CPU'], options);
    const [npu] = chain.pipelines as [(typeof chain.pipelines)[0]];
    npu.behaviour = never;
    const { ms } = await chain.run(Array.from({ length: 128 }, (_, i) => i)); // of 16 tokens
    expect(ms).toBeGreaterThanOrEqual(2_000);
    expect(ms).toBeLessThan(2_100);
  });

  test('is an error where there is no other device', async () => {
    const chain = new FakeChain(['CPU'], options);
    const [cpu] = chain.pipelines as [(typeof chain.pipelines)[0]];
    cpu.behaviour = never;
    const { error, ms } = await chain.run([1]);
    expect(error).toMatchObject({ code: 'ERR_DEVICE_FAILED', message: 'CPU did not return a batch within 1000 ms.' });
    expect(ms).toBeLessThanOrEqual(1_100);
    await chain.pass(600_000);
    expect((await chain.run([2])).error).toMatchObject({
      message: expect.stringContaining('No device is left: CPU is dead'),
    });
  });
});

test('a pipeline besides is tried first, and the device itself afterwards', async () => {
  const chain = new FakeChain(['CPU']);
  const [cpu] = chain.pipelines as [(typeof chain.pipelines)[0]];
  const other = new FakeChain(['CPU']).pipelines[0] as typeof cpu;
  other.behaviour = fails;
  const runner = chain.fallback.through(other.pipeline);
  const parts = [{ encoding: { lengths: Uint32Array.of(1) } as never, rows: Uint32Array.of(0) }];
  const result = runner.infer(parts, { bucket: 16, output: 'pooled', dimensions: 0, normalize: true, job: 5 });
  await chain.pass(0);
  await chain.pass(100);
  expect((await result).data[0]).toBe(0);
  expect([other.tries.length, cpu.tries.length]).toEqual([1, 1]);
});
