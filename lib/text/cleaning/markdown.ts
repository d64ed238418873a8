/** Markdown to text. */
import type { Token, Tokens } from 'marked';
import { BlockWriter } from './block-writer.js';
import { HtmlReader, type MarkupOptions } from './html.js';
import { BoundedLexer, UNREAD } from './markdown-lexer.js';
import { chain, type MappedText, Rewriter, rewrite } from './rewriter.js';
import { type View, viewAsWhole, viewByLines } from './view.js';

/** What of Markdown is kept. */
export interface MarkdownOptions extends MarkupOptions {
  /** Code blocks: kept, left out, or a text in place of each; code within a sentence stays (default: 'keep'). */
  code?: 'keep' | 'drop' | { replace: string };
}

/**
 * The text of a Markdown document (CommonMark with GitHub's tables, strikethrough and bare links), as it is shown:
 * links by their text, images by their alternative text, headings, list items and rows of tables on lines of their own,
 * a tab between cells, numbers of lists kept, HTML as `htmlToText` does. Front matter and link definitions are left out.
 */
export function markdownToText(source: string, options: MarkdownOptions = {}): MappedText {
  return chain(source, [
    (text) => rewrite(text, /\r\n?/g, '\n'),
    (text) => {
      const out = new Rewriter(text);
      new MarkdownReader(new BlockWriter(out), options).read(text);
      return out.finish();
    },
  ]);
}

