/** What the tests of this folder share: fixtures, temporary models, and the numbers they compare by. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, inject } from 'vitest';

export const ROOT = join(import.meta.dirname, '../..');
const FIXTURES = join(ROOT, 'test/fixtures');

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder of all-MiniLM-L6-v2. */
    miniLM: string;
  }
}

/** Folder of the real model, fetched once for all test files (global-setup.ts). */
export function miniLM(): string {
  return inject('miniLM');
}

/** A folder that is removed after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ovembed-native-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function fixture<T>(path: string): T {
  return JSON.parse(readFileSync(join(FIXTURES, path), 'utf8')) as T;
}

/** A C-ordered little-endian float32 .npy file of two dimensions. */
export function readNpy(path: string): { data: Float32Array; rows: number; columns: number } {
  const file = readFileSync(join(FIXTURES, path));
  const start = 10 + file.readUInt16LE(8);
  const header = file.toString('latin1', 10, start);
  const shape = /'descr': '<f4', 'fortran_order': False, 'shape': \((\d+), (\d+)\)/.exec(header);
  if (!shape) throw new Error(`${path}: not a float32 matrix: ${header}`);
  const [rows, columns] = [Number(shape[1]), Number(shape[2])];
  return {
    data: new Float32Array(file.buffer.slice(file.byteOffset + start)).subarray(0, rows * columns),
    rows,
    columns,
  };
}

export function cosine(a: Float32Array, b: Float32Array): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] as number, b[i] as number];
    dot += x * y;
    aa += x * x;
    bb += y * y;
  }
  return dot / Math.sqrt(aa * bb);
}

/** The smallest cosine of rows of two matrices of equal shape. */
export function smallestCosine(a: Float32Array, b: Float32Array, columns: number): number {
  if (a.length !== b.length || a.length === 0) return Number.NaN;
  let smallest = 1;
  for (let at = 0; at < a.length; at += columns) {
    smallest = Math.min(smallest, cosine(a.subarray(at, at + columns), b.subarray(at, at + columns)));
  }
  return smallest;
}

/** Largest absolute difference. */
export function largestDifference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Number.NaN;
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0);
}

/** The bits of a vector, to compare for equality (NaN equals itself, 0 differs from -0). */
export function bits(vector: Float32Array): number[] {
  return [...new Uint32Array(vector.slice().buffer)];
}
