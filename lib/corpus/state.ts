/** How far a run has come: what a checkpoint keeps, and what reports are made of. */

/** An error that a run went on after. */
export interface DocumentFailure {
  /** The id of the document, or the place in a file where its record is. */
  documentId: string;
  /** Of the `OvembedError`: most often `ERR_DOCUMENT`. */
  code: string;
  /** Of the error. */
  message: string;
}

/** Numbers of what has been read. */
export interface ReadCounts {
  /** All, those included of which nothing is written. */
  documents: number;
  /** Chunks whose text had been met before: not written. */
  duplicates: number;
  /** Chunks that the sink had already: not computed again. */
  unchanged: number;
  /** Documents that were left out, by reason. */
  filtered: Record<string, number>;
  /** Documents that could not be read, cleaned or cut. */
  failed: number;
  /** Bytes of the source; 0 where they are not known. */
  bytes: number;
}

/** Numbers of what has been written. */
export interface WrittenCounts {
  /** Rows: chunks with their vectors. */
  chunks: number;
  /** That the model read. */
  tokens: number;
  /** Chunks longer than the model reads. */
  truncated: number;
  /** Chunks whose vectors came from the embedder's cache. */
  cacheHits: number;
}

/** A place in the source. */
export interface SourcePlace {
  /** Documents that are done. */
  documents: number;
  /** Chunks that are done of the one after them. */
  chunks: number;
  /** The id of the last document that was begun; '' if none was. */
  documentId: string;
  /** Of its text, to find out whether it is the same when the source is read again. */
  digest: string;
}

/** How far reading has come. */
export interface ReadState {
  place: SourcePlace;
  /** Distinct texts that were met. */
  seen: number;
  counts: ReadCounts;
  /** The first of `counts.failed`. */
  failures: readonly DocumentFailure[];
}

/** How far a run has come. */
export interface RunState {
  read: ReadState;
  written: WrittenCounts;
}

/** More are counted but not kept: a corpus of any size must not fill memory with its errors. */
export const MOST_FAILURES = 1_000;

export function newState(): RunState {
  return {
    read: {
      place: { documents: 0, chunks: 0, documentId: '', digest: '' },
      seen: 0,
      counts: { documents: 0, duplicates: 0, unchanged: 0, filtered: {}, failed: 0, bytes: 0 },
      failures: [],
    },
    written: { chunks: 0, tokens: 0, truncated: 0, cacheHits: 0 },
  };
}

export function copyOfRead({ place, seen, counts, failures }: ReadState): ReadState {
  return { place: { ...place }, seen, counts: { ...counts, filtered: { ...counts.filtered } }, failures };
}
