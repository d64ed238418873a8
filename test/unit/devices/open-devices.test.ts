/** Which devices a load ends up with, and what it says of the others. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { wantedDevices } from '../../../lib/devices/chain.js';
import type { LoadOptions } from '../../../lib/options.js';
import { FakeWorld, textsOf, vectorOf } from '../fake-native.js';
import { freshCacheDir, loadFake } from '../load-fake.js';

const CPU = { name: 'CPU', fullName: 'Fake CPU', capabilities: ['FP32'], driver: null };
const GPU = { name: 'GPU.0', fullName: 'Fake GPU', capabilities: ['FP32'], driver: '32.1' };

function worldWith(...devices: FakeWorld['devices']): FakeWorld {
  const world = new FakeWorld();
  world.devices = devices;
  return world;
}

const QUICK = { delayMs: 1 };
const IMPATIENT = { ...QUICK, loadTimeoutMs: 50 };
const load = (world: FakeWorld, device: LoadOptions['device'], options: LoadOptions = {}) =>
  loadFake(world, { device, fallback: QUICK, ...options });

const deviceFailed = (message: string) => Object.assign(new Error(message), { code: 'ERR_DEVICE_FAILED' });

test('an NPU alone has the CPU behind it, unless that is not wanted', () => {
  expect(wantedDevices('NPU', true)).toEqual(['NPU', 'CPU']);
  expect(wantedDevices('NPU', false)).toEqual(['NPU']);
  expect(wantedDevices(['NPU', 'GPU'], true)).toEqual(['NPU', 'GPU']);
  expect(wantedDevices(['GPU', 'GPU', 'CPU'], true)).toEqual(['GPU', 'CPU']);
  expect(wantedDevices('auto', true)).toEqual(['auto']);
});

describe('a chain of devices', () => {
  test('runs on the first, after a comparison with the CPU', async () => {
    const world = worldWith(CPU, GPU);
    const embedder = await load(world, ['GPU', 'CPU']);
    expect(embedder.info).toMatchObject({ device: 'GPU', deviceName: 'Fake GPU' });
    expect(embedder.info.devices).toMatchObject([
      {
        device: 'GPU',
        state: 'ready',
        driver: '32.1',
        precision: 'f32',
        reason: expect.stringMatching(/cosine of 1.00000 to the CPU's/),
      },
      { device: 'CPU', state: 'ready', driver: null, reason: 'asked for' },
    ]);
    const { metadata } = await embedder.embed(['a']);
    expect([metadata.device, metadata.devices]).toEqual(['GPU', ['GPU']]);
    await embedder.close();
    expect([world.openPipelines, world.openEncodings, world.openTokenizers]).toEqual([0, 0, 0]);
  });

  test('leaves out what is not there, with the reason', async () => {
    const embedder = await load(worldWith(CPU), 'NPU');
    expect(embedder.info.device).toBe('CPU');
    expect(embedder.info.devices).toMatchObject([
      { device: 'NPU', state: 'unavailable', reason: expect.stringMatching(/no device "NPU".*available: CPU/) },
      { device: 'CPU', state: 'ready' },
    ]);
    await embedder.close();
  });

  test('leaves out what cannot compile', async () => {
    const world = worldWith(CPU, GPU);
    world.onLoad = ({ device }) => {
      if (device === 'GPU') throw deviceFailed('no such operation');
    };
    const embedder = await load(world, ['GPU', 'CPU']);
    expect(embedder.info.devices).toMatchObject([
      { device: 'GPU', state: 'unavailable', reason: 'no such operation', precision: null },
      { device: 'CPU', state: 'ready' },
    ]);
    await embedder.close();
    expect(world.openPipelines).toBe(0);
  });

  test('leaves out one that crashes a child process', async () => {
    const world = worldWith(CPU, GPU);
    const probed: string[] = [];
    const probeDevice = async (_load: unknown, { device }: { device: string }) => {
      probed.push(device);
      throw Object.assign(new Error('ended by SIGSEGV'), { code: 'ERR_MODEL_PROBE_CRASHED' });
    };
    const embedder = await loadFake(world, { device: ['GPU', 'CPU'], fallback: QUICK }, {}, { probeDevice });
    expect(probed).toEqual(['GPU']);
    expect(world.loads.map(({ device }) => device)).toEqual(['CPU']);
    expect(embedder.info.devices[0]).toMatchObject({ state: 'unavailable', reason: 'ended by SIGSEGV' });
    await embedder.close();
  });

  test('of which nothing is left is an error that names each', async () => {
    const world = worldWith(CPU, GPU);
    world.onLoad = ({ device }) => {
      if (device === 'CPU') throw deviceFailed('no memory');
    };
    const error = await load(world, ['NPU', 'CPU']).catch((problem) => problem);
    expect(error).toMatchObject({ code: 'ERR_DEVICE_UNAVAILABLE' });
    expect(error.message).toMatch(/NPU: There is no device.*CPU: no memory/);
    expect([world.openPipelines, world.openEncodings, world.openTokenizers]).toEqual([0, 0, 0]);
    await expect(load(worldWith(CPU), 'TPU')).rejects.toMatchObject({
      code: 'ERR_DEVICE_UNAVAILABLE',
      message: expect.stringContaining('There is no device "TPU"'),
    });
  });

  test('does not hide what is wrong with the model', async () => {
    const world = worldWith(CPU, GPU);
    world.onLoad = () => {
      throw Object.assign(new Error('damaged'), { code: 'ERR_MODEL_INVALID' });
    };
    await expect(load(world, ['GPU', 'CPU'])).rejects.toMatchObject({ code: 'ERR_MODEL_INVALID' });
    expect(world.openPipelines).toBe(0);
  });

  test('does not wait for one that compiles for long: it joins later', async () => {
    const world = worldWith(CPU, GPU);
    let compiled = () => {};
    world.onLoad = ({ device }) =>
      device === 'GPU' ? new Promise<void>((resolve) => (compiled = resolve)) : undefined;
    const embedder = await load(world, ['GPU', 'CPU'], { fallback: IMPATIENT });
    expect(embedder.info.devices.map(({ state }) => state)).toEqual(['loading', 'ready']);
    expect((await embedder.embed(['a'])).metadata.device).toBe('CPU');
    const recovered = new Promise((resolve) => embedder.once('recovered', resolve));
    compiled();
    expect(await recovered).toEqual({ device: 'GPU', downMs: null });
    expect((await embedder.embed(['b'])).metadata.device).toBe('GPU');
    await embedder.close();
    expect([world.openPipelines, world.openEncodings]).toEqual([0, 0]);
  });

  test('is closed while one still compiles', async () => {
    const world = worldWith(CPU, GPU);
    let compiled = () => {};
    world.onLoad = ({ device }) =>
      device === 'GPU' ? new Promise<void>((resolve) => (compiled = resolve)) : undefined;
    const embedder = await load(world, ['GPU', 'CPU'], { fallback: IMPATIENT });
    const closed = embedder.close();
    await sleep(5);
    compiled();
    await closed;
    expect([world.openPipelines, world.openEncodings, world.openTokenizers]).toEqual([0, 0, 0]);
  });
});

describe('the comparison with the CPU', () => {
  const wrongOnGpu = (value: number, _precision: string, device: string) => (device === 'GPU' ? value * value : value);

  test('keeps a device out that answers wrong, with the figures', async () => {
    const world = worldWith(CPU, GPU);
    world.distort = wrongOnGpu;
    const embedder = await load(world, ['GPU', 'CPU']);
    expect(embedder.info.devices[0]).toMatchObject({
      state: 'unavailable',
      reason: expect.stringMatching(
        /^GPU is not used: it gives a cosine of -?0\.\d{5} to the CPU's, and 0.999 is needed\.$/,
      ),
    });
    expect((await embedder.embed(['a'])).at(0)).toEqual(vectorOf('a'));
    await embedder.close();
    await expect(load(world, 'GPU')).rejects.toMatchObject({ code: 'ERR_DEVICE_FAILED' });
    expect(world.openPipelines).toBe(0);
    // Who wants no part of it has to say so.
    await (await load(world, 'GPU', { fallback: false })).close();
  });

  test('is done once per machine, driver and model; a short text is compared at every load', async () => {
    const world = worldWith(CPU, GPU);
    const cacheDir = freshCacheDir();
    const batches = async () => {
      const before = world.batches.length;
      await (await load(world, 'GPU', { cacheDir })).close();
      return world.batches.length - before;
    };
    expect(await batches()).toBeGreaterThan(10);
    expect(await batches()).toBe(1);
    world.devices = [CPU, { ...GPU, driver: '32.2' }];
    expect(await batches()).toBeGreaterThan(10);
    world.distort = wrongOnGpu;
    await expect(load(world, 'GPU', { cacheDir })).rejects.toMatchObject({ code: 'ERR_DEVICE_FAILED' });
  });

  test('of a device that does not return ends', async () => {
    const world = worldWith(CPU, GPU);
    world.onInfer = (_parts, _options, _precision, device) => (device === 'GPU' ? new Promise(() => {}) : undefined);
    const embedder = await load(world, ['GPU', 'CPU'], { fallback: { ...QUICK, inferTimeoutMs: 20 } });
    expect(embedder.info.devices[0]).toMatchObject({
      state: 'unavailable',
      reason: expect.stringMatching(/did not return a batch/),
    });
    await embedder.close();
  });
});

test('a list goes on on the next device in the middle, with each vector once, and says so', async () => {
  const world = worldWith(CPU, GPU);
  const embedder = await load(world, ['GPU', 'CPU'], { batchTokens: 32, fallback: { ...QUICK, verify: 'interval' } });
  let left = 3;
  world.onInfer = (_parts, _options, _precision, device) => {
    if (device === 'GPU' && left-- <= 0) throw deviceFailed('unplugged');
  };
  const events: unknown[] = [];
  embedder.on('fallback', (event) => events.push(event));
  embedder.on('degraded', (event) => events.push(event));
  const texts = Array.from({ length: 40 }, (_, i) => `text ${i}`);
  const result = await embedder.embed(texts);
  for (const [i, text] of texts.entries()) expect(result.at(i)).toEqual(vectorOf(text));
  expect(result.metadata.devices).toEqual(['GPU', 'CPU']);
  expect(events).toContainEqual({ from: 'GPU', to: 'CPU', reason: 'unplugged' });
  expect(events).toContainEqual({ device: 'GPU', reason: 'unplugged' });
  await embedder.close();
});

/** A world whose GPU answers wrong from the given batch on, counted once it has been loaded. */
function worldThatGoesWrong() {
  const world = worldWith(CPU, GPU);
  let left = Infinity;
  world.onInfer = (_parts, _options, _precision, device) => {
    if (device === 'GPU') left--;
  };
  world.distort = (value, _precision, device) => (device === 'GPU' && left < 0 ? -value : value);
  return { world, goWrongAfter: (batches: number) => (left = batches) };
}

