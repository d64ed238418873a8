/** Long texts on tiny models against sentence-transformers and NumPy (scripts/oracle/make_long_input.py). */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Embedder, type InputType, type LoadOptions } from '../../lib/index.js';
import { native } from '../../lib/native.js';
import { documentVector } from '../../lib/text/index.js';
import { tinyModels, writeTinyModel } from '../../scripts/models/make-tiny.mjs';
import { plainPooling } from '../unit/plain-pooling.js';
import { bits, fixture, largestDifference, temporaryFolder } from './support.js';

interface Case {
  model: 'prompts' | 'prompt-excluded';
  truncate: 'start' | 'chunk';
  inputType: InputType | null;
  vectors: number[][];
}

interface LateText {
  text: string;
  overlap: number;
  chunks: { start: number; end: number; tokens: number }[];
  vectors: number[][];
}

const oracle = fixture<{ maxLength: number; texts: string[]; cases: Case[]; late: LateText[] }>(
  'long-input/embeddings.json',
);
const { texts, maxLength } = oracle;
const folder = temporaryFolder();
for (const name of ['mean', 'cls', 'prompts', 'prompt-excluded', 'layer-norm'] as const) {
  writeTinyModel(tinyModels[name], join(folder, name));
}

const load = (model: string, options: LoadOptions = {}) =>
  Embedder.load(join(folder, model), { precision: 'f32', cacheDir: folder, ...options });

const flat = (vectors: readonly number[][]) => Float32Array.from(vectors.flat());

test.each(oracle.cases)('$truncate of $model for $inputType', async ({ model, truncate, inputType, vectors }) => {
  await using embedder = await load(model, { maxLength });
  const options = { truncate, ...(inputType && { inputType }) };
  const result = await embedder.embed(texts, options);
  expect(largestDifference(result.data, flat(vectors))).toBeLessThan(1e-5);
  expect([...result.truncated].some(Boolean)).toBe(truncate === 'start');
  const end = await embedder.embed(texts, { ...options, truncate: 'end' });
  expect(largestDifference(end.data, flat(vectors))).toBeGreaterThan(1e-2);
});

test("cuts where the model's folder says", async () => {
  const cut = join(folder, 'cut-at-the-start');
  writeTinyModel(tinyModels.prompts, cut);
  const file = join(cut, 'tokenizer_config.json');
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), truncation_side: 'left' }));
  await using embedder = await load('cut-at-the-start', { maxLength });
  await using usual = await load('prompts', { maxLength });
  const start = await usual.embed(texts, { truncate: 'start' });
  expect(bits((await embedder.embed(texts)).data)).toEqual(bits(start.data));
  const end = await usual.embed(texts);
  expect(bits((await embedder.embed(texts, { truncate: 'end' })).data)).toEqual(bits(end.data));
});

describe("truncate: 'chunk'", () => {
  const chunk = { truncate: 'chunk' } as const;

  test('counts what is read, and the same of ids', async () => {
    await using embedder = await load('mean', { maxLength });
    const result = await embedder.embed(texts, chunk);
    const counts = await embedder.countTokens(texts);
    expect(result.originalTokens).toEqual(counts);
    const windows = Array.from(counts, (count) => Math.max(1, Math.ceil((count - 2) / (maxLength - 2))));
    expect([...result.chunks]).toEqual(windows);
    expect([...result.tokens]).toEqual(windows.map((n, i) => (counts[i] as number) + 2 * (n - 1)));
    const ids = (await embedder.tokenize(texts)).map((row) => row.ids);
    expect(bits((await embedder.embed(ids, chunk)).data)).toEqual(bits(result.data));
  });

  test('gives the same bits alone, in any batch, by a stream, and from the cache', async () => {
    await using embedder = await load('mean', { maxLength, cache: {}, maxBatchSize: 3 });
    const together = await embedder.embed(texts, chunk);
    await embedder.cache?.clear();
    for (const [i, text] of texts.entries()) {
      const alone = await embedder.embedQuery(text, { ...chunk, inputType: 'document' });
      expect(bits(alone)).toEqual(bits(together.at(i) as Float32Array));
    }
    const kept = await embedder.embed(texts, chunk);
    expect(kept.metadata.cacheHits).toBe(texts.length);
    expect([bits(kept.data), kept.chunks]).toEqual([bits(together.data), together.chunks]);
    for await (const { index, embedding } of embedder.stream(texts, { ...chunk, ordered: false })) {
      expect(bits(embedding)).toEqual(bits(together.at(index) as Float32Array));
    }
    const short = texts.filter((_, i) => together.chunks[i] === 1);
    const plain = await embedder.embed(short);
    for (const [i, text] of short.entries()) {
      expect(bits(plain.at(i) as Float32Array)).toEqual(bits(together.at(texts.indexOf(text)) as Float32Array));
    }
  });

  test('needs room beside the prompt', async () => {
    await using embedder = await load('mean', { maxLength });
    const prompt = 'the river and the stone garden '.repeat(4);
    const error = { code: 'ERR_INVALID_ARGUMENT', message: expect.stringContaining('no room') };
    await expect(embedder.embed(['a'], { ...chunk, prompt })).rejects.toMatchObject(error);
  });
});

