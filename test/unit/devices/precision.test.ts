import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { LoadOptions } from '../../../lib/options.js';
import { FakeWorld } from '../fake-native.js';
import { freshCacheDir, loadFake } from '../load-fake.js';

let world: FakeWorld;
/** Milliseconds a batch takes at each precision. */
let speed: Record<string, number>;
/** What is added to each value at a precision. */
let error: Record<string, number>;
let cacheDir: string;

beforeEach(() => {
  world = new FakeWorld();
  world.devices = [{ name: 'CPU', fullName: 'Fake CPU', capabilities: ['FP32', 'BF16', 'FP16'], driver: null }];
  speed = { f32: 4, bf16: 4, f16: 4 };
  error = {};
  // A clock that only batches move: what is chosen must not depend on how busy the machine is that runs this test.
  let clock = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => clock);
  world.onInfer = (_parts, _options, precision) => {
    clock += speed[precision] as number;
  };
  world.distort = (value, precision) => value + (error[precision] ?? 0);
  cacheDir = freshCacheDir();
});

afterEach(() => vi.restoreAllMocks());

const choose = async (options: LoadOptions = {}) => (await loadFake(world, { cacheDir, ...options })).info;

test('a precision that was asked for and gives NaN is refused with the reason and the alternative', async () => {
  error = { bf16: Number.NaN };
  await expect(choose({ precision: 'bf16' })).rejects.toMatchObject({
    code: 'ERR_INVALID_ARGUMENT',
    message: expect.stringMatching(/bf16 gives vectors with NaN or an infinity. Use precision 'auto', 'f32'/),
  });
  expect(world.openPipelines).toBe(0);
});

describe("precision: 'auto'", () => {
  test('takes the fastest that is close to f32, and closes the others', async () => {
    speed = { f32: 12, bf16: 6, f16: 1 };
    error = { f16: 0.1 };
    const info = await choose();
    expect(info.precision).toBe('bf16');
    expect(info.precisionReason).toMatch(
      /bf16 is [12]\.\d\d times as fast as f32.*; f16 has a cosine of 0\.\d+ to f32/,
    );
    expect(world.openPipelines).toBe(1);
    expect(world.openEncodings).toBe(0);
  });

  test('takes the faster of two that are good enough', async () => {
    speed = { f32: 12, bf16: 8, f16: 2 };
    expect((await choose()).precision).toBe('f16');
    expect(world.openPipelines).toBe(1);
  });

  test('stays with f32 where nothing is clearly faster', async () => {
    speed = { f32: 100, bf16: 96, f16: 104 };
    expect((await choose()).precision).toBe('f32');
    expect(world.openPipelines).toBe(1);
  });

  test('gives up a hopeless candidate after one round', async () => {
    speed = { f32: 1, bf16: 30, f16: 30 };
    const info = await choose();
    expect(info.precisionReason).toContain('bf16 takes over 3 times as long as f32');
    const rows = world.batches.flatMap(({ lengths }) => lengths).length;
    expect(rows).toBe(3 * new Set(world.encoded).size);
  });

  test('measures only what the device says it has', async () => {
    world.devices = [{ name: 'CPU', fullName: 'Fake CPU', capabilities: ['FP32'], driver: null }];
    expect(await choose()).toMatchObject({ precision: 'f32', precisionReason: 'the device computes in no other' });
    expect([world.loads.length, world.batches.length]).toEqual([1, 0]);
  });

  test('is not misled by a candidate that cannot be loaded or run, or gives NaN', async () => {
    world.onLoad = ({ precision }) => {
      if (precision === 'f16') throw new Error('no such kernel');
    };
    error = { bf16: Number.NaN };
    const info = await choose();
    expect(info.precision).toBe('f32');
    expect(info.precisionReason).toBe('bf16 gives vectors with NaN or an infinity; f16 does not run: no such kernel');
    expect(world.openPipelines).toBe(1);
  });

  test('fails with f32, which is no finding about a candidate, and leaves nothing open', async () => {
    world.onInfer = () => Promise.reject(new Error('out of order'));
    await expect(choose()).rejects.toThrow('out of order');
    world.onEncode = () => Promise.reject(new Error('no tokenizer'));
    await expect(choose()).rejects.toThrow('no tokenizer');
    expect([world.openPipelines, world.openEncodings]).toEqual([0, 0]);
  });

  test('is remembered for the machine and the model, so that a restart does not flip it', async () => {
    speed = { f32: 8, bf16: 2, f16: 8 };
    const first = await choose();
    speed = { f32: 1, bf16: 8, f16: 8 };
    world.loads.length = 0;
    expect(await choose()).toMatchObject({ precision: 'bf16', precisionReason: first.precisionReason });
    expect(world.loads.map(({ precision }) => precision)).toEqual(['bf16']);
    expect((await choose({ threads: 1 })).precision).toBe('f32');
  });

  test('is one for a model, whatever is applied outside of its graph', async () => {
    await choose();
    world.batches.length = 0;
    await choose({ poolingType: 'CLS', maxLength: 32, queryInstruction: 'Q' });
    expect(world.batches).toHaveLength(0);
    expect(
      new Set(world.loads.filter(({ precision }) => precision === 'f32').map(({ blobFile }) => blobFile)).size,
    ).toBe(1);
  });

  test('is measured once by loads side by side', async () => {
    const infos = await Promise.all([choose(), choose(), choose()]);
    expect(world.loads).toHaveLength(3 + 2);
    expect(new Set(infos.map(({ precisionReason }) => precisionReason)).size).toBe(1);
  });

  test('is that of the process that was first', async () => {
    speed = { f32: 8, bf16: 2, f16: 8 };
    let finished = false;
    world.onEncode = async () => {
      if (finished) return;
      finished = true;
      await choose();
      speed = { f32: 1, bf16: 8, f16: 8 };
    };
    // Loads of one process take turns, so the other one has a lock of its own.
    vi.resetModules();
    const other = await import('../load-fake.js');
    const embedder = await other.loadFake(world, { cacheDir });
    expect(embedder.info.precision).toBe('bf16');
    expect(world.openPipelines).toBe(2);
    expect(readdirSync(join(cacheDir, 'choices'))).toHaveLength(1);
  });

  test('ends with an abort between two batches, and leaves nothing open', async () => {
    const caller = new AbortController();
    const { onInfer } = world;
    world.onInfer = (...args) => {
      if (args[2] === 'bf16') caller.abort('enough');
      return onInfer(...args);
    };
    await expect(choose({ signal: caller.signal })).rejects.toBe('enough');
    await vi.waitFor(() => expect([world.openPipelines, world.openEncodings]).toEqual([0, 0]));
    expect(world.loads.map(({ precision }) => precision)).toEqual(['f32', 'bf16']);
    expect(existsSync(join(cacheDir, 'choices'))).toBe(false);
  });

  test('is not a matter of texts without a token', async () => {
    world.isTokenless = (text) => text === '_';
    speed = { f32: 12, bf16: 6, f16: 12 };
    expect((await choose()).precision).toBe('bf16');
  });

  test('is measured again where the memory of it is damaged', async () => {
    await choose();
    const folder = join(cacheDir, 'choices');
    const [file = ''] = readdirSync(folder);
    expect(JSON.parse(readFileSync(join(folder, file), 'utf8'))).toMatchObject({ precision: 'f32' });
    for (const damage of ['', '{"precision":"f8","reason":""}', 'null']) {
      writeFileSync(join(folder, file), damage);
      world.loads.length = 0;
      await choose();
      expect(world.loads).toHaveLength(3);
    }
    expect(readdirSync(folder)).toEqual([file]);
  });
});

