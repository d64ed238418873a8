/** One compiled model per bucket: which of them runs a batch, and what runs it until that is there. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { StaticPipelines } from '../../../lib/devices/static-pipelines.js';
import type { NativePipeline, PipelineShape } from '../../../lib/native.js';
import { encodingOf } from '../batching/fake-device.js';
import { FakeWorld, vectorOf } from '../fake-native.js';
import { loadFake } from '../load-fake.js';
import { FakePipeline, fails } from './fake-devices.js';

const OPTIONS = { output: 'pooled', dimensions: 0, normalize: true, job: 1 } as const;
const batch = (...rows: number[]) => [{ encoding: encodingOf(new Array(100).fill(1)), rows: Uint32Array.from(rows) }];

function setUp({ shape = null as PipelineShape | null, most = 8, warmUp = [] as number[] } = {}) {
  const base = new FakePipeline('any');
  const compiled = new Map<number, FakePipeline>();
  const waiting: { width: number; resolve: (pipeline: NativePipeline) => void; reject: (error: Error) => void }[] = [];
  const warnings: string[] = [];
  const load = ({ rows, width }: PipelineShape) => {
    expect(rows).toBe(1);
    return new Promise<NativePipeline>((resolve, reject) => waiting.push({ width, resolve, reject }));
  };
  const logger = { debug() {}, info() {}, error() {}, warn: (message: string) => void warnings.push(message) };
  const pipelines = new StaticPipelines({ base: base.pipeline, shape, load, warmUp, most, logger });
  const finish = async () => {
    const { width, resolve } = waiting.shift() as (typeof waiting)[0];
    compiled.set(width, new FakePipeline(String(width)));
    resolve(compiled.get(width)?.pipeline as NativePipeline);
    await nextTurn();
  };
  return { base, compiled, waiting, warnings, pipelines, finish };
}

test('a bucket is compiled in the background once it is met, and then runs its batches row by row', async () => {
  const { pipelines, base, compiled, waiting, finish } = setUp();
  const first = await pipelines.infer(batch(3, 4), { ...OPTIONS, bucket: 16 });
  expect([[...first.data], base.tries]).toEqual([[3, 4], [[3, 4]]]);
  await pipelines.infer(batch(5), { ...OPTIONS, bucket: 32 });
  expect(waiting.map(({ width }) => width)).toEqual([16]); // one after the other
  await finish();
  expect(waiting.map(({ width }) => width)).toEqual([32]);
  const second = await pipelines.infer(batch(3, 4, 5), { ...OPTIONS, bucket: 16 });
  expect([[...second.data], compiled.get(16)?.tries]).toEqual([
    [3, 4, 5],
    [[3], [4], [5]],
  ]);
});

test('one row that fails fails the batch, when all have ended; NaN stays in its row', async () => {
  const { pipelines, compiled, finish } = setUp({ warmUp: [16] });
  await nextTurn();
  await finish();
  const of16 = compiled.get(16) as FakePipeline;
  of16.behaviour = ([row]) => (row === 4 ? fails() : undefined);
  await expect(pipelines.infer(batch(3, 4, 5), { ...OPTIONS, bucket: 16 })).rejects.toThrow('broken');
  expect(of16.tries.length).toBe(3);
  of16.behaviour = ([row]) => (row === 4 ? [4] : []);
  const { nonFiniteRows } = await pipelines.infer(batch(3, 4, 5), { ...OPTIONS, bucket: 16 });
  expect([...nonFiniteRows]).toEqual([1]);
});

test('a device that takes no other shapes says which buckets it has, and can be waited for', async () => {
  const { pipelines, waiting, finish, base } = setUp({ shape: { rows: 1, width: 16 }, most: 2 });
  expect([pipelines.takes(16), pipelines.takes(32)]).toEqual([true, false]);
  const prepared = pipelines.prepare(32);
  await nextTurn();
  expect(waiting.map(({ width }) => width)).toEqual([32]);
  await finish();
  await prepared;
  expect(pipelines.takes(32)).toBe(true);
  await pipelines.infer(batch(1), { ...OPTIONS, bucket: 16 });
  expect(base.tries).toEqual([[1]]);
  await expect(pipelines.prepare(48)).rejects.toThrow('2 models are compiled already');
});

test('where compiling fails the other way is taken, if there is one', async () => {
  const { pipelines, waiting, warnings, base } = setUp({ warmUp: [16] });
  await nextTurn();
  waiting[0]?.reject(new Error('no memory'));
  await nextTurn();
  await pipelines.infer(batch(1), { ...OPTIONS, bucket: 16 });
  expect([base.tries.length, warnings]).toEqual([1, ['No model for texts of 16 tokens: Error: no memory']]);
});

test('close waits for what is being compiled, and closes each once', async () => {
  const { pipelines, base, compiled, finish } = setUp({ warmUp: [16, 32] });
  await nextTurn();
  const closed = pipelines.close();
  await finish();
  await closed;
  expect([base.closed, compiled.get(16)?.closed, compiled.has(32)]).toEqual([1, 1, false]);
});

test("shapes: 'static' gives the vectors of any shape, from models of one row", async () => {
  const world = new FakeWorld();
  const embedder = await loadFake(world, { shapes: 'static', buckets: [8, 16], fallback: true });
  while (world.openPipelines < 3) await nextTurn();
  const texts = ['a', 'bc', 'a longer text'];
  for (let round = 0; round < 3; round++) {
    const result = await embedder.embed(texts);
    for (const [i, text] of texts.entries()) expect(result.at(i)).toEqual(vectorOf(text));
  }
  expect(world.loads.map(({ shape }) => shape)).toEqual([null, { rows: 1, width: 8 }, { rows: 1, width: 16 }]);
  expect(world.batches.at(-1)?.lengths.length).toBe(1);
  await embedder.close();
  expect(world.openPipelines).toBe(0);
});

test('an NPU runs the buckets that are compiled, and the CPU the others meanwhile', async () => {
  const world = new FakeWorld();
  world.devices = [
    { name: 'CPU', fullName: 'Fake CPU', capabilities: ['FP32'], driver: null },
    { name: 'NPU', fullName: 'Fake NPU', capabilities: ['FP16', 'INT8'], driver: '1.2' },
  ];
  let release: (() => void) | undefined;
  world.onLoad = ({ device, shape }) => {
    if (device !== 'NPU') return undefined;
    if (!shape) throw Object.assign(new Error('dynamic shapes'), { code: 'ERR_DEVICE_FAILED' });
    return shape.width === 64 ? new Promise<void>((resolve) => (release = resolve)) : undefined;
  };
  const embedder = await loadFake(world, {
    device: 'NPU',
    fallback: { delayMs: 1, loadTimeoutMs: 50 },
    maxLength: 64,
    buckets: [16, 64],
  });
  expect(embedder.info.devices.map(({ state }) => state)).toEqual(['loading', 'ready']);
  expect((await embedder.embed(['short'])).metadata.device).toBe('CPU');
  const ready = new Promise((resolve) => embedder.once('recovered', resolve));
  while (!release) await nextTurn();
  release();
  await ready;
  expect(embedder.info.devices[0]).toMatchObject({ precision: 'f16', driver: '1.2' });
  expect((await embedder.embed(['short'])).metadata.device).toBe('NPU');
  await embedder.close();
  expect(world.openPipelines).toBe(0);
});