test.each(['dynamic', 'static'] as const)(
  'a device that begins to answer wrong gives no wrong vector (%s)',
  async (shapes) => {
    const { world, goWrongAfter } = worldThatGoesWrong();
    const embedder = await load(world, ['GPU', 'CPU'], { batchTokens: 32, shapes, buckets: [16] });
    if (shapes === 'static') while (world.openPipelines < 4) await sleep(1);
    const texts = Array.from({ length: 400 }, (_, i) => `text ${i}`);
    goWrongAfter(150);
    const result = await embedder.embed(texts);
    for (const [i, text] of texts.entries()) expect(result.at(i)).toEqual(vectorOf(text));
    expect(result.metadata.devices).toEqual(['GPU', 'CPU']);
    expect(embedder.info.devices[0]).toMatchObject({
      state: 'failing',
      reason: expect.stringMatching(/^GPU gives a vector with a cosine of -1.00000 to the CPU's, less than 0.999.$/),
    });
    await embedder.close();
    expect([world.openPipelines, world.openEncodings]).toEqual([0, 0]);
  },
);

test("verify: 'interval' believes it until it is looked at", async () => {
  const { world, goWrongAfter } = worldThatGoesWrong();
  await expect(load(world, 'CPU', { fallback: { verify: 'never' as never } })).rejects.toThrow('verify');
  const fallback = { ...QUICK, verify: 'interval', healthIntervalMs: 20 } as const;
  const embedder = await load(world, ['GPU', 'CPU'], { fallback });
  const batches = world.batches.length;
  goWrongAfter(0);
  expect((await embedder.embed(['a'])).at(0)).not.toEqual(vectorOf('a'));
  expect(world.batches.length).toBe(batches + 1);
  await new Promise((resolve) => embedder.once('degraded', resolve));
  expect((await embedder.embed(['a'])).at(0)).toEqual(vectorOf('a'));
  await embedder.close();
});

test('the CPU, and a device without fallback, run nothing beside their batches', async () => {
  for (const options of [{ device: 'CPU' }, { device: 'GPU', fallback: false }]) {
    const world = worldWith(CPU, GPU);
    const embedder = await loadFake(world, { fallback: QUICK, ...options });
    const batches = world.batches.length;
    await embedder.embed(['a']);
    expect(world.batches.length).toBe(batches + 1);
    await embedder.close();
  }
});

test('a text that no device can run fails alone, and the error says which', async () => {
  const world = worldWith(CPU);
  const embedder = await load(world, 'CPU');
  world.onInfer = (parts) => {
    if (textsOf(parts).includes('poison')) throw deviceFailed('oops');
  };
  const others = embedder.embed(['a', 'b', 'c']);
  const error = await embedder.embed(['d', 'poison', 'e']).catch((problem) => problem);
  expect(error).toMatchObject({
    code: 'ERR_DEVICE_FAILED',
    message: 'No device can embed the input at index 1, though other texts are embedded: oops',
  });
  expect((await others).at(1)).toEqual(vectorOf('b'));
  await embedder.close();
});
