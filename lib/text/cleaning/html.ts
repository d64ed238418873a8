/** HTML to text. */
import { Tokenizer } from 'htmlparser2';
import { BlockWriter } from './block-writer.js';
import { type MappedText, Rewriter } from './rewriter.js';
import type { View } from './view.js';

/** What of a document that is no running text is kept. */
export interface MarkupOptions {
  /** The alternative text of images (default: true). */
  alt?: boolean;
  /** HTML: the document's title, which a browser does not show in the page (default: true). */
  title?: boolean;
}

/**
 * The text of an HTML document or of a piece of it, as a browser shows it without style sheets: blocks on lines of their
 * own, an empty line around paragraphs, headings, lists and tables, a tab between the cells of a table; `<pre>` as it
 * is; entities as their characters. Scripts, styles, comments and what stands in for scripts and frames is left out.
 *
 * htmlparser2's tokenizer is used without its parser: tags need not be matched to find text, and the parser's stack of
 * open elements takes quadratic time on deep nesting.
 */
export function htmlToText(source: string, options: MarkupOptions = {}): MappedText {
  const out = new Rewriter(source);
  new HtmlReader(new BlockWriter(out), options).read({ text: source }, 0, source.length);
  return out.finish();
}

/** Elements whose content is no text of the document. */
const UNSHOWN = new Set(['script', 'style', 'noscript', 'template', 'iframe', 'noembed', 'noframes']);

/** Elements with an empty line around them. */
const PARAGRAPHS = new Set(
  (
    'address article aside blockquote details fieldset figure footer form h1 h2 h3 h4 h5 h6 header hr main nav p pre ' +
    'section table title xmp'
  ).split(' '),
);
const LISTS = new Set(['ul', 'ol', 'dl', 'menu']);

/** Elements on lines of their own. */
const LINES = new Set(
  'body caption center dd div dt figcaption head html legend li optgroup option summary tbody textarea tfoot thead tr'.split(
    ' ',
  ),
);
const CELLS = new Set(['td', 'th']);
const PREFORMATTED = new Set(['pre', 'xmp', 'listing', 'plaintext']);

interface Attribute {
  name: string;
  value: string;
  start: number;
  end: number;
}

/**
 * Reads pieces of a document, one after the other, and writes their text. That it has the tokenizer's callbacks is checked where
 * it is handed over: to name their type here would have users' TypeScript load an ES module (test/e2e/package/exports.test.ts).
 */
export class HtmlReader {
  readonly #writer: BlockWriter;
  readonly #unshown: ReadonlySet<string>;
  readonly #keepsAlt: boolean;
  #view: View = { text: '' };
  /** Where the piece begins in the view. */
  #base = 0;
  #tag = '';
  #attribute: Attribute | undefined;
  #alt: Attribute | undefined;
  /** The element that is left out, and how many of its name are open. */
  #hidden = { name: '', depth: 0 };
  #preformatted = 0;
  #beginsPreformatted = false;
  #lists = 0;

  constructor(writer: BlockWriter, { alt = true, title = true }: MarkupOptions = {}) {
    this.#writer = writer;
    this.#keepsAlt = alt;
    this.#unshown = title ? UNSHOWN : new Set([...UNSHOWN, 'title']);
  }

  /** What comes now is in an element that is left out. */
  get isHiding(): boolean {
    return this.#hidden.depth > 0;
  }

  read(view: View, start: number, end: number): void {
    this.#view = view;
    this.#base = start;
    const tokenizer = new Tokenizer({}, this);
    tokenizer.write(view.text.slice(start, end));
    tokenizer.end();
  }

  /** Elements that were left open end here. */
  closeAll(): void {
    this.#hidden.depth = 0;
    this.#preformatted = 0;
    this.#lists = 0;
  }

  ontext(start: number, end: number): void {
    if (this.isHiding) return;
    let from = this.#base + start;
    const to = this.#base + end;
    // A line feed right behind the tag is for whoever reads the source.
    if (this.#beginsPreformatted && this.#view.text[from] === '\n') from++;
    this.#beginsPreformatted = false;
    if (this.#preformatted > 0) this.#writer.verbatim(this.#view, from, to);
    else this.#writer.flow(this.#view, from, to);
  }

  ontextentity(codepoint: number, end: number): void {
    if (this.isHiding) return;
    const to = this.#base + end;
    // A reference holds no other "&"; one that stands for two characters comes twice.
    const from = this.#view.text.lastIndexOf('&', to - 1);
    this.#writer.put(String.fromCodePoint(codepoint), this.#view, from, to);
  }

  onopentagname(start: number, end: number): void {
    this.#tag = this.#slice(start, end).toLowerCase();
    this.#alt = undefined;
    if (this.isHiding) {
      if (this.#tag === this.#hidden.name) this.#hidden.depth++;
      return;
    }
    if (this.#unshown.has(this.#tag)) this.#hidden = { name: this.#tag, depth: 1 };
    else this.#separate(this.#tag, 1);
  }

  onopentagend(): void {
    const alt = this.#alt;
    if (!alt || this.isHiding) return;
    if (this.#slice(alt.start, alt.end) === alt.value) this.ontext(alt.start, alt.end);
    else this.#writer.put(alt.value, this.#view, this.#base + alt.start, this.#base + alt.end);
  }

  onselfclosingtag(): void {
    this.onopentagend();
  }

  onclosetag(start: number, end: number): void {
    const name = this.#slice(start, end).toLowerCase();
    if (!this.isHiding) this.#separate(name, -1);
    else if (name === this.#hidden.name) this.#hidden.depth--;
  }

  onattribname(start: number, end: number): void {
    this.#attribute = { name: this.#slice(start, end).toLowerCase(), value: '', start: end, end };
  }

  onattribdata(start: number, end: number): void {
    const attribute = this.#attribute as Attribute;
    if (attribute.value === '') attribute.start = start;
    attribute.value += this.#slice(start, end);
    attribute.end = end;
  }

  onattribentity(codepoint: number): void {
    (this.#attribute as Attribute).value += String.fromCodePoint(codepoint);
  }

  onattribend(quote: number, end: number): void {
    const attribute = this.#attribute as Attribute;
    // Behind the quote, where there is one: an entity may be last.
    attribute.end = Math.max(attribute.start, quote > 1 ? end - 1 : end);
    if (attribute.name === 'alt' && this.#tag === 'img' && this.#keepsAlt) this.#alt = attribute;
  }

  oncdata(): void {}
  oncomment(): void {}
  ondeclaration(): void {}
  onend(): void {}
  onprocessinginstruction(): void {}

  isInForeignContext(): boolean {
    return false;
  }

  /** @param step 1 where the element begins, -1 where it ends */
  #separate(name: string, step: 1 | -1): void {
    this.#beginsPreformatted = step > 0 && PREFORMATTED.has(name);
    if (PREFORMATTED.has(name)) this.#preformatted = Math.max(0, this.#preformatted + step);
    if (LISTS.has(name)) {
      if (step < 0) this.#lists = Math.max(0, this.#lists - 1);
      this.#writer.startBlock(this.#lists === 0 ? 2 : 1);
      if (step > 0) this.#lists++;
    } else if (PARAGRAPHS.has(name)) this.#writer.startBlock(2);
    else if (LINES.has(name)) this.#writer.startBlock(1);
    else if (name === 'br') this.#writer.breakLine();
    else if (step > 0 && CELLS.has(name)) this.#writer.startCell();
  }

  #slice(start: number, end: number): string {
    return this.#view.text.slice(this.#base + start, this.#base + end);
  }
}
