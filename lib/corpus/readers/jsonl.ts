/** JSON Lines: a document in each object. */
import { createReadStream } from 'node:fs';
import { describe } from '../../errors.js';
import type { CorpusDocument } from '../document.js';
import { type Line, splitLines } from './lines.js';
import { problemAt } from './problem.js';
import { documentOf, type RecordFields } from './records.js';

/** A document of a file with many, or the error of one of them. */
export interface FileRecord {
  /** `file:line`, or `file#row`. */
  place: string;
  /** Bytes of the file up to its end; 0: not known. */
  end: number;
  document: CorpusDocument | Error;
}

/** Whole lines of a file. */
export interface LineRange {
  /** Bytes in front of the first of them, and up to the end of the last. */
  start: number;
  end: number;
  /** The number of the first, counted from 1. */
  line: number;
}

/** @throws OvembedError `ERR_INVALID_ARGUMENT` for a line that is too long; errors of the system */
export async function* readJsonl(
  path: string,
  fields: RecordFields,
  { start, end, line: first }: LineRange = { start: 0, end: Number.POSITIVE_INFINITY, line: 1 },
): AsyncGenerator<FileRecord, void, undefined> {
  const placeOf = (number: number) => `${path}:${number + first - 1}`;
  const tooLong = (number: number, problem: string) => problemAt(placeOf(number), problem);
  for await (const line of splitLines(createReadStream(path, { start, end: end - 1 }), tooLong)) {
    const place = placeOf(line.number);
    const text = attempt(() => decode(line, place));
    // Nothing that could be meant by an empty line, and files end with one at times.
    if (text === '') continue;
    const document = text instanceof Error ? text : attempt(() => documentOf(parse(text, place), place, fields));
    yield { place, end: start + line.end, document };
  }
}

/** What was thrown becomes a value: one record's error is not that of the file. */
export function attempt<T>(work: () => T): T | Error {
  try {
    return work();
  } catch (error) {
    return error as Error;
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function decode({ bytes }: Line, place: string): string {
  try {
    return UTF8.decode(bytes).trim();
  } catch (cause) {
    throw problemAt(place, 'not valid UTF-8.', cause);
  }
}

function parse(text: string, place: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw problemAt(place, `not valid JSON (${(cause as Error).message}).`, cause);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw problemAt(place, `expected a JSON object, found ${describe(value)}.`);
}