/** YAML or TOML, and nothing that is text between two rules: its first line has a key, or is a comment. */
const FRONT_MATTER =
  /^\uFEFF?(?:---[ \t]*\n(?=[\w"'-]+[ \t]*:|#)[\s\S]*?\n(?:---|\.\.\.)|\+\+\+[ \t]*\n(?=[\w"'.-]+[ \t]*=|[#[])[\s\S]*?\n\+\+\+)[ \t]*(?:\n|$)/;

/** A reference to a character, which needs its semicolon here. */
const ENTITY = /&(?:#\d{1,7}|#[xX][\da-fA-F]{1,6}|[a-zA-Z][a-zA-Z\d]{1,31});/g;

class MarkdownReader {
  readonly #lexer = new BoundedLexer();
  readonly #writer: BlockWriter;
  readonly #html: HtmlReader;
  readonly #alt: boolean;
  readonly #code: NonNullable<MarkdownOptions['code']>;

  constructor(writer: BlockWriter, { alt = true, code = 'keep', ...options }: MarkdownOptions) {
    this.#writer = writer;
    this.#html = new HtmlReader(writer, { alt, ...options });
    this.#alt = alt;
    this.#code = code;
  }

  read(source: string): void {
    const begin = FRONT_MATTER.exec(source)?.[0].length ?? (source.startsWith('\uFEFF') ? 1 : 0);
    const body = source.slice(begin);
    const view = viewByLines(body, { text: source }, begin, source.length);
    for (const { start, end, tokens } of this.#lexer.chunks(body)) {
      this.#blocks(tokens, begin === 0 ? { text: source } : view, start, end);
    }
  }

  #blocks(tokens: readonly Token[], view: View, start: number, end: number): void {
    walk(tokens, view, start, end, (token, part, at, to) => this.#block(token, part, at, to));
  }

  #block(token: Token, view: View, start: number, end: number): void {
    switch (token.type) {
      case 'space':
      case 'def':
      case 'hr':
        break;
      case 'code':
        this.#codeBlock(token as Tokens.Code, view, start, end);
        break;
      case 'blockquote':
        this.#quote(token as Tokens.Blockquote, view, start, end);
        break;
      case 'list':
        this.#list(token as Tokens.List, view, start, end);
        break;
      case 'table':
        this.#table(view, start, end);
        break;
      case 'html':
        this.#html.closeAll();
        this.#html.read(view, start, end);
        break;
      case UNREAD:
        this.#unread(view, start, end);
        break;
      default:
        this.#leaf(token, view, start, end);
        break;
    }
  }

  /** A heading, a paragraph, or the text of a tight list's item. */
  #leaf(token: Token, view: View, start: number, end: number): void {
    const { type, text } = token as Tokens.Paragraph | Tokens.Text;
    const feeds = type === 'text' ? 1 : 2;
    this.#writer.startBlock(feeds);
    const at = view.text.slice(start, end).indexOf(text);
    // Lines of it may have been indented.
    if (at === -1) this.#inlines(text, viewByLines(text, view, start, end), 0);
    else this.#inlines(text, view, start + at);
    this.#writer.startBlock(feeds);
  }

  #codeBlock({ text, codeBlockStyle }: Tokens.Code, view: View, start: number, end: number): void {
    this.#writer.startBlock(2);
    if (typeof this.#code === 'object') this.#writer.put(this.#code.replace, view, start, end);
    else if (this.#code === 'keep') {
      const lines = trimEnd(text, '\n');
      const code = viewByLines(lines, view, start, end, codeBlockStyle === 'indented' ? 0 : 1);
      this.#writer.verbatim(code, 0, lines.length);
    }
    this.#writer.startBlock(2);
  }

  #quote({ text, tokens }: Tokens.Blockquote, view: View, start: number, end: number): void {
    this.#writer.startBlock(2);
    this.#blocks(tokens, viewByLines(text, view, start, end), 0, text.length);
    this.#writer.startBlock(2);
  }

  #list({ items, loose }: Tokens.List, view: View, start: number, end: number): void {
    const feeds = loose ? 2 : 1;
    walk(items, view, start, end, (item, part, at, to) => {
      const { text, tokens } = item as Tokens.ListItem;
      this.#writer.startBlock(feeds);
      const [marker = '', number = ''] = ORDERED.exec(part.text.slice(at, Math.min(to, at + MOST_MARKER))) ?? [];
      if (number) this.#writer.label(part, at + marker.length - number.length, at + marker.length);
      this.#blocks(withoutCheckbox(tokens), viewByLines(text, part, at, to), 0, text.length);
      this.#writer.endLabel();
      this.#writer.startBlock(feeds);
    });
    this.#writer.startBlock(2);
  }

  /** By its lines, as the lexer's cells are without place and those too many for the header are lost. */
  #table(view: View, start: number, end: number): void {
    this.#writer.startBlock(2);
    let row = 0;
    for (let at = start; at < end; row++) {
      const feed = view.text.indexOf('\n', at);
      const lineEnd = feed === -1 ? end : Math.min(feed, end);
      if (row !== DELIMITER_ROW) this.#row(view, at, lineEnd);
      at = lineEnd + 1;
    }
    this.#writer.startBlock(2);
  }

  #row(view: View, start: number, end: number): void {
    this.#writer.startBlock(1);
    let cells = 0;
    for (const { 0: cell, index } of view.text.slice(start, end).matchAll(CELL)) {
      const text = cell.trim();
      if (text === '') continue;
      if (cells++ > 0) this.#writer.startCell();
      this.#inlines(text, view, start + index + cell.indexOf(text));
    }
  }

  /** Too deep for the lexer, which leaves the markers of quotes in. */
  #unread(view: View, start: number, end: number): void {
    this.#writer.startBlock(2);
    for (const { 0: line, index } of view.text.slice(start, end).matchAll(/[^\n]+/g)) {
      this.#writer.startBlock(1);
      const text = line.replace(/^[ \t>]+/, '');
      this.#inlines(text, view, start + index + line.length - text.length);
    }
    this.#writer.startBlock(2);
  }

  /** @param text is in the view at `start` */
  #inlines(text: string, view: View, start: number): void {
    this.#html.closeAll();
    this.#inlineTokens([...this.#lexer.inlines(text)], view, start, start + text.length);
  }

  #inlineTokens(tokens: readonly Token[], view: View, start: number, end: number): void {
    walk(tokens, view, start, end, (token, part, at, to) => {
      if (token.type === 'html') this.#html.read(part, at, to);
      else if (!this.#html.isHiding) this.#inline(token, part, at, to);
    });
  }

  #inline(token: Token, view: View, start: number, end: number): void {
    switch (token.type) {
      case 'text':
        this.#text(view, start, end);
        break;
      case 'escape':
        this.#writer.flow(view, start + 1, end);
        break;
      case 'br':
        this.#writer.breakLine();
        break;
      case 'codespan':
        this.#codeSpan(view, start, end);
        break;
      case 'em':
      case 'strong':
      case 'del':
        this.#inside(token as Tokens.Em, (token.raw.length - (token as Tokens.Em).text.length) / 2, view, start);
        break;
      case 'image':
        if (this.#alt) this.#inside(token as Tokens.Image, 2, view, start);
        break;
      case 'link':
        this.#link(token as Tokens.Link, view, start, end);
        break;
      default:
        this.#writer.flow(view, start, end);
        break;
    }
  }

  #link(token: Tokens.Link, view: View, start: number, end: number): void {
    const angles = token.raw.length - token.text.length;
    if (token.autolink) this.#writer.flow(view, start + angles / 2, end - angles / 2);
    else this.#inside(token, 1, view, start);
  }

  /** @param markers units before the text */
  #inside(token: Tokens.Em | Tokens.Link | Tokens.Image, markers: number, view: View, start: number): void {
    const { raw, text, tokens } = token;
    const at = start + markers;
    if (view.text.startsWith(text, at)) this.#inlineTokens(tokens, view, at, at + text.length);
    // Its brackets were escaped.
    else this.#inlineTokens(tokens, viewAsWhole(text, view, start, start + raw.length), 0, text.length);
  }

  #codeSpan(view: View, start: number, end: number): void {
    let ticks = 0;
    while (view.text[start + ticks] === '`') ticks++;
    this.#writer.flow(view, start + ticks, end - ticks);
  }

  #text(view: View, start: number, end: number): void {
    let at = start;
    for (const { 0: entity, index } of view.text.slice(start, end).matchAll(ENTITY)) {
      this.#writer.flow(view, at, start + index);
      at = start + index + entity.length;
      this.#html.read(view, start + index, at);
    }
    this.#writer.flow(view, at, end);
  }
}

