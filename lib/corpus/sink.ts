/** Where vectors of a corpus go: the one seam between the pipeline and files, stores and indexes. */

/** What the vectors of a sink are: all of a sink are of one space. */
export interface VectorSpace {
  /** `EmbedderInfo.fingerprint`. */
  fingerprint: string;
  /** `EmbedderInfo.model`. */
  model: string;
  /** `EmbedderInfo.revision`; absent: not known. */
  revision?: string | null;
  /** Width of the vectors. */
  dimensions: number;
  /** How the texts were made of documents (cleaning, chunks, prompt), as JSON: for people who come later. */
  settings?: Readonly<Record<string, unknown>>;
}

/** A chunk with its vector. */
export interface VectorRow {
  /** Names the row for good: SHA-256 of document id, place and text, hex; writing it again is writing it once. */
  id: string;
  /** The id of the document that it is a part of. */
  documentId: string;
  /** Its place in the document. */
  index: number;
  /** Of the chunk, as it was embedded. */
  text: string;
  /** Where it begins in the document's text, in UTF-16 units. */
  start: number;
  /** Where it ends, exclusive. */
  end: number;
  /** The line of the document that `start` is in, counted from 1. */
  line: number;
  /** Of Markdown: the headings above it, the outermost first. */
  headings: readonly string[];
  /** That the model read, special tokens and prompt counted. */
  tokens: number;
  /** Of the document, as the reader gave it; JSON. */
  metadata: Readonly<Record<string, unknown>>;
  /** Of `VectorSpace.dimensions` values. */
  vector: Float32Array;
}

/**
 * Receives rows in the order of the corpus. Calls come one after the other. After a crash the pipeline goes on at the last
 * position that `flush` gave, so a sink either cuts off what came behind it (files) or writes rows of the same id once (stores).
 */
export interface VectorSink {
  /**
   * @param position what the last `flush` before the interruption gave; null: a new run
   * @throws OvembedError if the sink holds vectors of another space
   */
  open(space: VectorSpace, position: unknown): Promise<void>;
  /** Takes rows of the space that was opened. Need not be durable before `flush`. */
  write(rows: readonly VectorRow[]): Promise<void>;
  /** Makes everything written so far durable. Gives the position to go on at, as JSON. */
  flush(): Promise<unknown>;
  /**
   * All rows are written and flushed: makes of them what others read, where `flush` does not (a file that ends in a table of
   * contents). After a crash it may be called again.
   */
  finish?(): Promise<void>;
  /** Frees what it holds, also of a sink that is not finished. */
  close(): Promise<void>;
  /** Of a store that can tell: those of the ids whose rows it has. They are not computed again. */
  has?(ids: readonly string[]): Promise<ReadonlySet<string>>;
  /**
   * Of a store that keeps rows from run to run: removes the rows of each of these documents but those with the ids given. Called
   * after their rows were written, with some hundred documents at a time.
   */
  retain?(documents: ReadonlyMap<string, readonly string[]>): Promise<void>;
}

/** A row that was found. */
export interface Match extends Omit<VectorRow, 'vector'> {
  /** Cosine of its vector and the query's. */
  score: number;
}

/** The reading side of a sink that can be searched. */
export interface VectorIndex {
  /** Whose queries fit: those of embedders with the same fingerprint. */
  readonly space: VectorSpace;
  /** Number of rows. */
  readonly length: number;
  /** The `count` nearest rows, nearest first. */
  search(query: Float32Array, count: number): Promise<Match[]>;
  /** Frees what it holds. */
  close(): Promise<void>;
}
