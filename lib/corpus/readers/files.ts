/** Files, one after the other, each in its own format. What cannot be read is told, and the next one follows. */
import type { OvembedError } from '../../errors.js';
import type { CorpusReader, Manner, ReadItem } from '../document.js';
import { readCsv } from './csv.js';
import type { FoundFile } from './find-files.js';
import { type FileRecord, readJsonl } from './jsonl.js';
import { mannerOf, type RecordFormat, recordFormatOf } from './manner.js';
import { readParquetRows } from './parquet.js';
import { readProblem } from './problem.js';
import type { RecordFields } from './records.js';
import { readTextFile } from './text-file.js';

export class FilesReader implements CorpusReader {
  readonly totalBytes: number;
  readonly #files: readonly FoundFile[];
  readonly #fields: RecordFields;

  constructor(files: readonly FoundFile[], fields: RecordFields) {
    this.#files = files;
    this.#fields = fields;
    this.totalBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  async *items(stop: AbortSignal): AsyncGenerator<ReadItem, void, undefined> {
    let before = 0;
    for (const { path, bytes } of this.#files) {
      const format = recordFormatOf(path);
      const items = format === undefined ? wholeFile(path, bytes) : recordsOf(path, format, this.#fields);
      for await (const item of items) {
        if (stop.aborted) return;
        yield { ...item, end: before + Math.min(item.end, bytes) };
      }
      before += bytes;
    }
  }
}

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

async function* recordsOf(path: string, format: RecordFormat, fields: RecordFields): AsyncGenerator<ReadItem> {
  let end = 0;
  try {
    for await (const record of open(path, format, fields)) {
      end = Math.max(end, record.end);
      const { document, place } = record;
      if (document instanceof Error) yield { kind: 'failed', id: place, end, error: document as OvembedError };
      else yield { kind: 'document', id: document.id, end, document, manner: PLAIN };
    }
  } catch (error) {
    yield { kind: 'failed', id: path, end, error: readProblem(path, error) };
  }
}

function open(path: string, format: RecordFormat, fields: RecordFields): AsyncGenerator<FileRecord> {
  if (format === 'jsonl') return readJsonl(path, fields);
  if (format === 'parquet') return readParquetRows(path, fields);
  return readCsv(path, format === 'csv' ? ',' : '\t', fields);
}
