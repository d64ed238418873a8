/** What a corpus is made of, and what readers make of their sources. */
import type { OvembedError } from '../errors.js';

/** A text with a name. */
export interface CorpusDocument {
  /** Names it for good: vectors of a changed text replace those of the one before under the same id. */
  id: string;
  /** As it is read, before it is cleaned. */
  text: string;
  /** Kept beside each of its vectors; JSON. Default: none. */
  metadata?: Readonly<Record<string, unknown>>;
}

/** What the text is written in; it decides how it is cleaned and cut unless the options do. */
export type DocumentFormat = 'text' | 'markdown' | 'html' | 'code';

/** How a document is to be treated. */
export interface Manner {
  format: DocumentFormat;
  /** Of code, by its usual name in lower case: `python`. */
  language?: string;
}

/** One step of a reader: a document, or why there is none. */
export type ReadItem = {
  id: string;
  /** Bytes of the whole source up to its end; 0 where they are not known. */
  end: number;
} & (
  | { kind: 'document'; document: CorpusDocument; manner: Manner }
  /** Left out on purpose, such as a picture among texts. */
  | { kind: 'filtered'; reason: string }
  | { kind: 'failed'; error: OvembedError }
);

/** A source of documents: the same ones in the same order each time it is read. */
export interface CorpusReader {
  /** Undefined where it is not known before the end. */
  readonly totalBytes: number | undefined;
  /** Ends early when `stop` aborts. Throws only where it cannot go on. */
  items(stop: AbortSignal): AsyncGenerator<ReadItem, void, undefined>;
}
