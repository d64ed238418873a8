/**
 * Arrow and Parquet. Both end in a table of contents, so rows are kept as `RowFiles` beside their place until all are there;
 * the file appears once it is whole.
 */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { writeArrow } from '../../vectors/files/arrow.js';
import type { WriteColumnsOptions } from '../../vectors/files/columns.js';
import { loadArrow, loadParquetWriter } from '../../vectors/files/packages.js';
import { writeParquet } from '../../vectors/files/parquet.js';
import type { VectorRow as FileRow } from '../../vectors/files/source.js';
import type { VectorRow, VectorSink, VectorSpace } from '../sink.js';
import type { SinkKind } from './kind.js';
import { makeOwnFolder, removeOwnFolder } from './own-folder.js';
import { readRows } from './read-rows.js';
import { RowFiles } from './row-files.js';

interface Format {
  /** Rejects if the packages are not installed. */
  load(): Promise<unknown>;
  write(file: string, rows: AsyncIterable<FileRow>, options: WriteColumnsOptions): Promise<number>;
}

/** Written beside its rows, so that what a killed process leaves of it goes with them. test/e2e/cli/index.test.ts, "kills" */
const WHOLE = 'whole';
const NAMES = ['vectors.npy', 'rows.jsonl', WHOLE];

/** Columns are texts; numbers, headings and metadata are written as JSON. */
const COLUMNS = [
  'id',
  'documentId',
  'index',
  'text',
  'start',
  'end',
  'line',
  'headings',
  'tokens',
  'metadata',
] as const;

class ColumnsSink implements VectorSink {
  readonly #path: string;
  readonly #format: Format;
  readonly #spool: string;
  #space: VectorSpace | undefined;
  #files: RowFiles | undefined;
  #isFinished = false;

  constructor(path: string, format: Format) {
    this.#path = path;
    this.#format = format;
    this.#spool = `${path}.partial`;
  }

  async open(space: VectorSpace, position: unknown): Promise<void> {
    await this.#format.load();
    if (position === null) await makeOwnFolder(this.#spool, NAMES);
    this.#space = space;
    this.#files = await RowFiles.open(this.#paths, space.dimensions, position);
  }

  async write(rows: readonly VectorRow[]): Promise<void> {
    await this.#files?.write(rows);
  }

  async flush(): Promise<unknown> {
    return this.#files?.flush();
  }

  async finish(): Promise<void> {
    const { dimensions, model, fingerprint } = this.#space as VectorSpace;
    const { rows } = await (this.#files as RowFiles).flush();
    const options = { dimensions, columns: COLUMNS, metadata: { model, fingerprint } };
    const whole = join(this.#spool, WHOLE);
    await this.#format.write(whole, inColumns(readRows(this.#paths, rows, dimensions)), options);
    await rename(whole, this.#path);
    this.#isFinished = true;
  }

  async close(): Promise<void> {
    await this.#files?.close();
    if (this.#isFinished) await removeOwnFolder(this.#spool, NAMES);
  }

  get #paths() {
    return { vectors: join(this.#spool, 'vectors.npy'), rows: join(this.#spool, 'rows.jsonl') };
  }
}

async function* inColumns(rows: AsyncIterable<VectorRow>): AsyncGenerator<FileRow> {
  for await (const { vector, ...row } of rows) {
    const columns = COLUMNS.map((name) => [
      name,
      typeof row[name] === 'string' ? row[name] : JSON.stringify(row[name]),
    ]);
    yield { ...Object.fromEntries(columns), embedding: vector };
  }
}

export const arrow: SinkKind = {
  sink: (place) => new ColumnsSink(place, { load: loadArrow, write: writeArrow }),
};

export const parquet: SinkKind = {
  sink: (place) => new ColumnsSink(place, { load: loadParquetWriter, write: writeParquet }),
};
