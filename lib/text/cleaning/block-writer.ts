/** Text of a marked-up document: blocks apart by line feeds, white space as a browser shows it. */
import type { Range } from './offset-map.js';
import type { Rewriter } from './rewriter.js';
import { copyFrom, sourceRange, type View } from './view.js';

/** White space of HTML, which a no-break space is not. */
const COLLAPSED = /[ \t\n\f\r]{2,}|[\t\n\f\r]|^ | $/g;

/** What is put between two pieces of text is written with the second one, so that none is left at the end. */
export class BlockWriter {
  readonly #out: Rewriter;
  /** Line feeds to write before the next text. */
  #feeds = 0;
  /** What to write before it on the same line, and what that stands for. */
  #space: { text: string; range?: Range } | undefined;
  /** Line feeds that a preformatted text ended with. */
  #written = 0;
  #isLabelled = false;
  /** The end of the last text in the source. */
  #at = 0;

  constructor(out: Rewriter) {
    this.#out = out;
  }

  /** The next text begins on a new line; with 2, behind an empty one. */
  startBlock(feeds: 1 | 2): void {
    if (this.#isLabelled) return;
    this.#feeds = Math.max(this.#feeds, feeds);
    this.#space = undefined;
  }

  /** `<br>`: two of them leave an empty line. */
  breakLine(): void {
    this.#feeds = Math.min(this.#feeds + 1, 2);
    this.#space = undefined;
  }

  /** The number of a list's item: the next text stays on its line, whatever block it is in. */
  label(view: View, start: number, end: number): void {
    this.#copy(view, start, end);
    this.#space = { text: ' ' };
    this.#isLabelled = true;
  }

  /** The item may have been empty. */
  endLabel(): void {
    this.#isLabelled = false;
  }

  /** The next text is in the next cell of its row. */
  startCell(): void {
    this.#space = { text: '\t' };
  }

  /** Text in which a run of white space is one space. */
  flow(view: View, start: number, end: number): void {
    const text = view.text.slice(start, end);
    let at = 0;
    for (const { 0: space, index } of text.matchAll(COLLAPSED)) {
      this.#copy(view, start + at, start + index);
      at = index + space.length;
      this.#space ??= { text: ' ', range: sourceRange(view, start + index, start + at) };
    }
    this.#copy(view, start + at, end);
  }

  /** Preformatted text: everything stays. */
  verbatim(view: View, start: number, end: number): void {
    if (start === end) return;
    this.#copy(view, start, end);
    for (let at = end; at > start && view.text[at - 1] === '\n' && this.#written < 2; at--) this.#written++;
  }

  /** A character that the range stands for, such as an entity's. */
  put(text: string, view: View, start: number, end: number): void {
    const range = sourceRange(view, start, end);
    if (/^[ \t\n\f\r]$/.test(text)) {
      this.#space ??= { text: ' ', range };
      return;
    }
    this.#separate(range.start);
    this.#out.put(text, range.start, range.end);
    this.#at = range.end;
  }

  #copy(view: View, start: number, end: number): void {
    if (start === end) return;
    const range = sourceRange(view, start, end);
    this.#separate(range.start);
    copyFrom(view, start, end, this.#out);
    this.#at = range.end;
  }

  /** @param next where the next text begins in the source: before the end of the last one, if both stand for the same */
  #separate(next: number): void {
    const feeds = Math.max(0, this.#feeds - this.#written);
    const text = feeds > 0 ? '\n'.repeat(feeds) : this.#feeds === 0 && this.#space ? this.#space.text : '';
    if (text !== '' && this.#out.length > 0) {
      const between = { start: Math.min(next, this.#at), end: this.#at };
      const { start, end } = (feeds === 0 && this.#space?.range) || between;
      if (this.#out.source.slice(start, end) === text) this.#out.copy(start, end);
      else this.#out.put(text, start, end);
    }
    this.#feeds = 0;
    this.#isLabelled = false;
    this.#written = 0;
    this.#space = undefined;
  }
}
