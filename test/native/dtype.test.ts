/** The real model with every `dtype`: what calls and caches give is what `quantize` makes of the float32 vectors. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Embedder, type LoadOptions, type Ranges } from '../../lib/index.js';
import { DTYPES, dequantize, quantize, type Vectors } from '../../lib/vectors/index.js';
import { miniLM, temporaryFolder } from './support.js';

const TEXTS = Array.from({ length: 16 }, (_, i) => `Text number ${i % 12} ${'with more words '.repeat(i % 5)}`);
const options: LoadOptions = { precision: 'f32', performance: 'throughput', batchTokens: 1_024, streams: 1 };
const folder = temporaryFolder();

let plain: Embedder;
let ranges: Ranges;
let expected: Vectors<'float32'>;

beforeAll(async () => {
  plain = await Embedder.load(miniLM(), options);
  ranges = await plain.calibrate(TEXTS);
  await ranges.save(`${folder}/ranges.json`);
  expected = await plain.embedDocuments(TEXTS);
});
afterAll(() => plain.close());

describe.each(DTYPES)('%s', (dtype) => {
  test('of lists, queries and streams', async () => {
    const { data } = await quantize(expected, dtype, { ranges });
    const result = await plain.embedDocuments(TEXTS, { dtype, ranges });
    expect(result.data).toEqual(data);
    expect(await plain.embedQuery(TEXTS[4] as string, { dtype, ranges, prompt: '' })).toEqual(result.at(4));
    let row = 0;
    for await (const { embedding } of plain.stream(TEXTS, { dtype, ranges, batchSize: 7 }))
      expect(embedding).toEqual(result.at(row++));
    const numbers = result.toArrays();
    expect(result.toArray()).toEqual(numbers.flat());
    if (dtype === 'float16' || dtype === 'bfloat16')
      expect(numbers[3]?.[5]).toBeCloseTo(expected.data[3 * 384 + 5] as number, 3);
  });

  test('of a cache: kept vectors have the bits of computed ones', async () => {
    const embedder = await Embedder.load(miniLM(), { ...options, cache: { dtype }, ranges: `${folder}/ranges.json` });
    const asked = dtype === 'binary' || dtype === 'ubinary' ? (['binary', 'ubinary'] as const) : DTYPES;
    const passed = await dequantize(await quantize(expected, dtype, { ranges }), { ranges });
    for (const one of asked) {
      const { data } = await quantize(passed, one, { ranges });
      await embedder.cache?.clear();
      const [computed, kept] = [
        await embedder.embedDocuments(TEXTS, { dtype: one }),
        await embedder.embedDocuments(TEXTS, { dtype: one }),
      ];
      expect([computed.metadata.cacheHits, kept.metadata.cacheHits]).toEqual([0, TEXTS.length]);
      expect(computed.data).toEqual(data);
      expect(kept.data).toEqual(data);
    }
    await embedder.close();
  });
});

test('a Matryoshka cut with any', async () => {
  const cut = await plain.calibrate(TEXTS, { dimensions: 100 });
  const floats = await plain.embedDocuments(TEXTS, { dimensions: 100 });
  for (const dtype of DTYPES) {
    const result = await plain.embedDocuments(TEXTS, { dtype, dimensions: 100, ranges: cut });
    expect(result.data).toEqual((await quantize(floats, dtype, { ranges: cut })).data);
  }
});
