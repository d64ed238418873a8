/** Files and parts of files, one after the other, each in its own format. What cannot be read is told, and the next one follows. */
import type { OvembedError } from '../../errors.js';
import type { CorpusReader, Manner, ReadItem } from '../document.js';
import { readCsv } from './csv.js';
import type { FoundFile } from './find-files.js';
import { type FileRecord, type LineRange, readJsonl } from './jsonl.js';
import { mannerOf, type RecordFormat, recordFormatOf } from './manner.js';
import { readParquetRows } from './parquet.js';
import { readProblem } from './problem.js';
import type { RecordFields } from './records.js';
import { readTextFile } from './text-file.js';

/** Where a part of a file with many documents is. */
export type FileRange = {
  /** Bytes of the file in front of it. */
  start: number;
  /** Bytes of the file up to its end. */
  end: number;
} & (
  | {
      /** JSON Lines: the number of its first line, counted from 1. */
      line: number;
    }
  | {
      /** Other formats: documents and failures of the file in front of it, which have to be read too. */
      item: number;
      items: number;
    }
);

/** A file, or a part of it. */
export interface FilePiece extends FoundFile {
  /** Absent: all of it. */
  range?: FileRange;
}

export class FilesReader implements CorpusReader {
  readonly totalBytes: number;
  readonly #files: readonly FilePiece[];
  readonly #fields: RecordFields;

  constructor(files: readonly FilePiece[], fields: RecordFields) {
    this.#files = files;
    this.#fields = fields;
    this.totalBytes = files.reduce((sum, file) => sum + bytesOf(file), 0);
  }

  async *items(stop: AbortSignal): AsyncGenerator<ReadItem, void, undefined> {
    let before = 0;
    for (const file of this.#files) {
      const { path, bytes, range } = file;
      const format = recordFormatOf(path);
      const items = format === undefined ? wholeFile(path, bytes) : recordsOf(path, format, this.#fields, range);
      const start = range?.start ?? 0;
      for await (const item of items) {
        if (stop.aborted) return;
        yield { ...item, end: before + Math.min(Math.max(item.end - start, 0), bytesOf(file)) };
      }
      before += bytesOf(file);
    }
  }
}

export const bytesOf = ({ bytes, range }: FilePiece) => (range ? range.end - range.start : bytes);

async function* wholeFile(path: string, end: number): AsyncGenerator<ReadItem> {
  try {
    const text = await readTextFile(path);
    if (text === undefined) yield { kind: 'filtered', id: path, end, reason: 'binary' };
    else yield { kind: 'document', id: path, end, document: { id: path, text }, manner: mannerOf(path) };
  } catch (error) {
    yield { kind: 'failed', id: path, end, error: readProblem(path, error) };
  }
}

const PLAIN: Manner = { format: 'text' };

/** The documents and failures of a file with many. */
export async function* recordsOf(
  path: string,
  format: RecordFormat,
  fields: RecordFields,
  range?: FileRange,
): AsyncGenerator<ReadItem, void, undefined> {
  if (!range || 'line' in range) return yield* allOf(path, format, fields, range);
  let item = 0;
  for await (const found of allOf(path, format, fields)) {
    if (item >= range.item) yield found;
    if (++item >= range.item + range.items) return;
  }
}

async function* allOf(
  path: string,
  format: RecordFormat,
  fields: RecordFields,
  lines?: LineRange,
): AsyncGenerator<ReadItem, void, undefined> {
  let end = 0;
  try {
    for await (const record of open(path, format, fields, lines)) {
      end = Math.max(end, record.end);
      const { document, place } = record;
      if (document instanceof Error) yield { kind: 'failed', id: place, end, error: document as OvembedError };
      else yield { kind: 'document', id: document.id, end, document, manner: PLAIN };
    }
  } catch (error) {
    yield { kind: 'failed', id: path, end, error: readProblem(path, error) };
  }
}

function open(path: string, format: RecordFormat, fields: RecordFields, lines?: LineRange): AsyncGenerator<FileRecord> {
  if (format === 'jsonl') return readJsonl(path, fields, lines);
  if (format === 'parquet') return readParquetRows(path, fields);
  return readCsv(path, format === 'csv' ? ',' : '\t', fields);
}
