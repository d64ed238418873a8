/**
 * NumPy's .npy, a matrix with a header: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 *
 * NumPy has no bfloat16; its elements are kept as `V2`, two bytes without a meaning, as ml_dtypes does: in Python
 * `numpy.load(file).view(ml_dtypes.bfloat16)`. Packed bits are kept as bytes, as numpy.packbits gives them.
 */
import type { FileHandle } from 'node:fs/promises';
import { bytesPerRow, type Dtype, elementsPerRow, type VectorArray, type Vectors } from '../dtype.js';
import { badFile, readAll, readElements, replaceFile, withFile, writeAll } from './files.js';
import { KIND_OF, type Kind, type ReadOptions, resolveShape } from './shape.js';
import { pieces, type SourceOptions, type VectorSource } from './source.js';

const DESCR = { f32: '<f4', f16: '<f2', bf16: '<V2', i8: '|i1', u8: '|u1' } as const satisfies Record<Kind, string>;

/** Room for any number of rows; a multiple of 64, as the format asks, and what NumPy itself takes. */
const HEADER_BYTES = 128;
const MAGIC = Buffer.from('\x93NUMPY', 'latin1');
const VERSION_1 = Buffer.from([1, 0]);
/** Bytes in front of the dictionary: magic, version, length in two bytes. */
const PREAMBLE_BYTES = MAGIC.length + 4;

/** The header of a matrix in version 1.0; always of the same size, so that it can be written again in its place. */
export function npyHeader({ dtype, dimensions, length }: Omit<Vectors, 'data'>): Buffer {
  const shape = `(${length}, ${elementsPerRow(dtype, dimensions)})`;
  const header = Buffer.alloc(HEADER_BYTES, ' ');
  Buffer.concat([MAGIC, VERSION_1]).copy(header);
  header.writeUInt16LE(HEADER_BYTES - PREAMBLE_BYTES, PREAMBLE_BYTES - 2);
  header.write(`{'descr': '${DESCR[KIND_OF[dtype]]}', 'fortran_order': False, 'shape': ${shape}, }`, PREAMBLE_BYTES);
  header.write('\n', HEADER_BYTES - 1);
  return header;
}

/**
 * Writes vectors as a matrix, vectors × elements of each. The file appears once it is whole.
 *
 * @returns the number of vectors
 * @throws OvembedError `ERR_INVALID_ARGUMENT`; errors of the file system as they are
 */
export async function writeNpy(file: string, source: VectorSource, options: SourceOptions = {}): Promise<number> {
  let length = 0;
  await replaceFile(file, async (handle) => {
    let position = HEADER_BYTES;
    for await (const piece of pieces(source, options)) {
      const { data, dtype, dimensions } = piece;
      await writeAll(handle, new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position);
      position += data.byteLength;
      length += piece.length;
      await writeAll(handle, npyHeader({ dtype, dimensions, length }), 0);
    }
  });
  return length;
}

/**
 * Reads a matrix of versions 1.0 to 3.0. Big-endian elements are turned round; other types than those of `Dtype`, arrays
 * that are no matrix, and Fortran's order are errors.
 *
 * @throws OvembedError `ERR_INVALID_ARGUMENT` for what is no such file, `ERR_OUT_OF_MEMORY`; errors of the file system
 */
export function readNpy(file: string, options: ReadOptions = {}): Promise<Vectors> {
  return withFile(file, async (handle, size) => {
    const { descr, rows, width, start } = await readHeader(handle, size, file);
    const { kind, isBigEndian } = kindOf(descr, file);
    const { dtype, dimensions } = resolveShape(file, { kind, width }, options);
    const data = await readMatrix(handle, { start, size, rows, width, dtype }, file);
    if (isBigEndian) swap(data);
    return { data, length: rows, dimensions, dtype };
  });
}

async function readHeader(handle: FileHandle, size: number, file: string) {
  const preamble = Buffer.alloc(Math.min(PREAMBLE_BYTES + 2, size));
  await readAll(handle, preamble, 0, file);
  if (preamble.length < PREAMBLE_BYTES + 2 || !preamble.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw badFile(file, 'expected a .npy file, which begins with \\x93NUMPY.');
  }
  const version = preamble[MAGIC.length] as number;
  if (version < 1 || version > 3) throw badFile(file, `expected version 1, 2 or 3 of .npy, found ${version}.`);
  const begin = version === 1 ? PREAMBLE_BYTES : PREAMBLE_BYTES + 2;
  const length = version === 1 ? preamble.readUInt16LE(begin - 2) : preamble.readUInt32LE(begin - 4);
  const start = begin + length;
  if (start > size) throw badFile(file, `expected a header of ${length} bytes, but the file has only ${size} bytes.`);
  // The dictionary of a matrix takes some hundred bytes, whatever room is left behind it.
  const header = Buffer.alloc(Math.min(length, 65_536));
  await readAll(handle, header, begin, file);
  return { start, ...parseHeader(header.toString('latin1'), file) };
}

function parseHeader(header: string, file: string): { descr: string; rows: number; width: number } {
  const problem = (what: string) => badFile(file, `${what}, found ${JSON.stringify(header.trim().slice(0, 200))}.`);
  const descr = /'descr': *'([^']*)'/.exec(header)?.[1];
  const order = /'fortran_order': *(True|False)/.exec(header)?.[1];
  const shape = /'shape': *\((\d+), *(\d+),?\)/.exec(header);
  if (descr === undefined) throw problem('expected elements of one plain type');
  if (order === undefined) throw problem("expected 'fortran_order' in the header");
  if (!shape) throw problem('expected a matrix, vectors × elements (numpy.atleast_2d makes one)');
  if (order === 'True')
    throw problem("expected rows one after the other (numpy.ascontiguousarray), not Fortran's order");
  return { descr, rows: Number(shape[1]), width: Number(shape[2]) };
}

function kindOf(descr: string, file: string): { kind: Kind; isBigEndian: boolean } {
  const [found] = Object.entries(DESCR).filter(([, known]) => known.slice(1) === descr.slice(1));
  if (!found || !'<>|='.includes(descr.charAt(0))) {
    const known = Object.values(DESCR).join(', ');
    throw badFile(file, `expected elements of ${known}, found ${descr} (in Python: .astype(numpy.float32)).`);
  }
  return { kind: found[0] as Kind, isBigEndian: descr.startsWith('>') };
}

interface Matrix<D extends Dtype> {
  start: number;
  size: number;
  rows: number;
  width: number;
  dtype: D;
}

async function readMatrix<D extends Dtype>(handle: FileHandle, matrix: Matrix<D>, file: string) {
  const { start, size, rows, width, dtype } = matrix;
  const bytes = rows * width * bytesPerRow(dtype, 1);
  if (width === 0 || !(start + bytes <= size)) {
    const found = `the file has ${Math.max(0, size - start)} bytes of them`;
    throw badFile(file, `expected ${rows} vectors of ${width} elements (${dtype}), ${bytes} bytes; ${found}.`);
  }
  return readElements(handle, start, { dtype, elements: rows * width }, file);
}

function swap(data: VectorArray): void {
  const bytes = Buffer.from(data.buffer);
  if (data.BYTES_PER_ELEMENT === 4) bytes.swap32();
  if (data.BYTES_PER_ELEMENT === 2) bytes.swap16();
}
