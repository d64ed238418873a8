/** What the formats with columns (Arrow, Parquet) share. */
import type { Vectors } from '../dtype.js';
import type { ReadOptions } from './shape.js';
import type { SourceOptions, TextColumn } from './source.js';

export const DEFAULT_COLUMN = 'embedding';

/** What goes into a file with columns beside the vectors. */
export interface WriteColumnsOptions extends SourceOptions {
  /** Name of the vectors' column; default `embedding`. */
  column?: string;
  /**
   * Texts beside the vectors. With `Vectors`: an array for each column, by name. With rows: the names of the fields to
   * keep. Strings; null or undefined is kept as null.
   */
  columns?: Readonly<Record<string, TextColumn>> | readonly string[];
  /** Kept in the schema, for example the model and its fingerprint; `dtype` and `dimensions` are added. */
  metadata?: Readonly<Record<string, string>>;
}

/** What is read of a file with columns. */
export interface ReadColumnsOptions extends ReadOptions {
  /** The vectors' column; default `embedding`. */
  column?: string;
  /** The other columns to read; default: all. */
  columns?: readonly string[];
}

/** What a file with columns holds. */
export interface ColumnFile extends Vectors {
  /** The other columns, as values of JavaScript. */
  readonly columns: Readonly<Record<string, readonly unknown[]>>;
  /** Of the schema. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Which of a file's columns is the one of the vectors, and which are read beside it. */
export function chooseColumns(
  names: readonly string[],
  { column = DEFAULT_COLUMN, columns }: ReadColumnsOptions,
  problem: (message: string) => Error,
): { column: string; others: readonly string[] } {
  const others = columns ?? names.filter((name) => name !== column);
  for (const name of [column, ...others]) {
    if (!names.includes(name)) {
      throw problem(
        `there is no column ${JSON.stringify(name)}; there are ${names.slice(0, 20).join(', ') || 'none'}.`,
      );
    }
  }
  return { column, others };
}
