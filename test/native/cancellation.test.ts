/** cancel() at the seam, by numbers, on the real engine. Races are tested in native/tests/cancellation_test.cpp. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BatchPart, NativePipeline, NativeTokenizer } from '../../lib/native.js';
import { native } from '../../lib/native.js';
import { bits, miniLM } from './support.js';

const cancelled = { code: 'ERR_CLOSED', message: 'The work was cancelled.' };
const encodeOptions = { maxLength: 256, offsets: false, addSpecialTokens: true };
const inferOptions = { bucket: 256, output: 'pooled', dimensions: 0, normalize: true } as const;
const long = 'the river runs past the old mill '.repeat(60);

let tokenizer: NativeTokenizer;
beforeAll(async () => {
  tokenizer = await native().loadTokenizer({ file: join(miniLM(), 'tokenizer.json') });
});
afterAll(() => tokenizer.close());

// One thread in all takes another way through the runtime than several do.
describe.each([
  { streams: 1, threads: 1 },
  { streams: 1, threads: 2 },
])('batches with %o', ({ streams, threads }) => {
  let pipeline: NativePipeline;
  let parts: BatchPart[];
  beforeAll(async () => {
    pipeline = await native().loadPipeline({
      source: { kind: 'safetensors', file: join(miniLM(), 'model.safetensors') },
      device: 'CPU',
      precision: 'f32',
      int8Weights: false,
      int8Activations: false,
      streams,
      threads,
      pooling: ['MEAN'],
      modules: [],
      paddingSide: 'right',
      padTokenId: 0,
      shape: null,
      blobFile: null,
    });
    const encoding = await tokenizer.encode([long, long, long, long], encodeOptions);
    parts = [{ encoding, rows: new Uint32Array([0, 1, 2, 3]) }];
  });
  afterAll(() => pipeline.close());

  test('the running and the queued ones of a number end, others do not', async () => {
    const before = await pipeline.infer(parts, inferOptions);
    const start = performance.now();
    await pipeline.infer(parts, inferOptions);
    const whole = performance.now() - start;

    const unwanted = Array.from({ length: 6 }, () => pipeline.infer(parts, { ...inferOptions, job: 1 }));
    const wanted = pipeline.infer(parts, { ...inferOptions, job: 2 });
    const ends = Promise.allSettled(unwanted);
    await new Promise((resolve) => setTimeout(resolve, whole / 4));
    const stopped = performance.now();
    pipeline.cancel(1);
    pipeline.cancel(3);
    for (const end of await ends) expect(end).toMatchObject({ status: 'rejected', reason: cancelled });
    expect(performance.now() - stopped).toBeLessThan(whole * 3); // six would take six times as long
    expect(bits((await wanted).data)).toEqual(bits(before.data));
  });

  test('a number may be used again, and cancelling what has ended does nothing', async () => {
    await pipeline.infer(parts, { ...inferOptions, job: 1 });
    pipeline.cancel(1);
    const { nonFiniteRows } = await pipeline.infer(parts, { ...inferOptions, job: 1 });
    expect(nonFiniteRows.length).toBe(0);
  });

  test('numbers that cannot be are refused', () => {
    for (const job of [-1, 0.5, Number.NaN, 2 ** 53, '1' as unknown as number]) {
      expect(() => pipeline.cancel(job)).toThrow(TypeError);
      expect(() => pipeline.infer(parts, { ...inferOptions, job })).toThrow(TypeError);
    }
  });
});

test('encoding ends before its next input', async () => {
  const texts = Array.from({ length: 3_000 }, () => long);
  const unwanted = tokenizer.encode(texts, { ...encodeOptions, job: 5 });
  const wanted = tokenizer.encode(texts.slice(0, 3), { ...encodeOptions, job: 6 });
  tokenizer.cancel(5);
  await expect(unwanted).rejects.toMatchObject(cancelled);
  expect((await wanted).lengths.length).toBe(3);
});