describe('an NPU, which computes in f16 alone', () => {
  beforeEach(() => {
    world.devices = [
      { name: 'NPU', fullName: 'Fake NPU', driver: '1', capabilities: ['FP16', 'INT8', 'EXPORT_IMPORT'] },
    ];
  });

  test('is never told f32', async () => {
    const reason = 'the device computes in no other';
    expect(await choose({ device: 'NPU' })).toMatchObject({ precision: 'f16', precisionReason: reason });
    const int8 = { precision: 'int8', activations: 'f16', precisionReason: reason };
    expect(await choose({ device: 'NPU', precision: 'int8' })).toMatchObject(int8);
    expect(world.loads.map(({ precision }) => precision)).toEqual(['f16', 'f16']);
    expect(world.batches).toHaveLength(0);
  });
});

describe('a precision that is asked for', () => {
  test('is taken without a measurement where it is f32, or the device is no CPU', async () => {
    expect(await choose({ precision: 'f32' })).toMatchObject({ precision: 'f32', precisionReason: 'asked for' });
    world.devices = [{ name: 'GPU', fullName: 'Fake GPU', capabilities: ['FP32', 'FP16'], driver: null }];
    const info = await choose({ precision: 'f16', device: 'GPU' });
    expect(info).toMatchObject({ precision: 'f16', activations: 'f16', precisionReason: 'asked for' });
    expect(world.batches).toHaveLength(0);
  });

  test('is taken though it is slower or less exact than f32, which is said', async () => {
    speed = { f32: 10, bf16: 20 };
    error = { bf16: 0.1 };
    const info = await choose({ precision: 'bf16' });
    expect(info.precision).toBe('bf16');
    expect(info.precisionReason).toMatch(/^asked for; bf16 is 0\.5\d times as fast as f32, with a cosine of 0\.\d+$/);
    expect(world.openPipelines).toBe(1);
  });

  test('is refused where it is emulated, with the reason and the alternative', async () => {
    speed = { f32: 1, bf16: 30 };
    await expect(choose({ precision: 'bf16' })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      message:
        'Precision bf16 is not fit for Fake CPU: bf16 takes over 3 times as long as f32. ' +
        "Use precision 'auto', 'f32', or 'int8' for less memory.",
    });
    expect([world.openPipelines, world.openEncodings]).toEqual([0, 0]);
  });

  test('is refused where it does not run', async () => {
    world.onLoad = ({ precision }) => {
      if (precision === 'f16') throw new Error('no such kernel');
    };
    await expect(choose({ precision: 'f16' })).rejects.toThrow('f16 does not run: no such kernel');
    expect(world.openPipelines).toBe(0);
  });

  test('is measured once, and remembered', async () => {
    const first = await choose({ precision: 'bf16' });
    world.loads.length = 0;
    expect((await choose({ precision: 'bf16' })).precisionReason).toBe(first.precisionReason);
    expect(world.loads).toHaveLength(1);
  });
});

