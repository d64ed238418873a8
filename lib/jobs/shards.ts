/** A corpus cut into shards: the same files give the same shards, so shard 12 is the same documents whoever does it. */
import { createReadStream } from 'node:fs';
import { bytesOf, type FilePiece, type FileRange, recordsOf } from '../corpus/readers/files.js';
import type { FoundFile } from '../corpus/readers/find-files.js';
import { splitLines } from '../corpus/readers/lines.js';
import { type RecordFormat, recordFormatOf } from '../corpus/readers/manner.js';

/** Documents that one process does in one go, in the order of the corpus. */
export interface Shard {
  pieces: FilePiece[];
  /** Of the source. */
  bytes: number;
}

/** Small and empty documents take time too. */
const MOST_DOCUMENTS = 4_096;

/** What is put into a shard until there is no room for more. */
class Filling {
  #shard: Shard = { pieces: [], bytes: 0 };
  #documents = 0;
  readonly #most: number;

  constructor(shardBytes: number) {
    this.#most = shardBytes;
  }

  /** Whether it should be closed before so much more comes in. A document that is larger than a shard is one. */
  isFull(bytes: number, documents = 0): boolean {
    const isEmpty = this.#documents + documents === 0;
    return !isEmpty && (this.#shard.bytes + bytes > this.#most || this.#documents + documents >= MOST_DOCUMENTS);
  }

  add(piece: FilePiece, documents: number): void {
    this.#shard.pieces.push(piece);
    this.#shard.bytes += bytesOf(piece);
    this.#documents += documents;
  }

  take(): Shard {
    const shard = this.#shard;
    this.#shard = { pieces: [], bytes: 0 };
    this.#documents = 0;
    return shard;
  }

  get isEmpty(): boolean {
    return this.#shard.pieces.length === 0;
  }
}

/**
 * Files with a document in each record are cut between records; they are read for that.
 * @param shardBytes of the source; a document may be longer
 */
export async function* splitFiles(files: readonly FoundFile[], shardBytes: number): AsyncGenerator<Shard> {
  const filling = new Filling(shardBytes);
  for (const file of files) {
    const format = recordFormatOf(file.path);
    if (format) yield* splitRecords(file, format, filling);
    else {
      if (filling.isFull(file.bytes)) yield filling.take();
      filling.add(file, 1);
    }
  }
  if (!filling.isEmpty) yield filling.take();
}

/** Between two records. */
interface Cut {
  bytes: number;
  records: number;
}

async function* splitRecords(file: FoundFile, format: RecordFormat, filling: Filling): AsyncGenerator<Shard> {
  let begin: Cut = { bytes: 0, records: 0 };
  let last = begin;
  for await (const end of endsOf(file.path, format)) {
    if (filling.isFull(end - begin.bytes, last.records - begin.records)) {
      if (last.records > begin.records) filling.add(pieceOf(file, format, begin, last), last.records - begin.records);
      begin = last;
      yield filling.take();
    }
    last = { bytes: end, records: last.records + 1 };
  }
  if (last.records === 0) return;
  // Whatever comes behind the last record that could be told belongs to it.
  const end = { ...last, bytes: file.bytes };
  filling.add(pieceOf(file, format, begin, end), end.records - begin.records);
}

function pieceOf(file: FoundFile, format: RecordFormat, begin: Cut, end: Cut): FilePiece {
  if (begin.bytes === 0 && end.bytes === file.bytes) return file;
  const bytes = { start: begin.bytes, end: end.bytes };
  const range: FileRange =
    format === 'jsonl'
      ? { ...bytes, line: begin.records + 1 }
      : { ...bytes, item: begin.records, items: end.records - begin.records };
  return { ...file, range };
}

/** Where the records of a file end, in bytes. */
async function* endsOf(path: string, format: RecordFormat): AsyncGenerator<number> {
  if (format === 'jsonl') return yield* endsOfLines(path);
  for await (const { end } of recordsOf(path, format, {})) yield end;
}

async function* endsOfLines(path: string): AsyncGenerator<number> {
  let end = 0;
  try {
    for await (const line of splitLines(createReadStream(path), () => new Error('too long'))) {
      end = line.end;
      yield end;
    }
  } catch {
    // Who reads the shard finds the same, and tells it. There must be something to read it for.
    yield end;
  }
}
