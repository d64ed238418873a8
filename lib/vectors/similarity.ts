/** How close two vectors are. For one vector against many there is `FlatIndex`. */
import { invalidArgument, OvembedError } from '../errors.js';

/** Numbers; halves (`Uint16Array`) are bits and must be made float32 first. Two arrays may differ in type if one is of floats. */
export type NumberVector = Float32Array | Float64Array | Int8Array | Uint8Array | readonly number[];

/** Packed bits: `ubinary`, or `binary` (the bytes less 128). */
export type BitVector = Uint8Array | Int8Array;

/**
 * The sum of products; a larger one is closer. Computed in double precision.
 * @throws OvembedError `ERR_INVALID_ARGUMENT` if the vectors are of different widths or types
 */
export function dot(a: NumberVector, b: NumberVector): number {
  checkNumbers(a, b);
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

/**
 * The cosine of the angle between two vectors, -1 to 1; 0 if one of them has length 0, as in sentence-transformers.
 * @throws OvembedError `ERR_INVALID_ARGUMENT` if the vectors are of different widths or types
 */
export function cosine(a: NumberVector, b: NumberVector): number {
  checkNumbers(a, b);
  let [sum, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] as number, b[i] as number];
    sum += x * y;
    aa += x * x;
    bb += y * y;
  }
  const length = Math.sqrt(aa) * Math.sqrt(bb);
  return length === 0 ? 0 : sum / length;
}

/**
 * The Euclidean distance, not squared; a smaller one is closer.
 * @throws OvembedError `ERR_INVALID_ARGUMENT` if the vectors are of different widths or types
 */
export function euclidean(a: NumberVector, b: NumberVector): number {
  checkNumbers(a, b);
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += ((a[i] as number) - (b[i] as number)) ** 2;
  return Math.sqrt(sum);
}

/**
 * The number of bits in which two packed vectors differ; a smaller one is closer.
 * @throws OvembedError `ERR_INVALID_ARGUMENT` if the vectors are of different widths, or not both `ubinary` or both `binary`
 */
export function hamming(a: BitVector, b: BitVector): number {
  for (const [name, vector] of [
    ['a', a],
    ['b', b],
  ] as const) {
    if (!isBytes(vector)) throw invalidArgument(name, 'a Uint8Array or Int8Array of packed bits', vector);
  }
  checkTypes(a, b);
  checkWidths(a, b);
  let bits = 0;
  for (let i = 0; i < a.length; i++) bits += ones(((a[i] as number) ^ (b[i] as number)) & 0xff);
  return bits;
}

function ones(byte: number): number {
  let pairs = byte - ((byte >> 1) & 0x55);
  pairs = (pairs & 0x33) + ((pairs >> 2) & 0x33);
  return (pairs + (pairs >> 4)) & 0x0f;
}

function isBytes(vector: unknown): vector is BitVector {
  return vector instanceof Uint8Array || vector instanceof Int8Array;
}

function isFloats(vector: unknown): boolean {
  return vector instanceof Float32Array || vector instanceof Float64Array || Array.isArray(vector);
}

function checkNumbers(a: NumberVector, b: NumberVector): void {
  for (const [name, vector] of [
    ['a', a],
    ['b', b],
  ] as const) {
    if (isFloats(vector) || isBytes(vector)) continue;
    throw invalidArgument(name, 'a Float32Array, Float64Array, Int8Array, Uint8Array or array of numbers', vector);
  }
  if (!isFloats(a) && !isFloats(b)) checkTypes(a as BitVector, b as BitVector);
  checkWidths(a, b);
}

function checkTypes(a: BitVector, b: BitVector): void {
  if (a instanceof Uint8Array === b instanceof Uint8Array) return;
  throw new OvembedError(
    'ERR_INVALID_ARGUMENT',
    'Expected two vectors of one type, received a Uint8Array and an Int8Array, whose steps begin at different values.',
  );
}

function checkWidths(a: { length: number }, b: { length: number }): void {
  if (a.length === b.length) return;
  const message = `Expected two vectors of one width, received ${a.length} and ${b.length} elements.`;
  throw new OvembedError('ERR_INVALID_ARGUMENT', message);
}
