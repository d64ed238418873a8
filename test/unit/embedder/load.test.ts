import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Embedder } from '../../../lib/embedder.js';
import { OvembedError } from '../../../lib/errors.js';
import { load } from '../../../lib/load.js';
import type { ModelSpec } from '../../../lib/models/index.js';
import type { PoolingType } from '../../../lib/native.js';
import { FakeWorld } from '../fake-native.js';
import { Gate } from '../gate.js';
import { fakeSource, fakeSystem, freshCacheDir, loadFake, SPEC } from '../load-fake.js';

const unsupported = () => Object.assign(new Error('no such operator'), { code: 'ERR_MODEL_UNSUPPORTED' });

describe('Embedder.load', () => {
  test('says what was loaded and why', async () => {
    const { info } = await loadFake();
    expect(info).toEqual({
      model: 'org/model',
      revision: 'abc',
      fingerprint: 'fingerprint of safetensors',
      dimensions: 4,
      tokenDimensions: 4,
      maxTokens: 64,
      pooling: 'MEAN',
      normalize: true,
      similarityFunction: null,
      prompts: SPEC.prompts,
      precision: 'f32',
      activations: 'f32',
      precisionReason: 'the device computes in no other',
      device: 'CPU',
      deviceName: 'Fake CPU',
      deviceReason: "device: 'auto' is the CPU, the only device here",
      devices: [
        {
          device: 'CPU',
          name: 'Fake CPU',
          state: 'ready',
          reason: "device: 'auto' is the CPU, the only device here",
          driver: null,
          precision: 'f32',
          activations: 'f32',
          latencyMs: null,
          executionDevices: ['CPU'],
          counts: { batches: 0, failures: 0, retries: 0, hangs: 0 },
        },
      ],
      streams: 2,
      threads: 2,
      buckets: [16],
      batchTokens: 1_024,
      truncate: 'end',
      tuningReason: 'not measured: set by options, or no CPU',
      runtimeVersion: 'fake-1',
      source: 'safetensors',
      fromBlob: false,
    });
    expect(Object.isFrozen(info)).toBe(true);
  });

  test('puts options in the place of what the model says', async () => {
    const world = new FakeWorld();
    const options = {
      poolingType: 'CLS',
      normalize: false,
      maxLength: 32,
      paddingSide: 'left',
      dimensions: 2,
    } as const;
    const { info } = await loadFake(world, { ...options, streams: 1, threads: 3, queryInstruction: 'Q' });
    expect(info).toMatchObject({
      pooling: 'CLS',
      normalize: false,
      maxTokens: 32,
      dimensions: 2,
      streams: 1,
      threads: 3,
    });
    expect(info.prompts.query).toBe('Q');
    expect(world.loads[0]).toMatchObject({
      pooling: ['CLS'],
      paddingSide: 'left',
      streams: 1,
      threads: 3,
    });
  });

  test('refuses a limit that leaves no room beside the special tokens', async () => {
    const world = new FakeWorld();
    await expect(loadFake(world, { maxLength: 2 })).rejects.toThrow('more than the 2 special tokens');
    expect([world.openPipelines, world.openTokenizers]).toEqual([0, 0]);
    expect((await loadFake(world, { maxLength: 3 })).info.maxTokens).toBe(3);
  });

  test('refuses a pooling configuration of another width than the network', async () => {
    const error = { code: 'ERR_MODEL_INVALID', message: expect.stringContaining('says 5 dimensions') };
    await expect(loadFake(new FakeWorld(), {}, { tokenDimensions: 5 })).rejects.toMatchObject(error);
  });

  test('reads no further than the positions of the graph', async () => {
    const world = new FakeWorld();
    world.maxPositions = 40;
    expect((await loadFake(world)).info.maxTokens).toBe(40);
    await expect(loadFake(world, { maxLength: 41 })).rejects.toThrow('Expected at most 40');
    await expect(loadFake(world, { dimensions: 5 })).rejects.toThrow('Expected at most 4');
    expect([world.openPipelines, world.openTokenizers]).toEqual([1, 1]);
  });

  test("reads no further than the network's positions where the graph does not tell them", async () => {
    const world = new FakeWorld();
    world.devices = [{ name: 'CPU', fullName: 'Fake CPU', capabilities: ['FP32', 'BF16'], driver: null }];
    const spec = { maxPositions: 20 };
    expect((await loadFake(world, {}, spec)).info.maxTokens).toBe(20);
    expect(Math.max(...world.batches.flatMap(({ lengths }) => lengths))).toBe(20);
    expect((await loadFake(world, {}, { ...spec, maxLength: 0 })).info.maxTokens).toBe(20);
    await expect(loadFake(world, { maxLength: 21 }, spec)).rejects.toThrow('Expected at most 20');
  });

  test('refuses a pooling type where the graph pools by itself', async () => {
    const world = new FakeWorld();
    world.pooledInGraph = true;
    await loadFake(world);
    const refused = loadFake(world, { poolingType: 'MEAN' });
    await expect(refused).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringMatching(/pools by itself/),
    });
    expect([world.openPipelines, world.openTokenizers]).toEqual([1, 1]);
  });

  test('refuses a graph that pools by itself where the prompt is to be left out', async () => {
    const world = new FakeWorld();
    world.pooledInGraph = true;
    const refused = loadFake(world, {}, { includePrompt: false });
    await expect(refused).rejects.toMatchObject({
      code: 'ERR_MODEL_UNSUPPORTED',
      message: expect.stringMatching(/include_prompt: false/),
    });
    expect([world.openPipelines, world.openTokenizers]).toEqual([0, 0]);
    expect((await loadFake(world)).info.tokenDimensions).toBe(null);
  });

  test('hands the modules on, and knows the width that they give', async () => {
    const world = new FakeWorld();
    const dense = { inFeatures: 8, outFeatures: 3, bias: true, activation: 'tanh' } as const;
    const modules: ModelSpec['modules'] = [{ type: 'normalize' }, { type: 'dense', file: 'weights', ...dense }];
    const spec = { modules, pooling: ['CLS', 'MEAN'] as PoolingType[], doLowerCase: true };
    const { info } = await loadFake(world, {}, spec);
    expect(info).toMatchObject({ dimensions: 3, tokenDimensions: 4, pooling: ['CLS', 'MEAN'] });
    expect(world.loads[0]).toMatchObject({ modules, pooling: ['CLS', 'MEAN'] });
    expect(world.tokenizers).toEqual([expect.objectContaining({ lowerCase: true })]);
    await expect(loadFake(world, { dimensions: 4 }, spec)).rejects.toThrow('Expected at most 3');
    await expect(loadFake(world, { poolingType: 'CLS' }, spec)).rejects.toThrow('what CLS, MEAN give together');
  });

  test('takes the next source where one is not supported, with a fingerprint of its own', async () => {
    const world = new FakeWorld();
    world.onLoad = ({ source }) => {
      if (source.kind === 'openvino') throw unsupported();
    };
    const sources = [fakeSource('openvino'), fakeSource('onnx')];
    const warnings: string[] = [];
    const logger = { debug() {}, info() {}, error() {}, warn: (message: string) => void warnings.push(message) };
    const { info } = await loadFake(world, { logger }, { sources });
    expect(info).toMatchObject({ source: 'onnx', fingerprint: 'fingerprint of onnx' });
    const [first, second] = sources.map(({ file }) => file);
    expect(warnings).toEqual([`${first} cannot be used (no such operator); trying ${second}.`]);

    world.onLoad = () => {
      throw unsupported();
    };
    await expect(loadFake(world, {}, { sources })).rejects.toMatchObject({
      name: 'OvembedError',
      code: 'ERR_MODEL_UNSUPPORTED',
    });
  });

  test('does not hide that a source is damaged behind the next one', async () => {
    const world = new FakeWorld();
    world.onLoad = () => {
      throw Object.assign(new Error('truncated'), { code: 'ERR_MODEL_INVALID' });
    };
    const sources = [fakeSource('openvino'), fakeSource('onnx')];
    await expect(loadFake(world, {}, { sources })).rejects.toMatchObject({ code: 'ERR_MODEL_INVALID' });
    expect(world.loads).toHaveLength(1);
  });

  test('rejects at once when aborted, and closes what comes late', async () => {
    const world = new FakeWorld();
    const disk = new Gate();
    world.onLoad = () => disk.pass();
    const caller = new AbortController();
    const options = { signal: caller.signal, precision: 'f32', cacheDir: freshCacheDir() } as const;
    const loading = load('org/model', options, fakeSystem(world));
    while (world.loads.length === 0) await disk.letThrough(0);
    caller.abort('changed my mind');
    await expect(loading).rejects.toBe('changed my mind');
    await disk.letThrough(1);
    while (world.openPipelines > 0) await disk.letThrough(0);
    expect(world.openTokenizers).toBe(0);
    await expect(load('org/model', { signal: AbortSignal.abort('no') }, fakeSystem(world))).rejects.toBe('no');
  });

  test('refuses a model that changes while it is read, and keeps nothing of it', async () => {
    const world = new FakeWorld();
    const cacheDir = freshCacheDir();
    let graph = 'before';
    world.onLoad = ({ blobFile }) => {
      writeFileSync(blobFile as string, 'compiled');
      graph = 'after';
    };
    const system = { ...fakeSystem(world), graphIdentity: async () => graph };
    const changed = load('org/model', { cacheDir }, system);
    await expect(changed).rejects.toMatchObject({
      code: 'ERR_MODEL_INVALID',
      message: expect.stringMatching(/changed while being read/),
    });
    expect(readdirSync(join(cacheDir, 'blobs'))).toEqual([]);
    expect([world.openPipelines, world.openTokenizers]).toEqual([0, 0]);
    await load('org/model', { cacheDir }, system);
  });

  test('rejects with the very reason of an abort, and with the very error of what failed', async () => {
    const world = new FakeWorld();
    const reason = Object.assign(new Error('mine'), { code: 'ERR_CLOSED' });
    await expect(load('org/model', { signal: AbortSignal.abort(reason) }, fakeSystem(world))).rejects.toBe(reason);
    for (const own of [new OvembedError('ERR_DOWNLOAD', 'no hub'), reason]) {
      const system = { ...fakeSystem(world), resolveModel: () => Promise.reject(own) };
      await expect(load('org/model', {}, system)).rejects.toBe(own);
    }
    const systemError = Object.assign(new TypeError('of Node'), { code: 'ERR_INVALID_ARG_TYPE' });
    world.onLoad = () => Promise.reject(systemError);
    await expect(loadFake(world)).rejects.toBe(systemError);
  });

  test('says how it is done where options are in the place of the model, or there is new', async () => {
    const code = 'ERR_INVALID_ARGUMENT';
    const asModel = expect.stringContaining('Options come second: Embedder.load(undefined, options).');
    await expect(Embedder.load({ device: 'CPU' } as never)).rejects.toMatchObject({ code, message: asModel });
    const asNew = { code, message: expect.stringContaining('await Embedder.load(model)') };
    for (const given of [[], ['org/name']]) {
      expect(() => Reflect.construct(Embedder, given)).toThrow(expect.objectContaining(asNew));
    }
  });

  test('takes the model from OVEMBED_MODEL, else the default one', async () => {
    const names: string[] = [];
    const world = new FakeWorld();
    const resolveModel = async (model: string) => {
      names.push(model);
      throw new Error('far enough');
    };
    const system = { ...fakeSystem(world), resolveModel };
    process.env.OVEMBED_MODEL = 'org/other';
    await load(undefined, {}, system).catch(() => {});
    delete process.env.OVEMBED_MODEL;
    await load(undefined, {}, system).catch(() => {});
    expect(names).toEqual(['org/other', 'sentence-transformers/all-MiniLM-L6-v2']);
  });
});
