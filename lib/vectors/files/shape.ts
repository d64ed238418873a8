/** What the elements of a file are. Formats know fewer types than there are: bytes may be int8 or packed bits. */
import { invalidArgument } from '../../errors.js';
import { type Dtype, elementsPerRow, isPacked } from '../dtype.js';
import { badFile } from './files.js';
import { checkDtype } from './source.js';

/** How a file of vectors is read. */
export interface ReadOptions {
  /** Element type; default: what the file says, and for bytes `int8` or `uint8`. */
  dtype?: Dtype;
  /** Width in dimensions; default: what the file says. With packed bits 8 times the bytes of a row, unless told otherwise. */
  dimensions?: number;
}

/** What each type is kept as. */
export type Kind = 'f32' | 'f16' | 'bf16' | 'i8' | 'u8';

export const KIND_OF: Readonly<Record<Dtype, Kind>> = {
  float32: 'f32',
  float16: 'f16',
  bfloat16: 'bf16',
  int8: 'i8',
  uint8: 'u8',
  binary: 'i8',
  ubinary: 'u8',
};

const DTYPES_OF: Readonly<Record<Kind, readonly [Dtype, ...Dtype[]]>> = {
  f32: ['float32'],
  f16: ['float16'],
  bf16: ['bfloat16'],
  i8: ['int8', 'binary'],
  u8: ['uint8', 'ubinary'],
};

/**
 * The type and width of a matrix in a file.
 *
 * @param width elements of a row
 * @param stated what the file says beside its own types (as `fileMetadata` wrote it); what does not fit is of no account
 * @throws OvembedError `ERR_INVALID_ARGUMENT` if the options ask for what is not there
 */
export function resolveShape(
  file: string,
  { kind, width }: { kind: Kind; width: number },
  options: ReadOptions,
  stated: Readonly<Record<string, unknown>> = {},
): { dtype: Dtype; dimensions: number } {
  const possible = DTYPES_OF[kind];
  const dtype =
    options.dtype === undefined
      ? (possible.find((one) => one === stated.dtype) ?? possible[0])
      : checkDtype(options.dtype);
  if (!possible.includes(dtype)) {
    throw badFile(file, `expected ${dtype}, as the option dtype says, found ${possible.join(' or ')}.`);
  }
  const fits = (dimensions: number) => elementsPerRow(dtype, dimensions) === width;
  const { dimensions } = options;
  if (dimensions !== undefined) {
    if (Number.isInteger(dimensions) && fits(dimensions)) return { dtype, dimensions };
    throw invalidArgument('dimensions', `a width that rows of ${width} elements of ${dtype} have`, dimensions);
  }
  if (!isPacked(dtype)) return { dtype, dimensions: width };
  const said = Number(stated.dimensions);
  return { dtype, dimensions: fits(said) ? said : width * 8 };
}

/** What a file says of its vectors in words, for formats that have room for it. */
export function fileMetadata(
  { dtype, dimensions }: { dtype: Dtype; dimensions: number },
  metadata: Readonly<Record<string, string>> = {},
): Record<string, string> {
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== 'string') throw invalidArgument(`metadata.${key}`, 'a string', value);
  }
  return { ...metadata, dtype, dimensions: String(dimensions) };
}
