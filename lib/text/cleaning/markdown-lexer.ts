/**
 * marked's lexer in bounds: it recurses for each level of nesting, and parts of it take quadratic time, so it gets a
 * document in pieces. A document of usual make is cut where a block ends anyway.
 */
import { Lexer, type MarkedOptions, type Token, Tokenizer } from 'marked';
import type { Range } from './offset-map.js';

/** Block quotes and list items within one another; what is deeper is text. */
const MOST_LEVELS = 12;

/**
 * UTF-16 units after which a document is cut where a block ends; between items of a list, which then is two; and at the
 * end of any line.
 */
const CHUNK = { block: 1024, item: 16384, line: 65536 };

/** A paragraph is cut where it has more characters than `units`, or more than `marks` of those that may be markup. */
const PIECE = { units: 4096, marks: 64 };

/** What the lexer did not read: text with its markers. */
export const UNREAD = 'unread';

/** A document's blocks in one of its chunks. */
export interface Chunk extends Range {
  tokens: Token[];
}

/** Options of its own, since marked's own ones are shared with whoever else uses it in this process. */
export class BoundedLexer extends Lexer {
  #level = 0;

  constructor() {
    const options: MarkedOptions = { async: false, breaks: false, gfm: true, pedantic: false, silent: false };
    super({ ...options, tokenizer: new Tokenizer(options) });
  }

  /** Blocks of all chunks, so that every link definition is known when the text in them is read. */
  chunks(text: string): Chunk[] {
    const chunks: Chunk[] = [];
    for (const { start, end } of cutBlocks(text)) {
      const chunk = text.slice(start, end);
      chunks.push({ start, end, tokens: this.#attempt(chunk, () => this.blockTokens(chunk, [])) });
      this.inlineQueue = [];
    }
    return chunks;
  }

  /** The tokens of text in a block; whether all of it was read at once makes no difference to whoever walks them. */
  *inlines(text: string): Generator<Token> {
    if (text !== '' && !MARKUP.test(text)) return yield { type: 'text', raw: text, text };
    this.state.inLink = false;
    this.state.inRawBlock = false;
    for (const { start, end } of cutText(text)) {
      const piece = text.slice(start, end);
      yield* this.#attempt(piece, () => this.inlineTokens(piece, []));
    }
  }

  override blockTokens(src: string, tokens: Token[] = [], lastParagraphClipped = false) {
    if (this.#level === MOST_LEVELS) {
      if (src !== '') tokens.push(unread(src));
      this.state.top = true;
      return tokens as ReturnType<Lexer['blockTokens']>;
    }
    this.#level++;
    try {
      return super.blockTokens(src, tokens, lastParagraphClipped) as ReturnType<Lexer['blockTokens']>;
    } finally {
      this.#level--;
    }
  }

  /** marked throws where it makes no headway; the text is kept then, its markup too. */
  #attempt(text: string, read: () => Token[]): Token[] {
    try {
      return read();
    } catch {
      this.#level = 0;
      this.state.top = true;
      return [unread(text)];
    }
  }
}

function unread(raw: string): Token {
  return { type: UNREAD, raw };
}

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
/** HTML blocks that only their end tag ends, not an empty line. */
const HTML_BLOCKS: readonly (readonly [RegExp, RegExp])[] = [
  [/^ {0,3}<(?:script|pre|style|textarea)(?:[\s>]|$)/i, /<\/(?:script|pre|style|textarea)>/i],
  [/^ {0,3}<!--/, /-->/],
  [/^ {0,3}<\?/, /\?>/],
  [/^ {0,3}<!\[CDATA\[/, /\]\]>/],
];
const HEADING = /^#{1,6}[ \t]/;
const UNDERLINE = /^ {0,3}(?:=+|-+)[ \t]*$/;
const LIST_ITEM = /^(?:[-*+]|\d{1,9}[.)])[ \t]/;

function* cutBlocks(text: string): Generator<Range> {
  /** Matches the line at which a code block or HTML block that is open ends. */
  let closing: RegExp | undefined;
  let previous = '';
  let start = 0;
  for (let at = 0; at < text.length; ) {
    const feed = text.indexOf('\n', at);
    const end = feed === -1 ? text.length : feed + 1;
    const line = text.slice(at, feed === -1 ? end : feed);
    if (closing) {
      if (closing.test(line)) closing = undefined;
    } else {
      const units = at - start;
      const isItem = units >= CHUNK.item && LIST_ITEM.test(line);
      if (units >= CHUNK.line || isItem || (units >= CHUNK.block && isBlockStart(line, previous))) {
        yield { start, end: at };
        start = at;
      }
      closing = closingOf(line);
    }
    previous = line;
    at = end;
  }
  if (start < text.length) yield { start, end: text.length };
}

function isBlockStart(line: string, previous: string): boolean {
  if (previous.trim() === '') return /^\S/.test(line);
  return UNDERLINE.test(previous) || HEADING.test(line);
}

function closingOf(line: string): RegExp | undefined {
  const fence = FENCE.exec(line)?.[1];
  // A line that begins with code in back-ticks is no fence.
  if (fence && !(fence[0] === '`' && line.indexOf('`', line.indexOf(fence) + fence.length) !== -1)) {
    return new RegExp(`^ {0,3}\\${fence[0]}{${Math.min(fence.length, 1000)},}[ \t]*$`);
  }
  const html = HTML_BLOCKS.find(([opening]) => opening.test(line));
  return html && !html[1].test(line) ? html[1] : undefined;
}

/** Cuts at white space outside of brackets and code, and at a line's end rather; where there is none, anywhere. */
function* cutText(text: string): Generator<Range> {
  let start = 0;
  while (start < text.length) {
    const end = pieceEnd(text, start);
    yield { start, end };
    start = end;
  }
}

function pieceEnd(text: string, start: number): number {
  let marks = 0;
  let brackets = 0;
  let isCode = false;
  let space = 0;
  let feed = 0;
  for (let at = start; at < text.length; at++) {
    const unit = text[at] as string;
    if (MARKS.has(unit)) marks++;
    if (unit === '[') brackets++;
    else if (unit === ']') brackets--;
    else if (unit === '`') isCode = !isCode;
    else if (unit === '\n') feed = at + 1;
    else if (unit === ' ' && brackets <= 0 && !isCode) space = at + 1;
    if (marks > PIECE.marks || at - start >= PIECE.units) return feed || space || at + 1;
  }
  return text.length;
}

/** Without any of these a text is nothing but text; half of all paragraphs are. */
const MARKUP = /[\\<[`*_~@]| \n|:\/\/|www\./i;

/** Each may have the lexer look at what follows it. */
const MARKS = new Set('[]()<*_~`&@\\!\n');
