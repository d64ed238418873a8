/** Every layout, dtype, pooling mode and padding side of BERT against sentence-transformers (scripts/models/make_tiny.py). */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Embedder, type PoolingType } from '../../lib/index.js';
import { tinyModels, writeTinyModel } from '../../scripts/models/make-tiny.mjs';
import { fixture, largestDifference, readNpy, temporaryFolder } from './support.js';

interface Case {
  model: keyof typeof tinyModels;
  call: 'embed' | 'query' | 'document';
  file: string;
  pooling?: PoolingType;
  normalize?: boolean;
  paddingSide?: 'left' | 'right';
  padToMultipleOf?: number;
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

const cases = fixture<Case[]>('tiny/cases.json').filter(({ model }) => model !== 'prompt-excluded');

test('there are cases for all six pooling modes', () => {
  expect(new Set(cases.map(({ pooling }) => pooling).filter(Boolean)).size).toBe(6);
});

test.each(cases)('$model $call $pooling $paddingSide: $file', async ({ model, call, file, ...settings }) => {
  const { pooling, normalize, paddingSide, padToMultipleOf } = settings;
  const embedder = await Embedder.load(join(folder, model), {
    precision: 'f32',
    cacheDir: folder,
    ...(pooling && { poolingType: pooling }),
    ...(normalize !== undefined && { normalize }),
    ...(paddingSide && { paddingSide }),
    ...(padToMultipleOf && { buckets: padToMultipleOf }),
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

describe('what is not supported yet is refused, not guessed', () => {
  test('include_prompt: false', async () => {
    await expect(Embedder.load(join(folder, 'prompt-excluded'), { cacheDir: folder })).rejects.toMatchObject({
      code: 'ERR_MODEL_UNSUPPORTED',
    });
  });
});
