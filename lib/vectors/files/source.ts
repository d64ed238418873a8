/** What is written to a file: vectors that are there, or rows as they come. Both become pieces of some megabytes. */
import { aPositiveInteger } from '../../checks.js';
import { invalidArgument } from '../../errors.js';
import { checkArray, checkVectors, isDtype } from '../check.js';
import {
  arrayOf,
  bytesPerRow,
  DTYPES,
  type Dtype,
  elementsPerRow,
  isPacked,
  type VectorArray,
  type Vectors,
} from '../dtype.js';

/** A vector with what goes with it; `embedder.stream()` gives such rows. */
export interface VectorRow {
  /** Of the element type and width of all rows. */
  readonly embedding: VectorArray;
  /** Texts that a format with columns keeps: see `columns`. */
  readonly [column: string]: unknown;
}

/**
 * What can be written: vectors that are there, or rows as they come. Of an interface, such as `StreamItem`, the compiler does not
 * see that it has columns: it is a row all the same.
 */
export type VectorSource =
  | Vectors
  | Iterable<VectorRow | Pick<VectorRow, 'embedding'>>
  | AsyncIterable<VectorRow | Pick<VectorRow, 'embedding'>>;

/** What rows do not say of themselves. `Vectors` do, and need none of it. */
export interface SourceOptions {
  /** Element type of the rows; default `float32`. */
  dtype?: Dtype;
  /**
   * Width of the rows in dimensions; default: that of the first one. Needed where there may be no row at all, and for
   * packed bits whose width is no multiple of 8.
   */
  dimensions?: number;
}

/** A column beside the vectors: a text or nothing for each. */
export type TextColumn = readonly (string | null | undefined)[];

export interface Piece extends Vectors {
  readonly columns: Readonly<Record<string, TextColumn>>;
}

const PIECE_BYTES = 8 * 1024 * 1024;

/**
 * The source in pieces: at least one, which may be empty, and all of one type and width.
 *
 * @param columns of `Vectors`: the texts by column; of rows: the names of their fields
 * @throws OvembedError `ERR_INVALID_ARGUMENT` for what does not fit
 */
export function pieces(
  source: VectorSource,
  options: SourceOptions = {},
  columns: Readonly<Record<string, TextColumn>> | readonly string[] = [],
): Iterable<Piece> | AsyncIterable<Piece> {
  if (typeof source === 'object' && source !== null) {
    if ('data' in source) return slices(checkVectors(source), columnsOf(source as Vectors, columns));
    if (Symbol.iterator in source || Symbol.asyncIterator in source) {
      return collected(source as AsyncIterable<VectorRow>, options, namesOf(columns));
    }
  }
  throw invalidArgument('the vectors', 'Vectors, or an iterable of { embedding }', source);
}

function* slices(vectors: Vectors, columns: Readonly<Record<string, TextColumn>>): Iterable<Piece> {
  const { data, dtype, dimensions, length } = vectors;
  const width = elementsPerRow(dtype, dimensions);
  const rows = rowsPerPiece(dtype, dimensions);
  for (let start = 0; start === 0 || start < length; start += rows) {
    const end = Math.min(start + rows, length);
    const part = Object.entries(columns).map(([name, texts]) => [name, texts.slice(start, end)]);
    yield {
      ...{ dtype, dimensions, length: end - start },
      ...{ data: data.subarray(start * width, end * width), columns: Object.fromEntries(part) },
    };
  }
}

async function* collected(
  source: AsyncIterable<VectorRow> | Iterable<VectorRow>,
  options: SourceOptions,
  names: readonly string[],
): AsyncIterable<Piece> {
  let dtype = options.dtype === undefined ? 'float32' : checkDtype(options.dtype);
  let collector = options.dimensions === undefined ? undefined : new Collector(dtype, options.dimensions, names);
  let index = 0;
  let isFirst = true;
  for await (const row of source) {
    dtype = collector?.dtype ?? dtype;
    collector ??= new Collector(dtype, widthOf(row.embedding, dtype, index), names);
    collector.add(row, index++);
    if (collector.isFull) {
      yield collector.take();
      isFirst = false;
    }
  }
  if (!collector) throw invalidArgument('dimensions', 'their number, as there were no rows to tell it', undefined);
  if (isFirst || collector.length > 0) yield collector.take();
}

