/** Documents to the chunks that are embedded, with their places in the document as it was read. */
import type { Chunk } from '../text/chunking/chunk.js';
import type { CorpusDocument, Manner } from './document.js';
import { type Stages, timed } from './stages.js';

/** A text that was cleaned, and the way back to its source. */
export interface CleanText {
  /** What is cut and embedded. */
  text: string;
  /** Leads from `text` back to the source. */
  map: {
    /** From a range of `text` to that of the source, both in UTF-16 units, `end` exclusive. */
    sourceRange(start: number, end: number): { start: number; end: number };
  };
}

/** Cleans a text, or says why it is left out; reports count by that `reason`. */
export type Cleaner = (text: string) => CleanText | { reason: string };

/** What cuts texts: a {@link Chunker}, or the like. */
export interface TextChunker {
  /** Cuts one text. `language`: of code, by the extension of its file. */
  chunk(text: string, options?: { signal?: AbortSignal | undefined; language?: string | undefined }): Promise<Chunk[]>;
}

/** How documents of each kind are cleaned and cut. */
export interface Preparation {
  /** Undefined: they are left as they are. */
  cleanerFor(manner: Manner): Cleaner | undefined;
  chunkerFor(manner: Manner): TextChunker;
}

export type PreparedChunk = Pick<Chunk, 'text' | 'start' | 'end' | 'headings' | 'index'> & { line: number };

/**
 * @returns the chunks, those of white space alone left out; or why the document is left out
 * @throws what cleaning and cutting throw
 */
export async function prepare(
  { text }: CorpusDocument,
  manner: Manner,
  { cleanerFor, chunkerFor }: Preparation,
  { stages, signal }: { stages: Stages; signal: AbortSignal },
): Promise<PreparedChunk[] | { reason: string }> {
  const clean = cleanerFor(manner);
  const cleaned = clean ? await timed(stages.clean, () => clean(text)) : undefined;
  stages.clean.done++;
  if (cleaned && 'reason' in cleaned) return cleaned;
  const content = cleaned?.text ?? text;
  if (!/\S/.test(content)) return { reason: 'empty' };
  const { language } = manner;
  const chunks = await timed(stages.chunk, () => chunkerFor(manner).chunk(content, { signal, language }));
  stages.chunk.done += chunks.length;
  const lines = new LineCounter(text);
  return chunks
    .filter((chunk) => /\S/.test(chunk.text))
    .map(({ text: piece, headings, ...chunk }, index) => {
      const { start, end } = cleaned?.map.sourceRange(chunk.start, chunk.end) ?? chunk;
      return { text: piece, start, end, line: lines.at(start), headings, index };
    });
}

/** Lines of places that are asked for in order; going back means to begin again. */
class LineCounter {
  readonly #text: string;
  #line = 1;
  #lineStart = 0;
  /** The line feed that ends the line; the text's length if none does. Kept, as the next one may be far away. */
  #lineEnd: number;

  constructor(text: string) {
    this.#text = text;
    this.#lineEnd = this.#feedFrom(0);
  }

  at(position: number): number {
    if (position < this.#lineStart) [this.#line, this.#lineStart, this.#lineEnd] = [1, 0, this.#feedFrom(0)];
    while (this.#lineEnd < position) {
      this.#line++;
      this.#lineStart = this.#lineEnd + 1;
      this.#lineEnd = this.#feedFrom(this.#lineStart);
    }
    return this.#line;
  }

  #feedFrom(start: number): number {
    const feed = this.#text.indexOf('\n', start);
    return feed < 0 ? this.#text.length : feed;
  }
}
