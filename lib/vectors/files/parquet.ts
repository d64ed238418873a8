/**
 * Apache Parquet: vectors as a column of lists, texts beside them. Needs the packages hyparquet and hyparquet-writer.
 * Parquet has no bfloat16; its bits are kept as uint16, and the metadata say what they are.
 *
 * Values pass through JavaScript one by one, a row group at a time: memory is that of a row group, beside the result.
 */
import type { FileHandle } from 'node:fs/promises';
import type { AsyncBuffer, FileMetaData, SchemaElement } from 'hyparquet';
import type { SchemaElement as WrittenElement } from 'hyparquet-writer';
import { OvembedError } from '../../errors.js';
import { bytesPerRow, DTYPES, type Dtype, elementsPerRow, type VectorArray } from '../dtype.js';
import {
  type ColumnFile,
  chooseColumns,
  DEFAULT_COLUMN,
  type ReadColumnsOptions,
  type WriteColumnsOptions,
} from './columns.js';
import { allocate, badFile, replaceFile, withFile, writeAll } from './files.js';
import { halfToNumber, numberToHalf } from './half.js';
import { loadParquetReader, loadParquetWriter } from './packages.js';
import { fileBuffer } from './parquet-buffer.js';
import { fileMetadata, KIND_OF, type Kind, resolveShape } from './shape.js';
import { type Piece, pieces, type VectorSource } from './source.js';

type Hyparquet = typeof import('hyparquet');
type Writer = InstanceType<typeof import('hyparquet-writer').ByteWriter>;

/** Small, since nothing else runs in the thread while a row group is encoded. */
const ROW_GROUP_BYTES = 2 * 1024 * 1024;

/**
 * Writes vectors, and texts beside them, uncompressed (vectors hardly compress). The file appears once it is whole.
 *
 * @returns the number of vectors
 * @throws OvembedError `ERR_INVALID_ARGUMENT`, also without the packages; errors of the file system as they are
 */
export async function writeParquet(
  file: string,
  source: VectorSource,
  options: WriteColumnsOptions = {},
): Promise<number> {
  const { ByteWriter, ParquetWriter } = await loadParquetWriter();
  let length = 0;
  await replaceFile(file, async (handle) => {
    const bytes = intoFile(new ByteWriter(), handle);
    let writer: InstanceType<typeof ParquetWriter> | undefined;
    for await (const piece of pieces(source, options, options.columns)) {
      writer ??= new ParquetWriter({ writer: bytes, ...formatOf(piece, options) });
      const rowGroupSize = Math.max(1, Math.floor(ROW_GROUP_BYTES / bytesPerRow(piece.dtype, piece.dimensions)));
      for (let start = 0; start < piece.length; start += rowGroupSize) {
        await writer.write({ columnData: columnsOf(piece, start, start + rowGroupSize, options), rowGroupSize });
      }
      length += piece.length;
    }
    await writer?.finish();
  });
  return length;
}

/** Makes the writer's buffer go to the file after each row group. */
function intoFile(writer: Writer, handle: FileHandle): Writer {
  let position = 0;
  const flush = async () => {
    const bytes = writer.getBytes();
    await writeAll(handle, bytes, position);
    position += bytes.length;
    writer.index = 0;
  };
  return Object.assign(writer, { flush, finish: flush });
}