/** A line of dashes, behind the header. */
const DELIMITER_ROW = 1;

/** What is between two pipes, escaped ones included. */
const CELL = /(?:\\[\s\S]|[^\\|])+/g;

/** The marker of an ordered list's item: three spaces in front at most, and nine digits. */
const ORDERED = /^\s*(\d{1,9}[.)])/;
const MOST_MARKER = 16;

/**
 * Visits tokens with their places: `raw` after `raw` is the text from `start` to `end`. Where marked has changed a text
 * (a tab expanded, an indentation added), a token is none of it, and stands for all between those that were found.
 */
function walk(
  tokens: readonly Token[],
  view: View,
  start: number,
  end: number,
  visit: (token: Token, view: View, start: number, end: number) => void,
): void {
  const places = placesOf(tokens, view.text, start, end);
  let at = start;
  let next = 0;
  for (const [i, token] of tokens.entries()) {
    const place = places[i] as number;
    if (place !== -1) {
      at = Math.min(place + token.raw.length, end);
      visit(token, view, place, at);
      continue;
    }
    next = Math.max(next, i + 1);
    while (next < tokens.length && places[next] === -1) next++;
    const gapEnd = next < tokens.length ? (places[next] as number) : end;
    visit(token, viewAsWhole(token.raw, view, at, gapEnd), 0, token.raw.length);
  }
}

function placesOf(tokens: readonly Token[], text: string, start: number, end: number): number[] {
  let at = start;
  return tokens.map(({ raw }) => {
    // At the end of a text marked takes a space for a line feed.
    const solid = text.startsWith(raw, at) ? raw : raw.trimEnd();
    const isNext = at + solid.length <= end && text.startsWith(solid, at);
    const place = isNext ? at : at + text.slice(at, end).indexOf(solid);
    if (place < at) return -1;
    at = place + solid.length;
    return place;
  });
}

/** marked puts the box of a task in front of the item's text, which it has been taken out of. */
function withoutCheckbox(tokens: readonly Token[]): readonly Token[] {
  const [first, ...others] = tokens;
  if (first?.type === 'checkbox') return others;
  const [box] = (first as Tokens.Paragraph | undefined)?.tokens ?? [];
  if (box?.type !== 'checkbox') return tokens;
  const { raw, text } = first as Tokens.Paragraph;
  const { length } = box.raw;
  return [{ ...first, raw: raw.slice(length), text: text.slice(length) } as Token, ...others];
}

/** `text.replace(/x+$/, '')` would take quadratic time. */
function trimEnd(text: string, unit: string): string {
  let end = text.length;
  while (text[end - 1] === unit) end--;
  return text.slice(0, end);
}
