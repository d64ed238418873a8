/** The documents of a large job, one at a time as they come. What is wrong with one is told of that one, and the others go on. */
import { splitLines } from '../corpus/readers/lines.js';
import { HttpError } from './http-error.js';

/** What a client calls a document by; comes back with its vector. */
export type DocumentId = string | number;

export interface Document {
  /** Place among the documents of the job, from 0. */
  index: number;
  id: DocumentId | undefined;
  text: string;
}

export interface BadDocument extends Omit<Document, 'text'> {
  error: HttpError;
}

export interface DocumentLimits {
  /** Bytes of a line; a longer one is taken for something else than text, and ends the job. */
  lineBytes: number;
  /** UTF-16 units of a text. */
  characters: number;
}

/**
 * @param body NDJSON: on every line a JSON string, or an object with `text` and, if wanted, `id`; empty lines are left out
 * @throws HttpError 413 for a line that is too long
 */
export async function* documentsOfLines(
  body: AsyncIterable<Buffer>,
  limits: DocumentLimits,
): AsyncGenerator<Document | BadDocument, void, undefined> {
  const tooLong = (number: number) =>
    new HttpError(413, 'ERR_LINE_TOO_LONG', `Line ${number} is longer than ${limits.lineBytes} bytes.`);
  let index = 0;
  for await (const { bytes } of splitLines(body, tooLong, limits.lineBytes)) {
    if (bytes.length === 0) continue;
    yield documentOf(() => JSON.parse(decode(bytes)), index++, limits);
  }
}

export function* documentsOfList(
  documents: readonly unknown[],
  limits: DocumentLimits,
): Generator<Document | BadDocument, void, undefined> {
  for (const [index, document] of documents.entries()) yield documentOf(() => document, index, limits);
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function decode(bytes: Buffer): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw bad('ERR_UTF8', 'The line is not valid UTF-8.');
  }
}

function documentOf(read: () => unknown, index: number, { characters }: DocumentLimits): Document | BadDocument {
  let id: DocumentId | undefined;
  try {
    const value = read();
    const given = typeof value === 'string' ? { text: value } : ((value ?? {}) as { id?: unknown; text?: unknown });
    if (isId(given.id)) id = given.id;
    const { text } = given;
    if (typeof text !== 'string' || ((given.id ?? undefined) !== undefined && id === undefined)) {
      throw bad('ERR_INVALID_ARGUMENT', 'A document is a string, or an object with a text and, if wanted, an id.');
    }
    if (typeof id === 'number' && !isExact(id)) {
      id = undefined;
      throw bad('ERR_INVALID_ARGUMENT', 'The id is a number that would come back as another; send it as a string.');
    }
    if (!text.isWellFormed()) throw bad('ERR_INVALID_ARGUMENT', 'The text has a lone surrogate (half a character).');
    if (text.length > characters) {
      const message = `The text has ${text.length} characters; at most ${characters} are taken.`;
      throw bad('ERR_INPUT_TOO_LONG', message);
    }
    return { index, id, text };
  } catch (error) {
    return { index, id, error: error instanceof HttpError ? error : bad('ERR_JSON', 'The line is not valid JSON.') };
  }
}

const isId = (value: unknown): value is DocumentId => typeof value === 'string' || typeof value === 'number';

/** JSON of many languages has larger integers than a double holds, such as 64-bit keys. */
const isExact = (id: number) => Number.isFinite(id) && (!Number.isInteger(id) || Number.isSafeInteger(id));

const bad = (code: string, message: string) => new HttpError(400, code, message);
