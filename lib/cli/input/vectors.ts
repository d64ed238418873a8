/** Files of vectors, with what is known of each vector beside it. */
import { existsSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { splitLines } from '../../corpus/readers/lines.js';
import { ROWS, VECTORS } from '../../corpus/sinks/folder.js';
import { describe } from '../../errors.js';
import type { Dtype, Vectors } from '../../vectors/dtype.js';
import { readArrow } from '../../vectors/files/arrow.js';
import { readNpy } from '../../vectors/files/npy.js';
import { readParquet } from '../../vectors/files/parquet.js';
import { readSafetensors } from '../../vectors/files/safetensors.js';
import { dequantize } from '../../vectors/quantization.js';
import { InputError, systemReason, UsageError } from '../failures.js';
import { findInputs, readChunks } from './files.js';
import { type InputRecord, jsonLineParser, lineError, parseTextLine } from './records.js';

/** Vectors and, by name, the values of each beside it. */
export interface VectorTable {
  vectors: Vectors<'float32'>;
  /** Undefined where a row has no such value. */
  columns: Record<string, unknown[]>;
}

export interface TableOptions {
  /** JSON Lines: the field of the text, which must be there. */
  field: string;
  /** JSON Lines, Arrow, Parquet: the field or column of the vector. */
  into: string;
  /** The texts of a file that has only vectors. */
  texts?: string | undefined;
  dtype?: Dtype | undefined;
}

const LINES = ['.jsonl', '.ndjson', '.txt'];
const MATRICES: Record<string, typeof readNpy> = { '.npy': readNpy, '.safetensors': readSafetensors };
const TABLES: Record<string, typeof readArrow> = { '.arrow': readArrow, '.parquet': readParquet };

/**
 * All vectors of the files, or folders of `ovembed index`, in their order; texts of `x.npy` are in `x.jsonl` (`.ndjson`, `.txt`), named or not.
 * @throws UsageError, InputError; OvembedError as the readers of the formats have it
 */
export async function readTables(paths: readonly string[], options: TableOptions): Promise<VectorTable> {
  const stems = new Set(paths.filter((path) => extensionOf(path) in MATRICES).map(stemOf));
  const sources = paths.filter((path) => !LINES.includes(extensionOf(path)) || !stems.has(stemOf(path)));
  if (options.texts !== undefined && (sources.length !== 1 || stems.size !== 1)) {
    throw new UsageError('--texts: is for one .npy or .safetensors file');
  }
  const tables: VectorTable[] = [];
  for (const path of sources) tables.push(await readTable(path, options));
  return joined(sources, tables);
}

function readTable(path: string, options: TableOptions): Promise<VectorTable> {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    return readMatrix(join(path, VECTORS), readNpy, { ...options, field: 'text', texts: join(path, ROWS) });
  }
  const extension = extensionOf(path);
  if (extension in MATRICES) return readMatrix(path, MATRICES[extension] as typeof readNpy, options);
  if (extension in TABLES) return readColumns(path, TABLES[extension] as typeof readArrow, options);
  if (LINES.includes(extension) && extension !== '.txt') return readJsonLines(path, options);
  const known = [...Object.keys(MATRICES), ...Object.keys(TABLES), '.jsonl', '.ndjson'];
  throw new UsageError(`${path}: expected a file of vectors: ${known.join(', ')}`);
}

async function readMatrix(path: string, read: typeof readNpy, options: TableOptions): Promise<VectorTable> {
  const { dtype } = options;
  const vectors = await asFloats(await reading(path, () => read(path, dtype ? { dtype } : {})));
  const texts = options.texts ?? LINES.map((extension) => stemOf(path) + extension).find((file) => existsSync(file));
  if (texts === undefined) return { vectors, columns: {} };
  const columns = new Columns();
  for await (const { fields } of records(texts, options)) columns.add(fields);
  if (columns.length === vectors.length) return { vectors, columns: columns.take(options.into) };
  throw new InputError(
    `${texts}: expected a text for each of the ${vectors.length} vectors in ${path}, found ${columns.length}`,
  );
}

async function readColumns(path: string, read: typeof readArrow, options: TableOptions): Promise<VectorTable> {
  const { into: column, dtype } = options;
  const { columns, ...vectors } = await reading(path, () => read(path, { column, ...(dtype && { dtype }) }));
  return { vectors: await asFloats(vectors), columns: { ...columns } as Record<string, unknown[]> };
}

