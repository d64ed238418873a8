/**
 * A file of tensors with a JSON header, as huggingface/safetensors defines it: its length in 8 bytes, the header, the
 * bytes of the tensors one after the other without a gap. Readers of weights are native; this one is for matrices of vectors.
 */
import type { FileHandle } from 'node:fs/promises';
import { invalidArgument } from '../../errors.js';
import { bytesPerRow, elementsPerRow, type Vectors } from '../dtype.js';
import { badFile, readAll, readElements, replaceFile, withFile, writeAll } from './files.js';
import { fileMetadata, KIND_OF, type Kind, type ReadOptions, resolveShape } from './shape.js';
import { pieces, type SourceOptions, type VectorSource } from './source.js';

const TYPES = { f32: 'F32', f16: 'F16', bf16: 'BF16', i8: 'I8', u8: 'U8' } as const satisfies Record<Kind, string>;

/** Bytes per element of all types that a file may have, for checking tensors that are not read. */
const TYPE_BYTES: Readonly<Record<string, number>> = {
  ...{ BOOL: 1, U8: 1, I8: 1, F8_E5M2: 1, F8_E4M3: 1, F8_E8M0: 1, I16: 2, U16: 2, F16: 2, BF16: 2 },
  ...{ I32: 4, U32: 4, F32: 4, F64: 8, I64: 8, U64: 8, C64: 8 },
};

const DEFAULT_NAME = 'embeddings';
const LENGTH_BYTES = 8;
/** As the format's own implementation has it. */
const LARGEST_HEADER = 100_000_000;

/** What goes into a safetensors file beside the vectors. */
export interface WriteSafetensorsOptions extends SourceOptions {
  /** Of the tensor; default `embeddings`. */
  name?: string;
  /** Kept in the header, for example the model and its fingerprint; `dtype` and `dimensions` are added. */
  metadata?: Readonly<Record<string, string>>;
}

/** What is read of a safetensors file. */
export interface ReadSafetensorsOptions extends ReadOptions {
  /** Of the tensor; default `embeddings`, or the only one of the file. */
  name?: string;
}

export interface HeaderOptions {
  name?: string;
  metadata?: Readonly<Record<string, string>>;
}

/** Length and header; of the same size for any number of vectors, so that it can be written again in its place. */
export function safetensorsHeader(shape: Omit<Vectors, 'data'>, options: HeaderOptions = {}): Buffer {
  const longest = headerText({ ...shape, length: Number.MAX_SAFE_INTEGER }, options);
  const size = Math.ceil(Buffer.byteLength(longest) / 8) * 8;
  const header = Buffer.alloc(LENGTH_BYTES + size, ' ');
  header.writeBigUInt64LE(BigInt(size));
  header.write(headerText(shape, options), LENGTH_BYTES);
  return header;
}

function headerText(shape: Omit<Vectors, 'data'>, { name = DEFAULT_NAME, metadata }: HeaderOptions): string {
  const { dtype, dimensions, length } = shape;
  if (typeof name !== 'string' || name === '' || name === '__metadata__') {
    throw invalidArgument('name', 'a name for the tensor', name);
  }
  const bytes = length * bytesPerRow(dtype, dimensions);
  const tensor = {
    dtype: TYPES[KIND_OF[dtype]],
    shape: [length, elementsPerRow(dtype, dimensions)],
    data_offsets: [0, bytes],
  };
  return JSON.stringify({ __metadata__: fileMetadata(shape, metadata), [name]: tensor });
}

/**
 * Writes vectors as one tensor, vectors × elements of each. The file appears once it is whole.
 *
 * @returns the number of vectors
 * @throws OvembedError `ERR_INVALID_ARGUMENT`; errors of the file system as they are
 */
export async function writeSafetensors(
  file: string,
  source: VectorSource,
  options: WriteSafetensorsOptions = {},
): Promise<number> {
  let length = 0;
  await replaceFile(file, async (handle) => {
    let position = 0;
    for await (const piece of pieces(source, options)) {
      const { data, dtype, dimensions } = piece;
      length += piece.length;
      const header = safetensorsHeader({ dtype, dimensions, length }, options);
      position ||= header.length;
      await writeAll(handle, new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position);
      position += data.byteLength;
      await writeAll(handle, header, 0);
    }
  });
  return length;
}

/**
 * Reads a tensor of two dimensions. The whole header is checked, as the format demands: no gap, no overlap, no byte too
 * many.
 *
 * @throws OvembedError `ERR_INVALID_ARGUMENT` for what is no such file or tensor, `ERR_OUT_OF_MEMORY`; errors of the
 *   file system as they are
 */