function formatOf(piece: Piece, { column = DEFAULT_COLUMN, metadata }: WriteColumnsOptions) {
  const texts = Object.keys(piece.columns).map(
    (name): WrittenElement => ({ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' }),
  );
  const schema: WrittenElement[] = [
    { name: 'schema', num_children: texts.length + 1 },
    ...texts,
    { name: column, repetition_type: 'REQUIRED', converted_type: 'LIST', num_children: 1 },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', repetition_type: 'REQUIRED', ...ELEMENT[KIND_OF[piece.dtype]] },
  ];
  const kvMetadata = Object.entries(fileMetadata(piece, metadata)).map(([key, value]) => ({ key, value }));
  return { schema, kvMetadata, codec: 'UNCOMPRESSED', statistics: false, createdBy: 'ovembed' } as const;
}

const ELEMENT: Readonly<Record<Kind, Partial<WrittenElement>>> = {
  f32: { type: 'FLOAT' },
  f16: { type: 'FIXED_LEN_BYTE_ARRAY', type_length: 2, logical_type: { type: 'FLOAT16' } },
  bf16: { type: 'INT32', converted_type: 'UINT_16' },
  i8: { type: 'INT32', converted_type: 'INT_8' },
  u8: { type: 'INT32', converted_type: 'UINT_8' },
};

function columnsOf(piece: Piece, start: number, end: number, { column = DEFAULT_COLUMN }: WriteColumnsOptions) {
  const texts = Object.entries(piece.columns).map(([name, values]) => ({ name, data: values.slice(start, end) }));
  const width = elementsPerRow(piece.dtype, piece.dimensions);
  const rows = Array.from({ length: Math.min(end, piece.length) - start }, (_, i) => {
    const row: VectorArray = piece.data.subarray((start + i) * width, (start + i + 1) * width);
    return piece.dtype === 'float16' ? Array.from(row, halfToNumber) : Array.from(row);
  });
  return [...texts, { name: column, data: rows, encoding: 'PLAIN' as const }] as {
    name: string;
    data: unknown[];
    encoding?: 'PLAIN';
  }[];
}

/**
 * Reads a column of lists that are all of one length, row group by row group. Compressed with Snappy or not at all. For
 * files that you trust: hyparquet believes what a file says about itself, and some changed ones keep it busy for ever.
 *
 * @throws OvembedError `ERR_INVALID_ARGUMENT` for what is no such file or column, also without the packages;
 *   `ERR_OUT_OF_MEMORY`; errors of the file system as they are
 */
export async function readParquet(file: string, options: ReadColumnsOptions = {}): Promise<ColumnFile> {
  const hyparquet = await loadParquetReader();
  return withFile(file, async (handle, size) => {
    try {
      return await readGroups(hyparquet, fileBuffer(handle, size, file), { file, options });
    } catch (cause) {
      if (cause instanceof OvembedError) throw cause;
      throw badFile(file, `expected a Parquet file, uncompressed or with Snappy (${(cause as Error).message}).`, cause);
    }
  });
}

interface Reading {
  file: string;
  options: ReadColumnsOptions;
}

async function readGroups(
  { parquetMetadataAsync, parquetReadObjects, parquetSchema }: Hyparquet,
  buffer: AsyncBuffer,
  { file, options }: Reading,
): Promise<ColumnFile> {
  const problem = (message: string) => badFile(file, message);
  const footer = await parquetMetadataAsync(buffer);
  const { children } = parquetSchema(footer);
  const names = children.map(({ element }) => element.name);
  const { column, others } = chooseColumns(names, options, problem);
  const metadata = metadataOf(footer);
  let leaf = children[names.indexOf(column)];
  while (leaf?.children.length === 1) leaf = leaf.children[0];
  const kind = leaf && kindOf(leaf.element, metadata);
  if (!kind) throw problem("expected lists of float, float16, int8 or uint8 in the vectors' column.");

  const columns: Record<string, unknown[]> = Object.fromEntries(others.map((name) => [name, []]));
  const length = Number(footer.num_rows);
  let matrix: Matrix | undefined;
  let row = 0;
  for (const group of footer.row_groups) {
    const range = { rowStart: row, rowEnd: row + Number(group.num_rows) };
    // One column after the other: of several that fail at once hyparquet looks at the first only.
    const read = async (name: string) => {
      const records = await parquetReadObjects({ file: buffer, metadata: footer, columns: [name], ...range });
      return records.map((record) => record[name]);
    };
    for (const vector of await read(column)) {
      if (!Array.isArray(vector)) throw problem(`expected a list as the vector of row ${row}.`);
      matrix ??= beginMatrix(file, { kind, width: vector.length, length }, options, metadata);
      addRow(matrix, vector, row++, problem);
    }
    for (const name of others) for (const value of await read(name)) columns[name]?.push(value);
  }
  if (row !== length) throw problem(`expected ${length} rows, found ${row}.`);
  if (!matrix) matrix = beginMatrix(file, { kind, width: widthStated(metadata, problem), length }, options, metadata);
  const { data, dtype, dimensions } = matrix;
  return { data, length, dimensions, dtype, columns, metadata };
}

function metadataOf({ key_value_metadata: pairs = [] }: FileMetaData): Record<string, string> {
  return Object.fromEntries(pairs.flatMap(({ key, value }) => (value === undefined ? [] : [[key, value]])));
}

function kindOf(element: SchemaElement, { dtype }: Readonly<Record<string, string>>): Kind | undefined {
  const { type, converted_type: converted, logical_type: logical } = element;
  if (type === 'FLOAT') return 'f32';
  if (type === 'FIXED_LEN_BYTE_ARRAY' && logical?.type === 'FLOAT16') return 'f16';
  if (type !== 'INT32') return undefined;
  if (converted === 'INT_8') return 'i8';
  if (converted === 'UINT_8') return 'u8';
  return converted === 'UINT_16' && dtype === 'bfloat16' ? 'bf16' : undefined;
}

interface Matrix {
  data: VectorArray;
  dtype: Dtype;
  dimensions: number;
  kind: Kind;
  width: number;
}

function beginMatrix(
  file: string,
  { kind, width, length }: { kind: Kind; width: number; length: number },
  options: ReadColumnsOptions,
  metadata: Readonly<Record<string, string>>,
): Matrix {
  const shape = resolveShape(file, { kind, width }, options, metadata);
  return { ...shape, kind, width, data: allocate(shape.dtype, length * width, file) };
}

/** Without rows there are no lists to tell their length. */
function widthStated({ dtype, dimensions }: Readonly<Record<string, string>>, problem: (message: string) => Error) {
  const width = DTYPES.includes(dtype as Dtype) && elementsPerRow(dtype as Dtype, Number(dimensions));
  if (Number.isInteger(width)) return width as number;
  throw problem('expected at least one vector, which would tell how long the lists are.');
}

function addRow(
  { data, width, kind }: Matrix,
  vector: readonly unknown[],
  row: number,
  problem: (message: string) => Error,
): void {
  if (vector.length !== width) throw problem(`expected ${width} elements in row ${row}, found ${vector.length}.`);
  const start = row * width;
  for (let i = 0; i < width; i++) {
    const value = vector[i];
    if (typeof value !== 'number') throw problem(`expected numbers in the vector of row ${row}, found ${value}.`);
    data[start + i] = kind === 'f16' ? numberToHalf(value) : value;
  }
}
