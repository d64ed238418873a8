/** Vectors in another element type, and back; the semantics are those of sentence-transformers' `quantize_embeddings`. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { checkObject } from '../checks.js';
import { OvembedError } from '../errors.js';
import { native } from '../native.js';
import { checkFloat32Vectors, checkVectors, type Float32Vectors, isDtype, needsRanges } from './check.js';
import { VectorCodec } from './codec.js';
import { arrayOf, DTYPES, type Dtype, type Vectors } from './dtype.js';
import { Ranges } from './ranges.js';

/** What a conversion between element types needs to know. */
export interface QuantizeOptions {
  /** The ends of each dimension. Needed by `int8` and `uint8`, ignored by others. */
  ranges?: Ranges;
  /** Width of a vector; needed for a `Float32Array`. */
  dimensions?: number;
}

/** Bytes of float32 that are converted between two turns of the event loop: a millisecond or two. */
const SLICE_BYTES = 4 * 1024 ** 2;

/**
 * Vectors of float32 in another element type.
 *
 * - `int8`, `uint8`: `floor((value - min) / ((max - min) / 255))`, cut to 0…255; for `int8` less 128. A dimension whose ends
 *   are equal is divided by 1. NaN, for which NumPy's result is undefined, is the lowest step.
 * - `binary`, `ubinary`: one bit per dimension, see `Dtype`; NaN is not above 0.
 * - `float16`, `bfloat16`: the nearest, ties to even; infinity beyond the largest; NaN stays NaN.
 *
 * Large matrices are converted in slices, between which the event loop turns: leave the vectors as they are until then.
 * @throws OvembedError `ERR_INVALID_ARGUMENT`; `ERR_NATIVE_LOAD`
 */
export async function quantize<D extends Dtype>(
  vectors: Float32Vectors,
  dtype: D,
  options: QuantizeOptions = {},
): Promise<Vectors<D>> {
  checkDtype(dtype);
  checkObject(options, 'quantize');
  const { data, length, dimensions } = checkFloat32Vectors(vectors, options.dimensions);
  const codec = codecFor(dtype, dimensions, options.ranges);
  const target = arrayOf(dtype, length * codec.elementsPerRow);
  await inSlices(length, dimensions, (from, to) =>
    codec.encodeInto(rowsOf(data, dimensions, from, to), rowsOf(target, codec.elementsPerRow, from, to)),
  );
  return { data: target, length, dimensions, dtype };
}

/**
 * Vectors of any element type as float32.
 *
 * - `int8`, `uint8`: the middle of the step, so what lay within the ranges comes back to half a step; a dimension whose ends
 *   are equal comes back as that value.
 * - `binary`, `ubinary`: 1 where the bit is set, else -1.
 * - `float16`, `bfloat16`: exactly.
 * @throws OvembedError `ERR_INVALID_ARGUMENT`; `ERR_NATIVE_LOAD`
 */
export async function dequantize(
  vectors: Vectors,
  options: Pick<QuantizeOptions, 'ranges'> = {},
): Promise<Vectors<'float32'>> {
  checkObject(options, 'dequantize');
  const { data, length, dimensions, dtype } = checkVectors(vectors);
  const codec = codecFor(dtype, dimensions, options.ranges);
  const target = new Float32Array(length * dimensions);
  await inSlices(length, dimensions, (from, to) =>
    codec.decodeInto(rowsOf(data, codec.elementsPerRow, from, to), rowsOf(target, dimensions, from, to)),
  );
  return { data: target, length, dimensions, dtype: 'float32' };
}

function codecFor<D extends Dtype>(dtype: D, dimensions: number, ranges: Ranges | undefined): VectorCodec<D> {
  if (!needsRanges(dtype)) return new VectorCodec(dtype, dimensions, null, native());
  checkRanges(dtype, ranges);
  ranges.checkUse({ dimensions });
  return new VectorCodec(dtype, dimensions, ranges, native());
}

/** @throws OvembedError `ERR_INVALID_ARGUMENT` */
export function checkDtype(dtype: unknown): asserts dtype is Dtype {
  if (isDtype(dtype)) return;
  throw new OvembedError(
    'ERR_INVALID_ARGUMENT',
    `Expected a dtype of ${DTYPES.join(', ')}, received ${String(dtype)}.`,
  );
}

/** @throws OvembedError `ERR_INVALID_ARGUMENT` */
export function checkRanges(dtype: Dtype, ranges: unknown): asserts ranges is Ranges {
  if (ranges instanceof Ranges) return;
  throw new OvembedError(
    'ERR_INVALID_ARGUMENT',
    `${dtype} needs the range of each dimension: give ranges, from embedder.calibrate(texts), Ranges.of(vectors) or ` +
      'Ranges.load(file).',
  );
}

async function inSlices(rows: number, dimensions: number, convert: (from: number, to: number) => void): Promise<void> {
  const step = Math.max(1, Math.floor(SLICE_BYTES / (dimensions * Float32Array.BYTES_PER_ELEMENT)));
  for (let from = 0; from < rows; from += step) {
    if (from > 0) await nextTurn();
    convert(from, Math.min(from + step, rows));
  }
}

function rowsOf<A extends Vectors['data']>(data: A, width: number, from: number, to: number): A {
  return data.subarray(from * width, to * width) as A;
}
