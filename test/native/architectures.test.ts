/** Every architecture that is built from config.json and weights against PyTorch in f32 (scripts/models/make_architectures.py). */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Embedder } from '../../lib/index.js';
import { NATIVE_MODEL_TYPES } from '../../lib/models/sources.js';
import { native } from '../../lib/native.js';
import { type ArchitectureFixture, writeArchitectureModel } from '../../scripts/models/architecture-model.mjs';
import { fixture, largestDifference, ROOT, readNpy, smallestCosine, temporaryFolder } from './support.js';

const folder = temporaryFolder();
const names = readdirSync(join(ROOT, 'test/fixtures/architectures'))
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.slice(0, -'.json'.length));

/** Of tokens: f32 against f32, in another order of sums. */
const LEAST_COSINE = 0.999999;
const LARGEST_DIFFERENCE = 2e-5;

async function tokenVectors(name: string, ids: number[][], paddingSide: 'left' | 'right'): Promise<Float32Array> {
  const options = { precision: 'f32', cacheDir: folder, paddingSide } as const;
  const embedder = await Embedder.load(join(folder, name), options);
  try {
    const inputs = ids.map((row) => Uint32Array.from(row));
    const rows = (await embedder.embedTokens(inputs)).flatMap(({ data }) => [...data]);
    return Float32Array.from(rows);
  } finally {
    await embedder.close();
  }
}

describe.each(names)('%s', (name) => {
  const model = fixture<ArchitectureFixture>(`architectures/${name}.json`);
  writeArchitectureModel(model, join(folder, name));

  test.each(['right', 'left'] as const)('padded on the %s', async (side) => {
    const expected = readNpy(`architectures/${name}${side === 'left' ? '.left' : ''}.npy`);
    const actual = await tokenVectors(name, model.ids, side);
    const scale = expected.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(smallestCosine(actual, expected.data, expected.columns)).toBeGreaterThanOrEqual(LEAST_COSINE);
    expect(largestDifference(actual, expected.data)).toBeLessThan(LARGEST_DIFFERENCE * scale);
  });
});

test('the model types that files are chosen by are those that the addon builds', async () => {
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ model_type: 'none' }));
  const source = { kind: 'safetensors', file: join(folder, 'model.safetensors') } as const;
  const loading = native().loadPipeline({
    source,
    device: 'CPU',
    precision: 'f32',
    streams: 1,
    threads: 1,
    pooling: ['MEAN'],
    modules: [],
    int8Weights: false,
    int8Activations: false,
    paddingSide: 'right',
    padTokenId: 0,
    shape: null,
    blobFile: null,
  });
  await expect(loading).rejects.toThrow(`supported: ${NATIVE_MODEL_TYPES.join(', ')}.`);
});