export function readSafetensors(
  file: string,
  options: ReadSafetensorsOptions = {},
): Promise<Vectors & { readonly metadata: Readonly<Record<string, string>> }> {
  return withFile(file, async (handle, size) => {
    const { tensors, metadata, start } = await readHeader(handle, size, file);
    const { type, shape, begin } = choose(tensors, options.name, file);
    const [rows, width] = shape;
    const kind = (Object.keys(TYPES) as Kind[]).find((one) => TYPES[one] === type);
    if (!kind) throw badFile(file, `expected elements of ${Object.values(TYPES).join(', ')}, found ${type}.`);
    if (shape.length !== 2 || rows === undefined || !width) {
      throw badFile(file, `expected a tensor of vectors × elements, found the shape [${shape.join(', ')}].`);
    }
    const { dtype, dimensions } = resolveShape(file, { kind, width }, options, metadata);
    const data = await readElements(handle, start + begin, { dtype, elements: rows * width }, file);
    return { data, length: rows, dimensions, dtype, metadata };
  });
}

interface Tensor {
  name: string;
  type: string;
  shape: number[];
  /** Bytes from the end of the header on. */
  begin: number;
  end: number;
}

async function readHeader(handle: FileHandle, size: number, file: string) {
  const preamble = Buffer.alloc(LENGTH_BYTES);
  if (size < LENGTH_BYTES) throw badFile(file, `expected a safetensors file, found ${size} bytes.`);
  await readAll(handle, preamble, 0, file);
  const length = Number(preamble.readBigUInt64LE());
  if (length > LARGEST_HEADER || LENGTH_BYTES + length > size) {
    throw badFile(
      file,
      `expected a safetensors file, whose first 8 bytes are the length of its header, found ${length}.`,
    );
  }
  const header = Buffer.alloc(length);
  await readAll(handle, header, LENGTH_BYTES, file);
  const start = LENGTH_BYTES + length;
  const { __metadata__: metadata, ...entries } = parseHeader(header, file);
  const tensors = Object.entries(entries).map(([name, value]) => parseTensor(name, value, file));
  checkLayout(tensors, size - start, file);
  return { start, tensors, metadata: checkMetadata(metadata, file) };
}

function parseHeader(header: Buffer, file: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(header));
  } catch (cause) {
    throw badFile(file, `the header is not valid JSON (${(cause as Error).message}).`, cause);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badFile(file, 'expected a JSON object as the header.');
  }
  return value as Record<string, unknown>;
}

function parseTensor(name: string, value: unknown, file: string): Tensor {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Record<string, unknown>;
  const [begin, end, ...more] = isSizes(offsets) ? offsets : [];
  if (typeof dtype !== 'string' || !isSizes(shape) || begin === undefined || end === undefined || more.length > 0) {
    throw badFile(file, `expected dtype, shape and two data_offsets of the tensor ${JSON.stringify(name)}.`);
  }
  const elementBytes = TYPE_BYTES[dtype];
  const bytes = shape.reduce((product, size) => product * size, elementBytes ?? Number.NaN);
  // Types of less than a byte, and those of later versions, are nothing that could be read as vectors.
  if (elementBytes !== undefined && end - begin !== bytes) {
    const found = `data_offsets of ${end - begin} bytes`;
    throw badFile(file, `expected ${bytes} bytes for the tensor ${JSON.stringify(name)}, found ${found}.`);
  }
  return { name, type: dtype, shape, begin, end };
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

/** Tensors one after the other, from the first byte to the last. */
function checkLayout(tensors: readonly Tensor[], bytes: number, file: string): void {
  let position = 0;
  for (const { name, begin, end } of tensors.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== position || end < begin) {
      const where = `at byte ${position}, where the one before it ends`;
      throw badFile(file, `expected the tensor ${JSON.stringify(name)} ${where}, found ${begin} to ${end}.`);
    }
    position = end;
  }
  if (position !== bytes) throw badFile(file, `expected ${position} bytes of tensors, found ${bytes}.`);
}

function checkMetadata(metadata: unknown, file: string): Record<string, string> {
  if (metadata === undefined) return {};
  const isMap = typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata);
  if (isMap && Object.values(metadata).every((value) => typeof value === 'string')) {
    return metadata as Record<string, string>;
  }
  throw badFile(file, 'expected __metadata__ to be an object of strings.');
}

function choose(tensors: readonly Tensor[], name: string | undefined, file: string): Tensor {
  const only = name === undefined && tensors.length === 1 ? tensors[0] : undefined;
  const tensor = only ?? tensors.find((one) => one.name === (name ?? DEFAULT_NAME));
  if (tensor) return tensor;
  const names = tensors.slice(0, 10).map((one) => JSON.stringify(one.name));
  const found = names.length > 0 ? names.join(', ') : 'none';
  throw badFile(file, `there is no tensor ${JSON.stringify(name ?? DEFAULT_NAME)} (option name); there are ${found}.`);
}
