import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { LatencyPipelines } from '../../../lib/batching/latency-pipelines.js';
import { type BatchOutlook, Pipelines } from '../../../lib/batching/pipelines.js';
import type { NativePipeline, PipelineShape } from '../../../lib/native.js';
import { FakeDevice } from './fake-device.js';

const ALONE: BatchOutlook = {
  whole: true,
  bucket: 64,
  rows: 4,
  priority: 'bulk',
  takesAll: true,
  idle: true,
  besideBulk: false,
};
const QUERY: BatchOutlook = {
  whole: true,
  bucket: 16,
  rows: 1,
  priority: 'interactive',
  takesAll: true,
  idle: true,
  besideBulk: false,
};

/** Pipelines with those for latency, and what was compiled. */
function withLatency(load?: (shape: PipelineShape | null) => Promise<NativePipeline>) {
  const compiled: (PipelineShape | null)[] = [];
  const warnings: string[] = [];
  const closed: string[] = [];
  const logger = { debug() {}, info() {}, error() {}, warn: (message: string) => void warnings.push(message) };
  const compile = async (shape: PipelineShape | null): Promise<NativePipeline> => {
    compiled.push(shape);
    if (load) return load(shape);
    return { ...new FakeDevice(1).pipeline, close: async () => void closed.push(JSON.stringify(shape)) };
  };
  const main = { ...new FakeDevice(2).pipeline, close: async () => void closed.push('main') };
  const pipelines = new Pipelines(main, new LatencyPipelines(compile, logger));
  return { pipelines, compiled, warnings, closed };
}

test('a batch waits while the pipeline has as many as it takes', () => {
  const pipelines = new Pipelines(new FakeDevice(2).pipeline);
  expect(pipelines.choose(QUERY)).toBe(pipelines.main);
  pipelines.main.inFlight = 1;
  expect(pipelines.choose(QUERY)).toBe(pipelines.main);
  pipelines.main.inFlight = 2;
  expect(pipelines.choose(QUERY)).toBeUndefined();
});

test('a pipeline with all threads is compiled once it would often have been of use, and then takes what is alone', async () => {
  const { pipelines, compiled } = withLatency();
  for (let i = 0; i < 99; i++) pipelines.choose({ ...ALONE, whole: false }); // the rest of lists asks for none
  for (let i = 0; i < 15; i++) expect(pipelines.choose(ALONE)).toBe(pipelines.main);
  expect(compiled).toEqual([]);
  expect(pipelines.choose(ALONE)).toBe(pipelines.main);
  await nextTurn();
  expect(compiled).toEqual([null]);
  const quick = pipelines.choose(ALONE);
  expect(quick).not.toBe(pipelines.main);
  expect(pipelines.choose({ ...ALONE, takesAll: false })).toBe(pipelines.main);
  expect(pipelines.choose({ ...ALONE, idle: false })).toBe(pipelines.main);
  if (quick) quick.inFlight = 1;
  expect(pipelines.choose(ALONE)).toBe(pipelines.main);
  expect(compiled).toHaveLength(1);
});

test('an interactive batch goes beside bulk, even where no stream is free', async () => {
  const { pipelines } = withLatency();
  const query = { ...QUERY, bucket: 64 };
  for (let i = 0; i < 2; i++) pipelines.choose(query);
  await nextTurn();
  pipelines.main.inFlight = 2;
  const beside = { ...query, idle: false, besideBulk: true };
  expect(pipelines.choose({ ...beside, takesAll: false })).toBeDefined();
  expect(pipelines.choose({ ...beside, besideBulk: false })).toBeUndefined();
  expect(pipelines.choose({ ...beside, priority: 'bulk' })).toBeUndefined();
});

test('a single short text gets a pipeline of its bucket, and no other text does', async () => {
  const { pipelines, compiled } = withLatency();
  for (const batch of [QUERY, { ...QUERY, bucket: 48 }]) for (let i = 0; i < 2; i++) pipelines.choose(batch);
  await nextTurn();
  expect(compiled).toEqual([{ rows: 1, width: 16 }, null]);
  const [short, long] = [pipelines.choose(QUERY), pipelines.choose({ ...QUERY, bucket: 48 })];
  expect(short).not.toBe(long);
  expect(pipelines.choose({ ...QUERY, rows: 2 })).toBe(long);
  // Until its own is compiled.
  expect(pipelines.choose({ ...QUERY, bucket: 32 })).toBe(long);
});

test('batches go the other way where compiling fails', async () => {
  const { pipelines, compiled, warnings } = withLatency(() => Promise.reject(new Error('no memory')));
  for (let i = 0; i < 5; i++) {
    expect(pipelines.choose(QUERY)).toBe(pipelines.main);
    await nextTurn();
  }
  expect(compiled).toHaveLength(1);
  expect(warnings).toEqual(['No pipeline for one text of 16 tokens: Error: no memory']);
  await pipelines.close();
});

test('close waits for what is being compiled, and closes all', async () => {
  const { pipelines, compiled, closed } = withLatency();
  for (let i = 0; i < 2; i++) pipelines.choose(QUERY);
  await pipelines.close();
  expect([...closed].sort()).toEqual(['main', '{"rows":1,"width":16}']);
  for (let i = 0; i < 2; i++) pipelines.choose(ALONE);
  expect(compiled).toHaveLength(1);
});
