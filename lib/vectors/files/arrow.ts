/**
 * Apache Arrow's file format (IPC, also known as Feather 2): vectors as a column of FixedSizeList, texts beside them.
 * Needs the package apache-arrow. Arrow has no bfloat16; its bits are kept as uint16, and the metadata say what they are.
 */
import type { FileHandle } from 'node:fs/promises';
import type { Data, DataType, RecordBatch, Schema, Vector } from 'apache-arrow';
import { OvembedError } from '../../errors.js';
import { bytesPerRow, type Dtype, elementsPerRow, type VectorArray, type Vectors } from '../dtype.js';
import {
  type ColumnFile,
  chooseColumns,
  DEFAULT_COLUMN,
  type ReadColumnsOptions,
  type WriteColumnsOptions,
} from './columns.js';
import { allocate, badFile, replaceFile, withFile, writeAll } from './files.js';
import { loadArrow } from './packages.js';
import { fileMetadata, KIND_OF, type Kind, resolveShape } from './shape.js';
import { type Piece, pieces, type VectorSource } from './source.js';

type Arrow = typeof import('apache-arrow');

const MAGIC = 'ARROW1';

/**
 * Writes vectors, and texts beside them. The file appears once it is whole.
 *
 * @returns the number of vectors
 * @throws OvembedError `ERR_INVALID_ARGUMENT`, also without apache-arrow; errors of the file system as they are
 */
export async function writeArrow(
  file: string,
  source: VectorSource,
  options: WriteColumnsOptions = {},
): Promise<number> {
  const arrow = await loadArrow();
  let length = 0;
  await replaceFile(file, async (handle) => {
    const sink = sinkOf(arrow);
    const writer = new arrow.RecordBatchFileWriter().reset(sink);
    let position = 0;
    const flush = async () => {
      for (const bytes of sink.take()) {
        await writeAll(handle, bytes, position);
        position += bytes.length;
      }
    };
    for await (const piece of pieces(source, options, options.columns)) {
      writer.write(batchOf(arrow, piece, options));
      await flush();
      length += piece.length;
    }
    writer.finish();
    await flush();
  });
  return length;
}

/** Keeps what the writer gives until it is taken; the writer knows no other sink that tells when it is full. */
function sinkOf({ AsyncByteQueue }: Arrow) {
  let pieces: Uint8Array[] = [];
  class Sink extends AsyncByteQueue {
    override write(bytes: ArrayBufferLike | ArrayBufferView): void {
      pieces.push(bytes as Uint8Array);
    }
    take(): Uint8Array[] {
      const taken = pieces;
      pieces = [];
      return taken;
    }
  }
  return new Sink();
}

function batchOf(arrow: Arrow, piece: Piece, { column = DEFAULT_COLUMN, metadata }: WriteColumnsOptions): RecordBatch {
  const { Field, FixedSizeList, makeData, Utf8 } = arrow;
  const { data, dtype, dimensions, length } = piece;
  const elements = typeOf(arrow, KIND_OF[dtype]);
  const item = new Field('item', elements, false);
  const list = new FixedSizeList(elementsPerRow(dtype, dimensions), item);
  const child = makeData({ type: elements, data } as never) as Data;
  const texts = Object.entries(piece.columns).map(([name, values]) => ({
    field: new Field(name, new Utf8(), true),
    data: arrow.vectorFromArray([...values], new Utf8()).data[0] ?? makeData({ type: new Utf8() }),
  }));
  const fields = [...texts.map(({ field }) => field), new Field(column, list, false)];
  const schema = new arrow.Schema(fields, new Map(Object.entries(fileMetadata(piece, metadata))));
  const children = [...texts.map(({ data }) => data), makeData({ type: list, length, nullCount: 0, child })];
  const type = new arrow.Struct(fields);
  return new arrow.RecordBatch(schema, makeData({ type, length, nullCount: 0, children } as never) as never);
}

function typeOf({ Float16, Float32, Int8, Uint16, Uint8 }: Arrow, kind: Kind): DataType {
  const types = { f32: Float32, f16: Float16, bf16: Uint16, i8: Int8, u8: Uint8 };
  return new types[kind]();
}

/**
 * Reads a column of lists that are all of one length, record batch by record batch. For files that you trust: one that was
 * cut off is refused, but apache-arrow believes what a file says about itself, and some changed ones keep it busy for ever.
 *
 * @throws OvembedError `ERR_INVALID_ARGUMENT` for what is no such file or column, also without apache-arrow;
 *   `ERR_OUT_OF_MEMORY`; errors of the file system as they are
 */
export async function readArrow(file: string, options: ReadColumnsOptions = {}): Promise<ColumnFile> {
  const arrow = await loadArrow();
  return withFile(file, async (handle, size) => {
    try {
      return await readBatches(arrow, handle, { file, size, options });
    } catch (cause) {
      if (cause instanceof OvembedError) throw cause;
      throw badFile(file, `expected an uncompressed Arrow file (${(cause as Error).message}).`, cause);
    }
  });
}

interface Reading {
  file: string;
  size: number;
  options: ReadColumnsOptions;
}

