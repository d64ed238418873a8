/** Checks of what users hand to functions over vectors. */
import { isPositiveInteger } from '../checks.js';
import { invalidArgument, OvembedError } from '../errors.js';
import { arrayOf, DTYPES, type Dtype, elementsPerRow, type VectorArray, type Vectors } from './dtype.js';

/** Vectors that say of themselves how wide they are, or float32 values and, beside them, their width. */
export type Float32Vectors = Vectors<'float32'> | Float32Array;

export function isDtype(value: unknown): value is Dtype {
  return (DTYPES as readonly unknown[]).includes(value);
}

/** The types whose steps lie between the ends of a dimension. */
export function needsRanges(dtype: Dtype): dtype is 'int8' | 'uint8' {
  return dtype === 'int8' || dtype === 'uint8';
}

/**
 * @returns the vectors, with their shape
 * @throws OvembedError `ERR_INVALID_ARGUMENT` for what is no matrix of vectors, or does not have the size it states
 */
export function checkVectors(vectors: unknown): Vectors {
  const { data, length, dimensions, dtype } = (vectors ?? {}) as Partial<Vectors>;
  if (!isDtype(dtype)) {
    const expected = `Embeddings, or { data, length, dimensions, dtype } with a dtype of ${DTYPES.join(', ')}`;
    throw invalidArgument('vectors', expected, vectors);
  }
  if (!isPositiveInteger(dimensions))
    throw invalidArgument('vectors.dimensions', 'an integer of at least 1', dimensions);
  if (!Number.isSafeInteger(length) || (length as number) < 0) {
    throw invalidArgument('vectors.length', 'a whole number of vectors', length);
  }
  checkArray(data, dtype, 'vectors.data');
  const expected = (length as number) * elementsPerRow(dtype, dimensions);
  if (data.length !== expected) {
    throw invalidArgument('vectors.data', `${length} × ${elementsPerRow(dtype, dimensions)} elements`, data.length);
  }
  return vectors as Vectors;
}

/** @throws OvembedError `ERR_INVALID_ARGUMENT` for another array than elements of the type are held in */
export function checkArray(data: unknown, dtype: Dtype, name: string): asserts data is VectorArray {
  const kind = arrayOf(dtype, 0).constructor as new () => object;
  if (!(data instanceof kind)) throw invalidArgument(name, `a ${kind.name}, as ${dtype} has,`, data);
}

/**
 * @param dimensions width of a vector, where `vectors` does not say it
 * @throws OvembedError `ERR_INVALID_ARGUMENT`
 */
export function checkFloat32Vectors(vectors: unknown, dimensions: number | undefined): Vectors<'float32'> {
  if (!(vectors instanceof Float32Array)) return checkFloat32(checkVectors(vectors));
  if (!isPositiveInteger(dimensions)) {
    throw invalidArgument('dimensions', 'the width of a vector, which a Float32Array does not tell,', dimensions);
  }
  return checkFloat32(
    checkVectors({ data: vectors, length: vectors.length / dimensions, dimensions, dtype: 'float32' }),
  );
}

function checkFloat32(vectors: Vectors): Vectors<'float32'> {
  if (vectors.dtype === 'float32') return vectors as Vectors<'float32'>;
  const message = `Expected vectors of float32, received ${vectors.dtype}: dequantize() them first.`;
  throw new OvembedError('ERR_INVALID_ARGUMENT', message);
}