async function readJsonLines(path: string, options: TableOptions): Promise<VectorTable> {
  const { into } = options;
  const columns = new Columns();
  let data = new Float32Array(0);
  let dimensions = 0;
  for await (const { fields, place } of records(path, options)) {
    const vector = vectorOf(fields[into], `${place}: the field ${JSON.stringify(into)} (--into)`);
    dimensions ||= vector.length;
    if (vector.length !== dimensions) {
      throw new InputError(`${place}: expected a vector of ${dimensions} numbers, as before, found ${vector.length}`);
    }
    const end = (columns.length + 1) * dimensions;
    if (end > data.length) data = grown(data, Math.max(2 * data.length, end));
    data.set(vector, end - dimensions);
    columns.add(fields);
  }
  if (columns.length === 0) throw new InputError(`${path}: there are no vectors in it`);
  const { length } = columns;
  const vectors = { data: data.subarray(0, length * dimensions), length, dimensions, dtype: 'float32' as const };
  return { vectors, columns: columns.take(into) };
}

async function* records(path: string, { field }: TableOptions): AsyncGenerator<Omit<InputRecord, 'end'>> {
  const parse = extensionOf(path) === '.txt' ? parseTextLine : jsonLineParser(field, '');
  const [file] = await findInputs([path]);
  if (!file) return;
  for await (const line of splitLines(readChunks(file, new AbortController().signal), lineError(path)))
    yield parse(line, path);
}

function vectorOf(value: unknown, what: string): number[] {
  const isVector = Array.isArray(value) && value.length > 0 && value.every((number) => typeof number === 'number');
  if (isVector) return value;
  throw new InputError(`${what} must be an array of numbers, not ${describe(value)}`);
}

function grown(data: Float32Array, length: number): Float32Array<ArrayBuffer> {
  const larger = new Float32Array(length);
  larger.set(data);
  return larger;
}

/** Records as they come, by field. */
class Columns {
  readonly #values = new Map<string, unknown[]>();
  length = 0;

  add(fields: Readonly<Record<string, unknown>>): void {
    for (const [name, value] of Object.entries(fields)) {
      const values = this.#values.get(name) ?? [];
      values[this.length] = value;
      this.#values.set(name, values);
    }
    this.length++;
  }

  /** All but that of the vectors. */
  take(into: string): Record<string, unknown[]> {
    this.#values.delete(into);
    const { length } = this;
    return Object.fromEntries(
      [...this.#values].map(([name, values]) => [name, Array.from({ length }, (_, i) => values[i])]),
    );
  }
}

function joined(paths: readonly string[], tables: readonly VectorTable[]): VectorTable {
  const [first] = tables;
  if (!first) throw new UsageError('there are no files of vectors among those named, only texts');
  if (tables.length === 1) return first;
  const { dimensions } = first.vectors;
  const length = tables.reduce((sum, { vectors }) => sum + vectors.length, 0);
  const data = new Float32Array(length * dimensions);
  const columns: Record<string, unknown[]> = { file: [] };
  let start = 0;
  for (const [i, table] of tables.entries()) {
    if (table.vectors.dimensions !== dimensions) {
      const found = `${paths[0]} has ${dimensions} dimensions, ${paths[i]} ${table.vectors.dimensions}`;
      throw new InputError(`${found}: vectors of one map must be of one model`);
    }
    data.set(table.vectors.data, start * dimensions);
    const values = { file: Array.from({ length: table.vectors.length }, () => paths[i]), ...table.columns };
    for (const [name, column] of Object.entries(values)) {
      columns[name] ??= [];
      for (const [row, value] of column.entries()) (columns[name] as unknown[])[start + row] = value;
    }
    start += table.vectors.length;
  }
  for (const values of Object.values(columns)) values.length = length;
  return { vectors: { data, length, dimensions, dtype: 'float32' }, columns };
}

/** 8-bit codes stay the numbers they are: without their ranges nobody knows others, and their order is right. */
async function asFloats(vectors: Vectors): Promise<Vectors<'float32'>> {
  if (vectors.dtype !== 'int8' && vectors.dtype !== 'uint8') return dequantize(vectors);
  return { ...vectors, data: Float32Array.from(vectors.data), dtype: 'float32' };
}

async function reading<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new InputError(`${path}: ${systemReason(error)}`);
  }
}

const extensionOf = (path: string) => extname(path).toLowerCase();
const stemOf = (path: string) => path.slice(0, path.length - extname(path).length);