async function readBatches(arrow: Arrow, handle: FileHandle, { file, size, options }: Reading): Promise<ColumnFile> {
  const problem = (message: string) => badFile(file, message);
  // In one piece: reading bit by bit, apache-arrow leaves rejections of damaged files unhandled.
  const bytes = await handle.readFile();
  if (!isWhole(bytes)) throw problem(`expected an Arrow file, which begins and ends with ${MAGIC}.`);
  const reader = arrow.RecordBatchReader.from(bytes);
  reader.open();
  const schema = reader.schema as Schema;
  const names = schema.fields.map(({ name }) => name);
  const { column, others } = chooseColumns(names, options, problem);
  const metadata = Object.fromEntries(schema.metadata);
  const { kind, width } = listOf(arrow, schema.fields[names.indexOf(column)]?.type, metadata, problem);

  const columns: Record<string, unknown[]> = Object.fromEntries(others.map((name) => [name, []]));
  const begin = (elements: number) => {
    if (!(elements > 0)) throw problem(`expected lists of one element or more, found ${elements}.`);
    const shape = resolveShape(file, { kind, width: elements }, options, metadata);
    return new Matrix(shape, { width: elements, file, size });
  };
  let matrix = width === undefined ? undefined : begin(width);
  for (const batch of reader as Iterable<RecordBatch>) {
    for (const name of others) for (const value of batch.getChild(name) as Vector) columns[name]?.push(value);
    for (const data of (batch.getChild(column) as Vector).data) {
      matrix ??= begin(Number(data.valueOffsets[1]) - Number(data.valueOffsets[0]));
      matrix.append(data);
    }
  }
  if (!matrix) throw problem('expected at least one vector, which would tell how long the lists are.');
  return { ...matrix.take(), columns, metadata };
}

/** Looked at here, as apache-arrow 21 reads some files for ever that were cut off. Format: Arrow columnar format 1.5, "File". */
function isWhole(bytes: Buffer): boolean {
  const end = bytes.length - MAGIC.length;
  const footer = end - 4;
  // The magic, padded to 8 bytes, at the front.
  if (footer < 8 || bytes.toString('latin1', 0, MAGIC.length) !== MAGIC || bytes.toString('latin1', end) !== MAGIC)
    return false;
  const footerBytes = bytes.readInt32LE(footer);
  return footerBytes > 0 && footerBytes <= footer - 8;
}

/** The elements of a list column, and their number where the type says it. */
function listOf(
  { DataType, FixedSizeList }: Arrow,
  type: DataType | undefined,
  metadata: Readonly<Record<string, string>>,
  problem: (message: string) => Error,
): { kind: Kind; width?: number } {
  const isFixed = DataType.isFixedSizeList(type);
  const item = isFixed || DataType.isList(type) ? (type.children[0]?.type as DataType) : undefined;
  const kind = item && kindOf(String(item), metadata);
  if (!kind) {
    throw problem(`expected lists of Float32, Float16, Int8 or Uint8 in the vectors' column, found ${type}.`);
  }
  return isFixed ? { kind, width: (type as InstanceType<typeof FixedSizeList>).listSize } : { kind };
}

function kindOf(item: string, { dtype }: Readonly<Record<string, string>>): Kind | undefined {
  if (item === 'Uint16' && dtype === 'bfloat16') return 'bf16';
  return ({ Float32: 'f32', Float16: 'f16', Int8: 'i8', Uint8: 'u8' } as const)[item];
}

/** Takes the vectors of one batch after the other. */
class Matrix {
  readonly #shape: { dtype: Dtype; dimensions: number };
  readonly #width: number;
  readonly #file: string;
  readonly #data: VectorArray;
  #elements = 0;

  /** How many vectors there are is known last: there is room for as many as the file could hold, which costs only addresses. */
  constructor(
    shape: { dtype: Dtype; dimensions: number },
    { width, file, size }: { width: number; file: string; size: number },
  ) {
    this.#shape = shape;
    this.#width = width;
    this.#file = file;
    this.#data = allocate(shape.dtype, Math.floor(size / bytesPerRow(shape.dtype, 1)), file);
  }

  append(data: Data): void {
    const { length, valueOffsets } = data;
    const child = data.children[0] as Data;
    if (data.nullCount > 0 || child.nullCount > 0) throw badFile(this.#file, 'expected vectors without nulls.');
    const start = valueOffsets ? this.#startOf(valueOffsets, length) : 0;
    const values = child.values.subarray(start, start + length * this.#width) as VectorArray;
    if (values.length !== length * this.#width || this.#elements + values.length > this.#data.length) {
      throw badFile(
        this.#file,
        `expected ${length} vectors of ${this.#width} elements in a batch, found another number.`,
      );
    }
    this.#data.set(values, this.#elements);
    this.#elements += values.length;
  }

  take(): Vectors {
    const data = this.#data.subarray(0, this.#elements);
    return { ...this.#shape, data, length: this.#elements / this.#width };
  }

  #startOf(offsets: ArrayLike<number | bigint>, length: number): number {
    for (let row = 0; row < length; row++) {
      const found = Number(offsets[row + 1]) - Number(offsets[row]);
      if (found !== this.#width) {
        throw badFile(this.#file, `expected lists of one length, ${this.#width} elements, found one of ${found}.`);
      }
    }
    return Number(offsets[0] ?? 0);
  }
}
