/** UMAP by umap-js over the native index's neighbours. */
import { describe, expect, test } from 'vitest';
import { projectVectors } from '../../lib/map/projection.js';
import { seededRandom } from '../../lib/map/random.js';
import type { Vectors } from '../../lib/vectors/dtype.js';

const CLUSTERS = 4;
const FULL = process.env.OVEMBED_TEST_FULL === '1';

/** Around as many directions as there are clusters; row `i` is of cluster `i % CLUSTERS`. */
function clustered(length: number, dimensions: number, noise: number): Vectors<'float32'> {
  const random = seededRandom(11);
  const middles = Array.from({ length: CLUSTERS }, () => Array.from({ length: dimensions }, () => random() - 0.5));
  const data = Float32Array.from({ length: length * dimensions }, (_, i) => {
    const row = Math.floor(i / dimensions);
    return ((middles[row % CLUSTERS] as number[])[i % dimensions] as number) + noise * (random() - 0.5);
  });
  return { data, length, dimensions, dtype: 'float32' };
}

/** Share of the points whose nearest other point is of their cluster. */
function purity(points: Float32Array): number {
  const length = points.length / 2;
  let pure = 0;
  for (let i = 0; i < length; i++) {
    let [nearest, least] = [-1, Infinity];
    for (let j = 0; j < length; j++) {
      const distance = Math.hypot(
        (points[2 * i] as number) - (points[2 * j] as number),
        (points[2 * i + 1] as number) - (points[2 * j + 1] as number),
      );
      if (j !== i && distance < least) [nearest, least] = [j, distance];
    }
    if (nearest % CLUSTERS === i % CLUSTERS) pure++;
  }
  return pure / length;
}

describe('a map by UMAP', () => {
  test('keeps clusters together, within the square, the same for the same seed', async () => {
    const vectors = clustered(240, 24, 0.8);
    const once = await projectVectors(vectors, { seed: 3 });
    expect(once.projection).toBe('umap');
    expect(Math.max(...once.points.map(Math.abs))).toBeCloseTo(1, 5);
    expect(purity(once.points)).toBeGreaterThan(0.98);
    expect((await projectVectors(vectors, { seed: 3 })).points).toEqual(once.points);
    expect((await projectVectors(vectors, { seed: 4 })).points).not.toEqual(once.points);
  });

  test('takes many equal vectors, and vectors of zeros', async () => {
    const vectors = clustered(100, 8, 0.5);
    vectors.data.copyWithin(0, 0, 8);
    for (let row = 1; row < 40; row++) vectors.data.copyWithin(row * 8, 0, 8);
    vectors.data.fill(0, 90 * 8);
    const { points } = await projectVectors(vectors, { projection: 'umap' });
    expect(points.every(Number.isFinite)).toBe(true);
  });

  test('is not made of a few vectors, which PCA places', async () => {
    const few = clustered(16, 8, 0.5);
    expect((await projectVectors(few)).projection).toBe('pca');
    await expect(projectVectors(few, { projection: 'umap' })).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
  });

  test.runIf(FULL)(
    'of more than 10,000 vectors puts others beside those of its sample',
    { timeout: 600_000 },
    async () => {
      const { points } = await projectVectors(clustered(10_400, 8, 0.3));
      expect(purity(points.slice(0, 2000))).toBeGreaterThan(0.98);
    },
  );
});
