/** `dtype` and `ranges` through every call, with caches and without. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Embedder } from '../../../lib/embedder.js';
import type { Embeddings } from '../../../lib/embeddings.js';
import type { LoadOptions } from '../../../lib/options.js';
import { VectorCodec } from '../../../lib/vectors/codec.js';
import { DTYPES, type Dtype, type VectorArray } from '../../../lib/vectors/dtype.js';
import { Ranges } from '../../../lib/vectors/ranges.js';
import { FakeWorld, vectorOf } from '../fake-native.js';
import { loadFake } from '../load-fake.js';
import { plainConversion } from '../plain-conversion.js';

const FINGERPRINT = 'fingerprint of safetensors';
const ends = { min: [-0.9, -0.5, -0.75, -1], max: [0.9, 0.5, 1, 1] };
const ranges = Ranges.from(ends, { fingerprint: FINGERPRINT });
const TEXTS = ['abc', '', 'de', 'abc', 'a long text of another bucket', 'q'];
const load = (options: LoadOptions = {}) => loadFake(new FakeWorld(), { precision: 'f32', ranges, ...options });

function codecOf<D extends Dtype>(dtype: D) {
  return new VectorCodec<Dtype>(dtype, 4, ranges, plainConversion);
}

/** What a text has to give, by way of what a cache keeps. */
function expectedOf(text: string, dtype: Dtype, kept: Dtype = 'float32'): VectorArray {
  const cache = codecOf(kept);
  return codecOf(dtype).encode(cache.decode(cache.encode(vectorOf(text))));
}

async function everyWay(embedder: Embedder, dtype: Dtype): Promise<VectorArray[][]> {
  const streamed = async (ordered: boolean) => {
    const items: VectorArray[] = [];
    for await (const item of embedder.stream(TEXTS, { dtype, ordered })) items[item.index] = item.embedding;
    return items;
  };
  const queries = TEXTS.map((text) => embedder.embedQuery(text, { dtype, prompt: '' }));
  return [
    [...(await embedder.embedDocuments(TEXTS, { dtype }))],
    await Promise.all(queries),
    await streamed(true),
    await streamed(false),
  ];
}

describe.each(DTYPES)('dtype %s', (dtype) => {
  test.each<[string, LoadOptions]>([
    ['no cache', {}],
    ['a cache', { cache: {} }],
  ])('is what every call gives with %s', async (_, options) => {
    const embedder = await load(options);
    const expected = TEXTS.map((text) => expectedOf(text, dtype));
    for (const vectors of await everyWay(embedder, dtype)) expect(vectors).toEqual(expected);
    const result = await embedder.embed(TEXTS, { dtype });
    expect([result.dtype, result.dimensions, result.length]).toEqual([dtype, 4, TEXTS.length]);
    expect((await embedder.embed([], { dtype })).data).toEqual(expected[0]?.slice(0, 0));
  });

  test('of a cache is what computed and kept vectors have passed through', async () => {
    const asked = dtype === 'binary' || dtype === 'ubinary' ? (['binary', 'ubinary'] as const) : DTYPES;
    for (const one of asked) {
      const embedder = await load({ cache: { dtype } });
      const expected = TEXTS.map((text) => expectedOf(text, one, dtype));
      for (const vectors of await everyWay(embedder, one)) expect(vectors).toEqual(expected);
      expect((await embedder.embed(TEXTS, { dtype: one })).metadata.cacheHits).toBe(TEXTS.length);
    }
  });
});

describe('int8 and uint8', () => {
  test('say what to do without ranges', async () => {
    const embedder = await loadFake();
    await expect(embedder.embed(['a'], { dtype: 'int8' })).rejects.toThrow(/calibrate/);
    expect(() => embedder.stream(['a'], { dtype: 'uint8' })).toThrow(/calibrate/);
    await expect(load({ ranges: undefined, cache: { dtype: 'int8' } })).rejects.toThrow(/calibrate/);
  });

  test("take a call's ranges before those of the load", async () => {
    const own = Ranges.from({ min: [-2, -2, -2, -2], max: [2, 2, 2, 2] }, { fingerprint: FINGERPRINT });
    const result = await (await load()).embed(TEXTS, { dtype: 'int8', ranges: own });
    const codec = new VectorCodec('int8', 4, own, plainConversion);
    expect([...result]).toEqual(TEXTS.map((text) => codec.encode(vectorOf(text))));
  });

  test('refuse ranges of another model or width', async () => {
    const embedder = await load();
    await expect(embedder.embed(['a'], { dtype: 'int8', dimensions: 2 })).rejects.toThrow(/4 dimensions.* 2/);
    const foreign = Ranges.from(ends, { fingerprint: 'other' });
    await expect(embedder.embed(['a'], { dtype: 'int8', ranges: foreign })).rejects.toThrow(/other.*fingerprint of/);
    await expect(load({ ranges: foreign })).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
    const kept = await load({ cache: { dtype: 'uint8' } });
    await expect(kept.embed(['a'], { dimensions: 2 })).rejects.toThrow(/4 dimensions.* 2/);
  });
});

test('the type of a result follows from the option', async () => {
  const embedder = await load();
  const bytes: Embeddings<'int8'> = await embedder.embedDocuments(TEXTS, { dtype: 'int8' });
  const floats: Float32Array = (await embedder.embed(TEXTS, { dimensions: 2 })).data;
  const bits: Int8Array = await embedder.embedQuery('q', { dtype: 'binary' });
  expect([bytes.data, floats, bits].map((array) => array.constructor.name)).toEqual([
    'Int8Array',
    'Float32Array',
    'Int8Array',
  ]);
});

test('a cache of bits serves calls for bits only', async () => {
  const embedder = await load({ cache: { dtype: 'binary' } });
  await expect(embedder.embed(['a'])).rejects.toThrow(/cache.*binary.*float32/);
});

test('calibrate() finds the ends over all texts, at the width and norm that are asked for', async () => {
  const embedder = await loadFake();
  for (const options of [{}, { dimensions: 2 }, { normalize: false }]) {
    const found = await embedder.calibrate(TEXTS, options);
    const direct = await embedder.embedDocuments(TEXTS, options);
    expect(found.values).toEqual((await Ranges.of(direct)).values);
    expect([found.fingerprint, found.normalize]).toEqual([embedder.info.fingerprint, options.normalize ?? true]);
    const quantised = await embedder.embedDocuments(TEXTS, { ...options, dtype: 'uint8', ranges: found });
    expect([Math.min(...quantised.data), Math.max(...quantised.data)]).toEqual([0, expect.closeTo(255, -1)]);
  }
  await expect(embedder.calibrate(['one'])).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
  await expect(embedder.calibrate(TEXTS, { dtype: 'int8' } as never)).rejects.toThrow(/Unknown option "dtype"/);
});

test('any mixture of calls on one cache gives what calls without a cache give', async () => {
  const call = fc.record({
    dtype: fc.constantFrom(...DTYPES),
    texts: fc.array(fc.constantFrom(...TEXTS), { maxLength: 6 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(call, { maxLength: 6 }), async (calls) => {
      const [plain, cached] = [await load(), await load({ cache: {} })];
      const results = (embedder: Embedder) =>
        Promise.all(calls.map(async ({ dtype, texts }) => (await embedder.embed(texts, { dtype })).data));
      expect(await results(cached)).toEqual(await results(plain));
    }),
    { numRuns: 20 },
  );
});
