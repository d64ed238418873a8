/** What functions over vectors are given: `Vectors`, or a typed array alone whose dtype and width are known otherwise. */
import { describe, invalidArgument, OvembedError } from '../errors.js';
import { arrayOf, DTYPES, type Dtype, elementsPerRow, type VectorArray, type Vectors } from './dtype.js';

/** The name of a typed array's class, whatever realm it is of; undefined for anything else. */
export function arrayName(value: unknown): string | undefined {
  if (!ArrayBuffer.isView(value)) return undefined;
  return (value as unknown as { [Symbol.toStringTag]?: string })[Symbol.toStringTag];
}

/**
 * The elements of vectors, their dtype and their number.
 * @param expected the width of a vector, and the dtypes that are accepted; a bare array is of the first that it can hold
 * @param name of the argument, in messages
 * @throws OvembedError `ERR_INVALID_ARGUMENT`
 */
export function checkVectors(
  vectors: Vectors | VectorArray,
  { dimensions, dtypes }: { dimensions: number; dtypes: readonly Dtype[] },
  name: string,
): Vectors {
  const given = ArrayBuffer.isView(vectors) ? bare(vectors, dimensions, dtypes, name) : vectors;
  if (!arrayName(given?.data)) throw invalidArgument(name, 'vectors, or a typed array of them', vectors);
  if (!dtypes.includes(given.dtype)) throw invalidArgument(name, `vectors of ${dtypes.join(' or ')}`, given.dtype);
  if (given.dimensions !== dimensions) {
    throw invalidArgument(name, `vectors of ${dimensions} dimensions`, given.dimensions);
  }
  const { data, dtype, length } = given;
  if (arrayName(data) !== nameFor(dtype)) throw invalidArgument(`${name}.data`, `a ${nameFor(dtype)}`, data);
  if (data.length === length * elementsPerRow(dtype, dimensions)) return { data, dtype, length, dimensions };
  const width = elementsPerRow(dtype, dimensions);
  const message = `Expected whole vectors of ${width} elements each for ${name}, received ${data.length} elements.`;
  throw new OvembedError('ERR_INVALID_ARGUMENT', message);
}

function bare(data: VectorArray, dimensions: number, dtypes: readonly Dtype[], name: string): Vectors {
  const dtype = dtypes.find((candidate) => nameFor(candidate) === arrayName(data));
  if (dtype === undefined) {
    const names = [...new Set(dtypes.map(nameFor))].join(' or ');
    throw new OvembedError(
      'ERR_INVALID_ARGUMENT',
      `Expected vectors, or a ${names}, for ${name}, received ${describe(data)}.`,
    );
  }
  return { data, dtype, dimensions, length: Math.floor(data.length / elementsPerRow(dtype, dimensions)) };
}

const NAMES = Object.fromEntries(DTYPES.map((dtype) => [dtype, arrayName(arrayOf(dtype, 0))])) as Record<Dtype, string>;

function nameFor(dtype: Dtype): string {
  return NAMES[dtype];
}
