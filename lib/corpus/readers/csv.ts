/** CSV and TSV with a line of names: a document in each row. */
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { type CsvError, type Info, type Options, parse } from 'csv-parse';
import { attempt, type FileRecord } from './jsonl.js';
import { problemAt, readProblem } from './problem.js';
import { documentOf, type RecordFields } from './records.js';

/** A longer row is taken for a quote that does not end. */
const LONGEST_ROW = 16 * 1024 * 1024;

interface Row {
  record: Record<string, string>;
  info: Info;
}

/** @throws OvembedError `ERR_INVALID_ARGUMENT` for a file that is no CSV, or not UTF-8; errors of the system */
export async function* readCsv(
  path: string,
  delimiter: ',' | '\t',
  fields: RecordFields,
): AsyncGenerator<FileRecord, void, undefined> {
  const skipped: CsvError[] = [];
  const options: Options = {
    bom: true,
    columns: true,
    delimiter,
    info: true,
    max_record_size: LONGEST_ROW,
    skip_empty_lines: true,
    // A quote in the middle of a field is a character like others; the format has no other use for it in TSV.
    relax_quotes: delimiter === '\t',
    // Rows with another number of columns.
    skip_records_with_error: true,
    on_skip: (error) => void (error && skipped.push(error)),
  };
  const source = Readable.from(decoded(path));
  const parser = parse(options);
  source.on('error', (error) => parser.destroy(error));
  try {
    for await (const { record, info } of source.pipe(parser) as AsyncIterable<Row>) {
      yield* skippedBefore(info.lines);
      const place = `${path}:${info.lines}`;
      yield { place, end: info.bytes, document: attempt(() => documentOf(record, place, fields)) };
    }
    yield* skippedBefore(Number.POSITIVE_INFINITY);
  } catch (error) {
    throw readProblem(path, error);
  } finally {
    source.destroy();
  }

  /** The parser runs ahead of its rows. */
  function* skippedBefore(line: number): Generator<FileRecord> {
    while (skipped[0] && Number(skipped[0].lines ?? 0) <= line) {
      const error = skipped.shift() as CsvError;
      const place = `${path}:${error.lines ?? '?'}`;
      yield { place, end: 0, document: problemAt(place, `not a row like the others (${error.message}).`, error) };
    }
  }
}

/** The parser would put U+FFFD in the place of what is not UTF-8. */
async function* decoded(path: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const decode = (bytes?: Buffer) => {
    try {
      return decoder.decode(bytes, { stream: bytes !== undefined });
    } catch (cause) {
      throw problemAt(path, 'not valid UTF-8: convert it first.', cause);
    }
  };
  for await (const bytes of createReadStream(path)) yield decode(bytes as Buffer);
  yield decode();
}
