/** Every layout, dtype, pooling mode, padding side and module of BERT against sentence-transformers (scripts/models/make_tiny.py). */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Embedder, type LoadOptions, type PoolingType } from '../../lib/index.js';
import { tinyModels, writeTinyModel } from '../../scripts/models/make-tiny.mjs';
import { dense, normalize } from '../../scripts/models/tiny-modules.mjs';
import { bits, fixture, largestDifference, readNpy, temporaryFolder } from './support.js';

interface Case {
  model: keyof typeof tinyModels;
  call: 'embed' | 'query' | 'document';
  file: string;
  pooling?: PoolingType;
  normalize?: boolean;
  paddingSide?: 'left' | 'right';
  padToMultipleOf?: number;
  truncateDim?: number;
}

const texts = fixture<string[]>('tiny/texts.json');
const folder = temporaryFolder();
for (const [name, spec] of Object.entries(tinyModels)) writeTinyModel(spec, join(folder, name));

async function vectors(embedder: Embedder, call: Case['call']): Promise<Float32Array> {
  if (call === 'embed') return (await embedder.embed(texts)).data;
  if (call === 'document') return (await embedder.embedDocuments(texts)).data;
  const queries = await Promise.all(texts.map((text) => embedder.embedQuery(text)));
  return Float32Array.from(queries.flatMap((query) => [...query]));
}

const cases = fixture<Case[]>('tiny/cases.json');

test('there are cases for all six pooling modes', () => {
  expect(new Set(cases.map(({ pooling }) => pooling).filter(Boolean)).size).toBe(6);
});

test.each(cases)('$model $call $pooling $paddingSide: $file', async ({ model, call, file, ...settings }) => {
  const { pooling, normalize, paddingSide, padToMultipleOf, truncateDim } = settings;
  const embedder = await Embedder.load(join(folder, model), {
    precision: 'f32',
    cacheDir: folder,
    ...(pooling && { poolingType: pooling }),
    ...(normalize !== undefined && { normalize }),
    ...(paddingSide && { paddingSide }),
    ...(padToMultipleOf && { buckets: padToMultipleOf }),
    ...(truncateDim && { dimensions: truncateDim }),
  });
  const expected = readNpy(`tiny/${file}`);
  try {
    const actual = await vectors(embedder, call);
    expect(actual.length).toBe(expected.data.length);
    const scale = expected.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(largestDifference(actual, expected.data)).toBeLessThan(1e-5 * scale);
  } finally {
    await embedder.close();
  }
});

describe('a model with modules', () => {
  const load = (model: Case['model'], options: LoadOptions = {}) =>
    Embedder.load(join(folder, model), { precision: 'f32', cacheDir: folder, ...options });

  test('says how wide its vectors are, of texts and of tokens', async () => {
    await using embedder = await load('several-flags');
    expect(embedder.info).toMatchObject({ dimensions: 40, tokenDimensions: 32, normalize: true });
    expect(embedder.info.pooling).toEqual(['CLS', 'MAX', 'WEIGHTED_MEAN']);
    const [tokens] = await embedder.embedTokens(['the river']);
    await using plain = await load('mean');
    expect(tokens?.dimensions).toBe(32);
    expect(tokens?.data).toEqual((await plain.embedTokens(['the river']))[0]?.data);
    const tooMany = { code: 'ERR_INVALID_ARGUMENT', message: expect.stringContaining('at most 40') };
    await expect(embedder.embed(['a'], { dimensions: 41 })).rejects.toMatchObject(tooMany);
    await expect(load('several-flags', { dimensions: 41 })).rejects.toMatchObject(tooMany);
  });

  test('gives a text the same bits alone and in any batch', async () => {
    for (const model of ['activations', 'normalize-in-the-middle'] as const) {
      await using embedder = await load(model);
      const together = await embedder.embed(texts);
      for (const [index, text] of texts.entries()) {
        const alone = await embedder.embed([text]);
        expect(bits(alone.data)).toEqual(bits(together.at(index) as Float32Array));
      }
    }
  });

  test('takes no single pooling where its modules need several', async () => {
    const error = { code: 'ERR_INVALID_ARGUMENT', message: expect.stringContaining('CLS, MAX, WEIGHTED_MEAN') };
    await expect(load('several-flags', { poolingType: 'CLS' })).rejects.toMatchObject(error);
    await using embedder = await load('several-poolings', { poolingType: 'CLS' });
    expect(embedder.info).toMatchObject({ dimensions: 32, pooling: 'CLS' });
  });

  test('has a fingerprint that its weights and their order are part of', async () => {
    const of = async (modules: object[]) => {
      const variant = join(folder, `variant-${JSON.stringify(modules).length}-${modules.length}`);
      writeTinyModel({ ...tinyModels.mean, modules }, variant);
      await using embedder = await load(variant.slice(folder.length + 1) as Case['model']);
      return embedder.info.fingerprint;
    };
    const [first, second] = [dense(32, 32), dense(32, 32, { activation: 'activation.Tanh' })];
    const prints = [
      await of([]),
      await of([first]),
      await of([first, normalize()]),
      await of([normalize(), first, second]),
    ];
    expect(new Set(prints).size).toBe(prints.length);
  });
});

describe('a prompt that pooling leaves out', () => {
  test('is one of the text: ids come without', async () => {
    const options = { precision: 'f32', cacheDir: folder } as const;
    await using embedder = await Embedder.load(join(folder, 'prompt-excluded'), options);
    await using plain = await Embedder.load(join(folder, 'mean'), options);
    const [{ ids } = { ids: [] }] = await embedder.tokenize(['query: the river']);
    const [text, asIds] = [await embedder.embedQuery('the river'), await embedder.embedQuery(ids)];
    expect(bits(asIds)).toEqual(bits(await plain.embedQuery(ids)));
    expect(bits(text)).not.toEqual(bits(asIds));
    // Both kinds, and another prompt, in calls that share batches.
    const [mixed, other] = await Promise.all([
      embedder.embed(['the river', ids], { inputType: 'query' }),
      embedder.embed(['the river', 'the river'], { inputType: 'document' }),
    ]);
    expect(bits(mixed.at(0) as Float32Array)).toEqual(bits(text));
    expect(bits(mixed.at(1) as Float32Array)).toEqual(bits(asIds));
    const [document] = [await embedder.embed(['the river'], { inputType: 'document' })];
    expect(bits(other.at(1) as Float32Array)).toEqual(bits(document.data));
  });

  test('may be longer than the model reads', async () => {
    await using embedder = await Embedder.load(join(folder, 'prompt-excluded'), { precision: 'f32', cacheDir: folder });
    const prompt = 'the river and the stone '.repeat(20);
    const [vector, another] = [await embedder.embedQuery('a', { prompt }), await embedder.embedQuery('b', { prompt })];
    expect(vector.every(Number.isFinite)).toBe(true);
    expect(bits(vector)).toEqual(bits(another));
  });
});