describe("precision: 'int8'", () => {
  const INT8 = { precision: 'int8' } as const;
  beforeEach(() => {
    speed = { 'int8/f32': 12, 'int8/bf16': 12, 'int8/f16': 12, 'int8/int8': 12, 'int8/int8+bf16': 12 };
  });

  test('takes the fastest activations', async () => {
    speed['int8/int8'] = 6;
    error = { 'int8/int8': 0.001 };
    const info = await choose(INT8);
    expect(info).toMatchObject({ precision: 'int8', activations: 'int8' });
    expect(info.precisionReason).toMatch(
      /int8 \(activations int8\) is [12]\.\d\d times as fast as float activations in f32/,
    );
    expect(world.openPipelines).toBe(1);
  });

  test('stays with f32 where nothing is faster', async () => {
    expect(await choose(INT8)).toMatchObject({ precision: 'int8', activations: 'f32' });
  });

  test('does not take quantised activations that break the model, or do not run', async () => {
    speed['int8/int8'] = 6;
    speed['int8/int8+bf16'] = 5;
    error = { 'int8/int8': 1 };
    world.onLoad = ({ int8Activations, precision }) => {
      if (int8Activations && precision === 'bf16') throw new Error('no such kernel');
    };
    const info = await choose(INT8);
    expect(info.activations).toBe('f32');
    expect(info.precisionReason).toMatch(
      /int8 \(activations int8\) has a cosine of -?0\.\d+ to float activations in f32/,
    );
    expect(info.precisionReason).toContain('int8 (activations int8+bf16) does not run: no such kernel');
  });

  test('takes the activations that are asked for, unless they are not fit', async () => {
    const info = await choose({ ...INT8, activations: 'int8' });
    expect(info).toMatchObject({ precision: 'int8', activations: 'int8' });
    speed['int8/int8+bf16'] = 400;
    await expect(choose({ ...INT8, activations: 'int8+bf16' })).rejects.toThrow(
      "takes over 3 times as long as int8 (activations f32). Use activations: 'auto', or 'f32', which runs here.",
    );
    expect(world.loads.at(-1)).toMatchObject({ precision: 'bf16', int8Weights: true, int8Activations: true });
  });

  test('compiles each computation into a blob of its own', async () => {
    await choose(INT8);
    expect(new Set(world.loads.map(({ blobFile }) => blobFile)).size).toBe(5);
  });

  test('has activations of no other precision', async () => {
    await expect(choose({ precision: 'bf16', activations: 'int8' })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
    });
  });
});

describe('a model whose file is quantised already', () => {
  beforeEach(() => {
    speed = { f32: 12, bf16: 6, f16: 12, 'int8/f32': 12, 'int8/bf16': 6, 'int8/f16': 12, 'int8/int8': 4 };
    speed['int8/int8+bf16'] = 8;
  });

  test('is int8, with activations chosen by measurement', async () => {
    world.quantization = 'weights';
    expect(await choose()).toMatchObject({ precision: 'int8', activations: 'int8' });
    expect(world.openPipelines).toBe(1);
  });

  test('is int8 with float activations where a float precision is asked for', async () => {
    world.quantization = 'weights';
    const info = await choose({ precision: 'f32' });
    expect(info).toMatchObject({ precision: 'int8', activations: 'f32' });
    expect(info.precisionReason).toBe("asked for; the model's file is quantised already");
  });

  test('keeps calibrated activations, with all else in what is fastest', async () => {
    world.quantization = 'static';
    expect(await choose()).toMatchObject({ precision: 'int8', activations: 'int8-static+bf16' });
    expect(world.loads.every(({ int8Activations }) => !int8Activations)).toBe(true);
    expect(await choose({ precision: 'f32' })).toMatchObject({ activations: 'int8-static' });
  });
});