describe('late chunking', () => {
  test.each(oracle.late)('is the mean of token vectors, in windows with $overlap tokens in common', async (wanted) => {
    const { text, chunks, overlap } = wanted;
    await using embedder = await load('mean');
    const options = { overlapTokens: overlap };
    const [other, result] = await embedder.embedChunks(
      [
        { text: 'the river', chunks: [] },
        { text, chunks },
      ],
      options,
    );
    expect(other?.length).toBe(0);
    expect(result?.length).toBe(chunks.length);
    expect([...(result?.tokens ?? [])]).toEqual(chunks.map(({ tokens }) => tokens));
    expect(largestDifference(result?.data as Float32Array, flat(wanted.vectors))).toBeLessThan(1e-5);
  });

  test('knows the text around a chunk, and leaves the prompt out', async () => {
    await using embedder = await load('prompts');
    const text = 'the river. a stone garden by the bridge';
    const chunks = [{ start: 10, end: text.length }];
    const [late] = await embedder.embedChunks([{ text, chunks }]);
    const [alone] = await embedder.embedChunks([
      { text: text.slice(10), chunks: [{ start: 0, end: text.length - 10 }] },
    ]);
    expect(late?.tokens).toEqual(alone?.tokens);
    expect(largestDifference(late?.data as Float32Array, alone?.data as Float32Array)).toBeGreaterThan(1e-2);
    const [query] = await embedder.embedChunks([{ text, chunks }], { inputType: 'query' });
    expect(query?.tokens).toEqual(late?.tokens);
    expect(query?.data).not.toEqual(late?.data);
  });

  test('gives zeros for a chunk without a token, and cuts dimensions', async () => {
    await using embedder = await load('mean');
    const text = 'the river   ';
    const chunks = [
      { start: 0, end: 9 },
      { start: 9, end: 12 },
    ];
    const [full] = await embedder.embedChunks([{ text, chunks }], { normalize: false });
    expect([...(full?.tokens ?? [])]).toEqual([2, 0]);
    expect([...(full?.at(1) ?? [])].every((value) => value === 0)).toBe(true);
    const [cut] = await embedder.embedChunks([{ text, chunks }], { dimensions: 5, dtype: 'float16' });
    expect([cut?.dimensions, cut?.dtype, cut?.data.length]).toEqual([5, 'float16', 10]);
    const own = Array.from(full?.at(0) ?? []).slice(0, 5);
    expect(cut?.toArrays()[0]).toEqual(own.map((value) => expect.closeTo(value / Math.hypot(...own), 3)));
  });

  test('is refused where vectors are no means of token vectors', async () => {
    const error = { code: 'ERR_MODEL_UNSUPPORTED', message: expect.stringContaining('Late chunking') };
    for (const [model, options] of [
      ['cls', {}],
      ['layer-norm', {}],
      ['mean', { poolingType: 'MAX' }],
    ] as const) {
      await using embedder = await load(model, options);
      await expect(embedder.embedChunks([{ text: 'a', chunks: [{ start: 0, end: 1 }] }])).rejects.toMatchObject(error);
    }
  });
});

test('a document has the mean of its chunks, by tokens or not', async () => {
  await using embedder = await load('mean');
  const chunks = await embedder.embed(['the river', 'a stone garden by the bridge', 'music']);
  const expected = (weights: readonly number[]) => {
    const sum = new Float32Array(chunks.dimensions);
    for (const [i, vector] of [...chunks].entries())
      for (const [d, value] of vector.entries()) sum[d] = (sum[d] as number) + value * (weights[i] as number);
    return sum.map((value) => value / Math.hypot(...sum));
  };
  const difference = (options: object, weights: readonly number[]) =>
    largestDifference(documentVector(chunks, options), expected(weights));
  expect(difference({}, [...chunks.tokens])).toBeLessThan(1e-6);
  expect(difference({ pooling: 'mean' }, [1, 1, 1])).toBeLessThan(1e-6);
  expect(difference({}, [1, 1, 1])).toBeGreaterThan(1e-3);
  const codes = await embedder.embed(['a'], { dtype: 'ubinary' });
  const error = expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' });
  expect(() => documentVector(codes as never)).toThrow(error);
  expect(() => documentVector({ ...chunks, length: 0 } as never)).toThrow(error);
});

describe('poolVectors', () => {
  test('equals the plain one, and gives a single vector back bit by bit', () => {
    const vectors = Float32Array.from({ length: 70 * 5 }, (_, i) => Math.sin(i * i) * 3);
    const runs = { starts: Uint32Array.of(0, 3, 69, 5), lengths: Uint32Array.of(3, 60, 1, 0) };
    for (const normalize of [true, false]) {
      for (const weights of [null, Uint32Array.from({ length: 70 }, (_, i) => i % 4)]) {
        const pooling = { dimensions: 5, ...runs, weights, normalize };
        const [ours, plain] = [new Float32Array(20), new Float32Array(20)];
        native().poolVectors(vectors, ours, pooling);
        plainPooling.poolVectors(vectors, plain, pooling);
        expect(largestDifference(ours, plain)).toBeLessThan(1e-6);
        if (!normalize) expect(bits(ours.subarray(10, 15))).toEqual(bits(vectors.subarray(345)));
      }
    }
  });

  test.each([
    ['a run outside', { starts: Uint32Array.of(1), lengths: Uint32Array.of(2) }],
    ['a run beyond any', { starts: Uint32Array.of(0xffffffff), lengths: Uint32Array.of(2) }],
    ['too few weights', { weights: Uint32Array.of(1) }],
    ['a target for more', { starts: Uint32Array.of(), lengths: Uint32Array.of() }],
    ['no whole vectors', { dimensions: 3 }],
    ['no dimensions', { dimensions: 0 }],
  ])('refuses %s', (_, wrong) => {
    const fitting = {
      dimensions: 2,
      starts: Uint32Array.of(0),
      lengths: Uint32Array.of(2),
      weights: null,
      normalize: true,
    };
    const [vectors, target] = [new Float32Array(4), new Float32Array(2)];
    native().poolVectors(vectors, target, fitting);
    expect(() => native().poolVectors(vectors, target, { ...fitting, ...wrong })).toThrow(TypeError);
  });
});
