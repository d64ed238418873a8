import { describe, expect, test } from 'vitest';
import { projectPca } from '../../../lib/map/pca.js';
import { seededRandom } from '../../../lib/map/random.js';
import { sampleOf } from '../../../lib/map/sample.js';
import type { Vectors } from '../../../lib/vectors/dtype.js';

/** Sum of uniform numbers: near enough to a normal one. */
const normal = (random: () => number) => Array.from({ length: 12 }, random).reduce((sum, value) => sum + value, -6);

/** Points that spread by `spread` along orthogonal axes (of a Hadamard matrix), around a middle that is not 0. */
function spreadVectors(length: number, dimensions: number, spread: readonly number[]): Vectors<'float32'> {
  const random = seededRandom(3);
  const data = new Float32Array(length * dimensions);
  for (let row = 0; row < length; row++) {
    const amounts = Array.from({ length: dimensions }, (_, axis) => (spread[axis] ?? 0.01) * normal(random));
    for (let j = 0; j < dimensions; j++) {
      const sum = amounts.reduce((total, amount, axis) => total + amount * hadamard(axis, j), 0);
      data[row * dimensions + j] = 5 + sum / Math.sqrt(dimensions);
    }
  }
  return { data, length, dimensions, dtype: 'float32' };
}

function hadamard(i: number, j: number): number {
  let bits = i & j;
  let sign = 1;
  for (; bits; bits &= bits - 1) sign = -sign;
  return sign;
}

const columnOf = (points: Float64Array, axis: number) => Array.from(points).filter((_, i) => i % 2 === axis);
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const deviation = (values: number[]) => Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)));

describe('PCA', () => {
  test('finds the two axes of the largest variance, in this order, and centres', async () => {
    const vectors = spreadVectors(2000, 32, [0.5, 3, 0.5, 2, 1]);
    const points = await projectPca(vectors, seededRandom(1));
    const [x, y] = [columnOf(points, 0), columnOf(points, 1)];
    expect(mean(x)).toBeCloseTo(0, 3);
    expect(deviation(x)).toBeGreaterThan(2.8);
    expect(deviation(x)).toBeLessThan(3.2);
    expect(deviation(y)).toBeGreaterThan(1.85);
    expect(deviation(y)).toBeLessThan(2.15);
    expect(mean(x.map((value, i) => value * (y[i] as number)))).toBeCloseTo(0, 1);
    // What is left beside the axes is what the others spread by: nothing else was taken.
    const { data, dimensions } = vectors;
    for (const [row, value] of x.slice(0, 50).entries()) {
      const along = Array.from({ length: dimensions }, (_, j) => (data[row * dimensions + j] as number) - 5).reduce(
        (sum, part, j) => sum + (part * hadamard(1, j)) / Math.sqrt(dimensions),
        0,
      );
      expect(Math.abs(Math.abs(along) - Math.abs(value))).toBeLessThan(0.2);
    }
  });

  test('gives the same points for the same seed', async () => {
    const vectors = spreadVectors(300, 16, [2, 1]);
    const again = async () => Array.from(await projectPca(vectors, seededRandom(7)));
    expect(await again()).toEqual(await again());
  });

  test.for([1, 2, 3])('equal vectors of %i dimensions are one point', async (dimensions) => {
    const vectors = {
      data: new Float32Array(5 * dimensions).fill(0.5),
      length: 5,
      dimensions,
      dtype: 'float32' as const,
    };
    expect(Array.from(await projectPca(vectors, seededRandom(1))).map((value) => value + 0)).toEqual(Array(10).fill(0));
  });
});

test('a sample has each number once, in order, and every number as often', () => {
  const random = seededRandom(5);
  const counts = new Uint32Array(20);
  for (let run = 0; run < 2000; run++) {
    const sample = Array.from(sampleOf(20, 5, random));
    expect(new Set(sample).size).toBe(5);
    expect(sample).toEqual(sample.toSorted((a, b) => a - b));
    for (const i of sample) counts[i] = (counts[i] as number) + 1;
  }
  for (const count of counts) expect(Math.abs(count - 500)).toBeLessThan(100);
  expect(Array.from(sampleOf(3, 5, random))).toEqual([0, 1, 2]);
});
