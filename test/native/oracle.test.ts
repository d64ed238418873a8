/** all-MiniLM-L6-v2 against sentence-transformers in PyTorch f32 (scripts/oracle/make_oracle.py). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Embedder } from '../../lib/index.js';
import { cosine, fixture, miniLM, readNpy, smallestCosine, temporaryFolder } from './support.js';

const FOLDER = 'oracle/all-MiniLM-L6-v2';
const texts = fixture<string[]>(`${FOLDER}/texts.json`);
const expected = readNpy(`${FOLDER}/embeddings.npy`);
const tokens = fixture<{ ids: number[][]; offsets: number[][]; counts: number[] }>(`${FOLDER}/tokens.json`);
const cacheDir = temporaryFolder();

describe.each([
  ['f32', 0.999999],
  ['auto', 0.9999],
] as const)('at %s', (precision, bar) => {
  let embedder: Embedder;
  beforeAll(async () => {
    embedder = await Embedder.load(miniLM(), { precision, cacheDir });
  });
  afterAll(() => embedder.close());

  test(`${texts.length} texts have a cosine of at least ${bar} to sentence-transformers`, async () => {
    expect(texts.length).toBeGreaterThanOrEqual(300);
    const { data, dimensions } = await embedder.embedDocuments(texts);
    expect(dimensions).toBe(expected.columns);
    expect(smallestCosine(data, expected.data, dimensions)).toBeGreaterThanOrEqual(bar);
  });

  test('all vectors have length 1', async () => {
    for (const vector of await embedder.embed(texts)) {
      expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
    }
  });
});

describe('tokens', () => {
  let embedder: Embedder;
  beforeAll(async () => {
    embedder = await Embedder.load(miniLM(), { precision: 'f32', cacheDir });
  });
  afterAll(() => embedder.close());

  test('counts and truncation are those of the HF fast tokenizer', async () => {
    const result = await embedder.embed(texts);
    expect([...result.originalTokens]).toEqual(tokens.counts);
    expect([...result.tokens]).toEqual(tokens.ids.map((ids) => ids.length));
    expect([...result.truncated]).toEqual(tokens.counts.map((count) => (count > 256 ? 1 : 0)));
    expect(result.truncated).toContain(1);
  });

  test('ids and UTF-16 offsets are those of the HF fast tokenizer', async () => {
    const encoded = await embedder.embedTokens(texts);
    expect(encoded.map(({ ids }) => [...ids])).toEqual(tokens.ids);
    expect(encoded.map(({ offsets }) => [...offsets])).toEqual(tokens.offsets);
  });

  test('token ids as input give the bits that the text gives', async () => {
    const some = texts.filter((_, i) => i % 7 === 0);
    const ids = (await embedder.tokenize(some)).map((row) => row.ids);
    const [fromTexts, fromIds] = [await embedder.embed(some), await embedder.embed(ids)];
    expect(fromIds.data).toEqual(fromTexts.data);
    expect(fromIds.truncated).toEqual(fromTexts.truncated);
  });

  test('token vectors are those of output_value="token_embeddings"', async () => {
    const index = fixture<{ text: number; row: number; rows: number }[]>(`${FOLDER}/token_embeddings.json`);
    const { data, columns } = readNpy(`${FOLDER}/token_embeddings.npy`);
    const result = await embedder.embedTokens(index.map(({ text }) => texts[text] as string));
    index.forEach(({ row, rows }, i) => {
      const wanted = data.subarray(row * columns, (row + rows) * columns);
      expect(smallestCosine((result[i] as { data: Float32Array }).data, wanted, columns)).toBeGreaterThan(0.999999);
    });
  });

  test('a wrong text fails the bar: the comparison can tell vectors apart', async () => {
    const [first] = await embedder.embed([`${texts[0]} and something else`]);
    expect(cosine(first as Float32Array, expected.data.subarray(0, expected.columns))).toBeLessThan(0.9999);
  });
});
