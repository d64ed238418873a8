/** Element types of embeddings, as sentence-transformers names them, and what a row of each takes. */

/**
 * `float32`, `float16` (IEEE 754 binary16), `bfloat16`, `int8` and `uint8` (256 steps between a dimension's calibrated
 * ends), `ubinary` (one bit per dimension, set where the value is above 0; the first dimension is the highest bit of the
 * first byte, as numpy.packbits has it) and `binary` (the same bytes less 128, as int8).
 */
export const DTYPES = ['float32', 'float16', 'bfloat16', 'int8', 'uint8', 'binary', 'ubinary'] as const;
/** An element type: see {@link DTYPES}. */
export type Dtype = (typeof DTYPES)[number];

/** The typed array of each element type. Halves are held as their bits: `Float16Array` is not in all supported Nodes. */
export interface DtypeArrays {
  float32: Float32Array;
  float16: Uint16Array;
  bfloat16: Uint16Array;
  int8: Int8Array;
  uint8: Uint8Array;
  binary: Int8Array;
  ubinary: Uint8Array;
}
/** The typed array of some element type. */
export type VectorArray = DtypeArrays[Dtype];

const ARRAYS = {
  float32: Float32Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  binary: Int8Array,
  ubinary: Uint8Array,
} as const;

/** A matrix of vectors, row-major: what functions over vectors take. `Embeddings` is one. */
export interface Vectors<D extends Dtype = Dtype> {
  /** `length` × `elementsPerRow(dtype, dimensions)` elements. */
  readonly data: DtypeArrays[D];
  /** Number of vectors. */
  readonly length: number;
  /** Width of a vector, in dimensions; with packed bits a row has an eighth as many elements. */
  readonly dimensions: number;
  /** Element type of `data`. */
  readonly dtype: D;
}

export function isPacked(dtype: Dtype): dtype is 'binary' | 'ubinary' {
  return dtype === 'binary' || dtype === 'ubinary';
}

export function isVectorArray(value: unknown): value is VectorArray {
  return Object.values(ARRAYS).some((kind) => value instanceof kind);
}

/** Elements of the typed array that a vector takes. */
export function elementsPerRow(dtype: Dtype, dimensions: number): number {
  return isPacked(dtype) ? Math.ceil(dimensions / 8) : dimensions;
}

/** Bytes that a vector takes. */
export function bytesPerRow(dtype: Dtype, dimensions: number): number {
  return elementsPerRow(dtype, dimensions) * ARRAYS[dtype].BYTES_PER_ELEMENT;
}

/** A typed array of zeros. */
export function arrayOf<D extends Dtype>(dtype: D, elements: number): DtypeArrays[D] {
  return new ARRAYS[dtype](elements) as DtypeArrays[D];
}
