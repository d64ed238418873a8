/**
 * Principal components by subspace iteration (Halko, Martinsson, Tropp 2011, algorithm 4.4): two axes of a matrix of vectors
 * need neither its covariance nor a library for all the others.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Vectors } from '../vectors/dtype.js';
import { sampleOf } from './sample.js';

/** The axes of more rows than these hardly differ from theirs. */
const MOST_ROWS = 10_000;
/** More than the two wanted, so that those converge where the third is as strong as the second. */
const AXES = 8;
const ITERATIONS = 12;

/**
 * The coordinates of all vectors on the two axes along which they differ most.
 *
 * @param random for the start and, of many vectors, the rows that axes are found over
 * @returns vectors × 2, centred; of equal input and numbers the same
 */
export async function projectPca(vectors: Vectors<'float32'>, random: () => number): Promise<Float64Array> {
  const { data, length, dimensions } = vectors;
  const rows = sampleOf(length, MOST_ROWS, random);
  const mean = meanOf(data, dimensions, rows);
  let axes: Float64Array[] = Array.from({ length: Math.min(AXES, dimensions) }, () =>
    Float64Array.from({ length: dimensions }, () => random() - 0.5),
  );
  orthonormalise(axes);
  for (let i = 0; i < ITERATIONS; i++) {
    await nextTurn();
    axes = multiply(data, { dimensions, rows, mean }, axes);
    orthonormalise(axes);
  }
  const [x, y] = strongest(data, { dimensions, rows, mean }, axes);
  const points = new Float64Array(length * 2);
  for (let row = 0; row < length; row++) {
    points[2 * row] = x ? dotRow(data, row * dimensions, mean, x) : 0;
    points[2 * row + 1] = y ? dotRow(data, row * dimensions, mean, y) : 0;
  }
  return points;
}

interface Rows {
  dimensions: number;
  rows: Uint32Array;
  mean: Float64Array;
}

function meanOf(data: Float32Array, dimensions: number, rows: Uint32Array): Float64Array {
  const mean = new Float64Array(dimensions);
  for (const row of rows) {
    for (let j = 0; j < dimensions; j++) mean[j] = (mean[j] as number) + (data[row * dimensions + j] as number);
  }
  return mean.map((sum) => sum / rows.length);
}

/** The covariance, times the number of rows, times each axis. */
function multiply(data: Float32Array, { dimensions, rows, mean }: Rows, axes: Float64Array[]): Float64Array[] {
  return axes.map((axis) => {
    const product = new Float64Array(dimensions);
    for (const row of rows) {
      const start = row * dimensions;
      const scale = dotRow(data, start, mean, axis);
      for (let j = 0; j < dimensions; j++) {
        product[j] = (product[j] as number) + scale * ((data[start + j] as number) - (mean[j] as number));
      }
    }
    return product;
  });
}

function dotRow(data: Float32Array, start: number, mean: Float64Array, axis: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < axis.length; j++) {
    sum += ((data[start + j] as number) - (mean[j] as number)) * (axis[j] as number);
  }
  return sum;
}

/** Gram-Schmidt, twice for the sake of rounding. An axis along which nothing differs becomes zero. */
function orthonormalise(axes: Float64Array[]): void {
  for (const [i, axis] of axes.entries()) {
    const before = Math.hypot(...axis);
    for (let pass = 0; pass < 2; pass++) {
      for (const other of axes.slice(0, i)) addScaled(axis, other, -dot(axis, other));
    }
    const norm = Math.hypot(...axis);
    const scale = norm > 1e-10 * before ? 1 / norm : 0;
    for (let j = 0; j < axis.length; j++) axis[j] = (axis[j] as number) * scale;
  }
}

/** Of the subspace, the two directions of the largest variance: those of the iteration itself, ordered, once it converged. */
function strongest(data: Float32Array, rows: Rows, axes: Float64Array[]): Float64Array[] {
  const products = multiply(data, rows, axes);
  const variances = axes.map((axis, i) => dot(axis, products[i] as Float64Array));
  const order = axes.map((_, i) => i).sort((a, b) => (variances[b] as number) - (variances[a] as number));
  return order.slice(0, 2).map((i) => withSign(axes[i] as Float64Array));
}

/** An axis has no sign of its own: its largest element is positive, so that maps of nearly equal vectors look alike. */
function withSign(axis: Float64Array): Float64Array {
  const largest = axis.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
  return largest < 0 ? axis.map((value) => -value) : axis;
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);
}

function addScaled(a: Float64Array, b: Float64Array, scale: number): void {
  for (let j = 0; j < a.length; j++) a[j] = (a[j] as number) + scale * (b[j] as number);
}