/** Rows on their way into a piece. */
class Collector {
  readonly dtype: Dtype;
  readonly #dimensions: number;
  readonly #width: number;
  readonly #capacity: number;
  readonly #names: readonly string[];
  #data: VectorArray;
  #columns: (string | null)[][];
  length = 0;

  constructor(dtype: Dtype, dimensions: number, names: readonly string[]) {
    this.dtype = dtype;
    aPositiveInteger(dimensions, 'dimensions');
    this.#dimensions = dimensions;
    this.#width = elementsPerRow(dtype, dimensions);
    this.#capacity = rowsPerPiece(dtype, dimensions);
    this.#names = names;
    this.#data = arrayOf(dtype, this.#capacity * this.#width);
    this.#columns = names.map(() => []);
  }

  get isFull(): boolean {
    return this.length === this.#capacity;
  }

  add(row: VectorRow, index: number): void {
    checkRow(row.embedding, this.dtype, this.#width, `the embedding of row ${index}`);
    this.#data.set(row.embedding, this.length++ * this.#width);
    for (const [i, name] of this.#names.entries()) {
      this.#columns[i]?.push(checkText(row[name], `${name} of row ${index}`));
    }
  }

  take(): Piece {
    const data = this.#data.subarray(0, this.length * this.#width);
    const columns = Object.fromEntries(this.#names.map((name, i) => [name, this.#columns[i] ?? []]));
    const piece = { dtype: this.dtype, dimensions: this.#dimensions, length: this.length, data, columns };
    // A piece belongs to whoever writes it: it may still be on its way when the next one fills.
    this.#data = arrayOf(this.dtype, this.#capacity * this.#width);
    this.#columns = this.#names.map(() => []);
    this.length = 0;
    return piece;
  }
}

function rowsPerPiece(dtype: Dtype, dimensions: number): number {
  return Math.max(1, Math.floor(PIECE_BYTES / bytesPerRow(dtype, dimensions)));
}

function widthOf(embedding: VectorArray, dtype: Dtype, index: number): number {
  if (!ArrayBuffer.isView(embedding))
    throw invalidArgument(`the embedding of row ${index}`, 'a typed array', embedding);
  return isPacked(dtype) ? embedding.length * 8 : embedding.length;
}

function checkRow(data: VectorArray, dtype: Dtype, elements: number, name: string): void {
  checkArray(data, dtype, name);
  if (data.length !== elements) throw invalidArgument(name, `${elements} elements (${dtype})`, data.length);
}

export function checkDtype(dtype: unknown): Dtype {
  if (isDtype(dtype)) return dtype;
  throw invalidArgument('dtype', `one of ${DTYPES.join(', ')}`, dtype);
}

function checkText(value: unknown, name: string): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value !== 'string') throw invalidArgument(name, 'a string, null or undefined', value);
  return value;
}

function columnsOf(
  { length }: Vectors,
  columns: Readonly<Record<string, TextColumn>> | readonly string[],
): Readonly<Record<string, TextColumn>> {
  if (Array.isArray(columns)) {
    if (columns.length === 0) return {};
    throw invalidArgument('columns', 'an object of texts by column, as the vectors are no rows with fields', columns);
  }
  for (const [name, texts] of Object.entries(columns)) {
    if (texts?.length !== length) throw invalidArgument(`columns.${name}`, `an array of ${length} texts`, texts);
    for (const [i, text] of texts.entries()) checkText(text, `columns.${name}[${i}]`);
  }
  return columns as Readonly<Record<string, TextColumn>>;
}

function namesOf(columns: unknown): readonly string[] {
  if (Array.isArray(columns) && columns.every((name) => typeof name === 'string')) return columns;
  throw invalidArgument('columns', "an array of the names of the rows' fields", columns);
}
