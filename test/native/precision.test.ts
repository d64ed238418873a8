/** int8 with the real model: how close, how small, the same bits in every batch, and written once by `convertModel`. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { convertModel } from '../../lib/convert.js';
import { Embedder, type LoadOptions } from '../../lib/index.js';
import { resolveLogger } from '../../lib/logger.js';
import { quantizeModel } from '../../lib/quantize.js';
import { compareEmbedders, judge, limitsOf } from '../../lib/verify/compare.js';
import { defaultPairs, defaultTexts } from '../../lib/verify/topics.js';
import { fixture, miniLM, temporaryFolder } from './support.js';

const cacheDir = temporaryFolder();
const texts = fixture<string[]>('oracle/all-MiniLM-L6-v2/texts.json').filter((_, i) => i % 4 === 0);
const load = (model: string, options: LoadOptions) => Embedder.load(model, { cacheDir, buckets: 16, ...options });

/** Without VNNI the runtime has no kernel for quantised activations. */
const hasVnni = /\b(avx512_vnni|avx_vnni|asimddp)\b/.test(readFileSync('/proc/cpuinfo', 'utf8'));

let f32: Embedder;
beforeAll(async () => {
  f32 = await load(miniLM(), { precision: 'f32' });
});
afterAll(() => f32.close());

describe.each(['f32', ...(hasVnni ? (['int8'] as const) : [])] as const)(
  'int8 weights, activations %s',
  (activations) => {
    let embedder: Embedder;
    beforeAll(async () => {
      embedder = await load(miniLM(), { precision: 'int8', activations });
    });
    afterAll(() => embedder.close());

    test('are what is reported, and within what int8 may cost', async () => {
      expect(embedder.info).toMatchObject({ precision: 'int8', activations, fingerprint: f32.info.fingerprint });
      const comparison = await compareEmbedders(f32, embedder, defaultTexts(), defaultPairs());
      expect(judge(comparison, limitsOf(embedder.info)).failures).toEqual([]);
      expect(comparison.cosine.mean).toBeLessThan(0.99999); // it is not f32 that runs
    });

    test('give a text the bits that it has alone, whatever the streams and threads', async () => {
      const { data } = await embedder.embed(texts);
      const rows = [0, 7, 31, 50].map((i) => [i, texts[i] as string] as const);
      for (const [i, text] of rows) {
        expect((await embedder.embed([text])).data).toEqual(data.subarray(i * 384, (i + 1) * 384));
      }
      const fewer = { precision: 'int8', activations, streams: 1, threads: 1 } as const;
      await using other = await load(miniLM(), fewer);
      expect((await other.embed(texts)).data).toEqual(data);
    });
  },
);

test('compiled weights take 0.3 of f32', async () => {
  await using embedder = await load(miniLM(), { precision: 'int8', activations: 'f32' });
  await embedder.embedQuery('a text');
  const sizes = readdirSync(join(cacheDir, 'blobs')).map((name) => statSync(join(cacheDir, 'blobs', name)).size);
  expect(Math.min(...sizes)).toBeLessThan(0.3 * Math.max(...sizes));
});

describe('a model written by convertModel', () => {
  const options = () => ({ cacheDir, logger: resolveLogger(undefined), signal: new AbortController().signal });

  test('in int8 has the bits of int8 on the fly, and everything beside the weights', async () => {
    const folder = join(temporaryFolder(), 'int8');
    await convertModel(miniLM(), folder, 'int8', options());
    const sizes = ['openvino/openvino_model.bin', '1_Pooling/config.json'].map(
      (file) => statSync(join(folder, file)).size,
    );
    expect(sizes[0]).toBeLessThan(0.3 * statSync(join(miniLM(), 'model.safetensors')).size);
    const activations = 'f32';
    await using converted = await load(folder, { precision: 'int8', activations });
    await using original = await load(miniLM(), { precision: 'int8', activations });
    expect((await converted.embed(texts)).data).toEqual((await original.embed(texts)).data);
    const { pooling, normalize, maxTokens, prompts } = original.info;
    expect(converted.info).toMatchObject({ pooling, normalize, maxTokens, prompts, precision: 'int8', activations });
    await expect(convertModel(miniLM(), folder, 'int8', options())).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
    });
  });

  test('in calibrated int8 is within what that may cost, and a text has the bits that it has alone', async () => {
    const folder = join(temporaryFolder(), 'static');
    const calibration = fixture<string[]>('oracle/all-MiniLM-L6-v2/texts.json').filter((_, i) => i % 2 === 1);
    await quantizeModel(miniLM(), folder, calibration, options());
    await using embedder = await load(folder, { precision: 'f32' });
    expect(embedder.info).toMatchObject({ precision: 'int8', activations: 'int8-static' });
    const comparison = await compareEmbedders(f32, embedder, defaultTexts(), defaultPairs());
    expect(judge(comparison, limitsOf(embedder.info)).failures).toEqual([]);
    const { data } = await embedder.embed(texts);
    for (const i of [0, 7, 31]) {
      expect((await embedder.embed([texts[i] as string])).data).toEqual(data.subarray(i * 384, (i + 1) * 384));
    }
    await expect(quantizeModel(folder, `${folder}2`, calibration, options())).rejects.toMatchObject({
      code: 'ERR_MODEL_UNSUPPORTED',
    });
  });

  test('in f32 has the bits of the original', async () => {
    const folder = join(temporaryFolder(), 'f32');
    await convertModel(miniLM(), folder, 'f32', options());
    await using converted = await load(folder, { precision: 'f32' });
    expect((await converted.embed(texts)).data).toEqual((await f32.embed(texts)).data);
  });
});
