/**
 * The blocks of a Markdown text that stand in no other. A scanner of lines rather than marked's lexer, which reads nested
 * quotes and lists level by level, the rest of the text at each, until the stack ends (at 3,000 quotes).
 */
import {
  atxHeading,
  closesFence,
  isDelimiterRow,
  isThematicBreak,
  itemIndent,
  openingFence,
  opensHtml,
  setextDepth,
} from './lines.js';

export interface Block {
  kind: 'frontMatter' | 'heading' | 'code' | 'html' | 'list' | 'table' | 'break' | 'text';
  start: number;
  /** Of a heading: 1 to 6. */
  depth: number;
  /** Of a heading. */
  title: string;
  /** Places where it may be cut if it must: in front of items of a list, rows of a table, lines of code. */
  parts: number[];
}

/** The blocks in order; each ends where the next begins, with the blank lines between them. */
export function* blocks(text: string): Generator<Block, void, undefined> {
  const scanner = new Scanner(hasFrontMatter(text));
  for (const [line, start] of linesOf(text)) {
    const finished = scanner.take(line, start);
    if (finished) yield finished;
  }
  const last = scanner.open;
  if (last) yield last;
}

/** YAML or TOML between two rows of signs, of which the first is the first line. */
function hasFrontMatter(text: string): boolean {
  const signs = /^(---|\+\+\+)\r?\n(?=[^\S\n]*\S)/.exec(text)?.[1];
  return signs !== undefined && text.includes(`\n${signs}`, signs.length + 1);
}

function* linesOf(text: string): Generator<[line: string, start: number], void, undefined> {
  for (let start = 0; start < text.length; ) {
    const newLine = text.indexOf('\n', start);
    const end = newLine < 0 ? text.length : newLine;
    const line = text.slice(start, end);
    yield [line.endsWith('\r') ? line.slice(0, -1) : line, start];
    start = end + 1;
  }
}

class Scanner {
  /** The block that the last line belongs to. */
  open: Block | undefined;
  /** How the open block ends, if that is by a line of its own. */
  #ends: ((line: string) => boolean) | undefined;
  /** Whether the last line was blank. */
  #wasBlank = false;
  /** Columns in front of the items of the open list. */
  #indent = 0;
  /** First line of the open text: of a heading that is underlined, or the head of a table. */
  #firstLine = '';
  #linesOfText = 0;
  readonly #hasFrontMatter: boolean;

  constructor(hasFrontMatter: boolean) {
    this.#hasFrontMatter = hasFrontMatter;
  }

  /** @returns the block that ends in front of the line */
  take(line: string, start: number): Block | undefined {
    const { open } = this;
    if (open && this.#ends) {
      if (open.kind === 'code') open.parts.push(start);
      if (this.#ends(line)) this.#close();
      return undefined;
    }
    if (line.trim() === '') {
      this.#wasBlank = true;
      return undefined;
    }
    const finished = this.#goesOn(line, start) ? undefined : this.#begin(line, start);
    this.#wasBlank = false;
    return finished;
  }

  /** Nothing belongs to the open block any more except blank lines. */
  #close(): void {
    this.#ends = undefined;
    this.#wasBlank = true;
  }

  /** Whether a line that is not blank belongs to the open block. */
  #goesOn(line: string, start: number): boolean {
    const { open } = this;
    if (open?.kind === 'list') return this.#goesOnList(open, line, start);
    if (this.#wasBlank || !open || (open.kind !== 'text' && open.kind !== 'table')) return false;
    if (open.kind === 'text') {
      const depth = setextDepth(line);
      if (depth && !this.#firstLine.trimStart().startsWith('>')) return this.#underline(open, depth);
      if (this.#linesOfText === 1 && this.#firstLine.includes('|') && isDelimiterRow(line)) {
        open.kind = 'table';
        return true;
      }
    }
    if (interrupts(line)) return false;
    if (open.kind === 'table') open.parts.push(start);
    else this.#linesOfText++;
    return true;
  }

  #underline(open: Block, depth: number): boolean {
    open.kind = 'heading';
    open.depth = depth;
    open.title = this.#firstLine.trim();
    return true;
  }

  /** A list goes on with further items, with what is indented, and with lines that follow each other. */
  #goesOnList(open: Block, line: string, start: number): boolean {
    const indent = itemIndent(line);
    if (indent !== undefined && indent <= this.#indent + 3) {
      if (indent <= this.#indent + 1) open.parts.push(start);
      return this.#inList(line);
    }
    if (/^(?: {2}|\t)/.test(line)) return this.#inList(line);
    return !this.#wasBlank && !interrupts(line);
  }

  /** Code inside an item may hold anything. */
  #inList(line: string): true {
    const fence = openingFence(line.replace(/^ *(?:[-+*]|\d{1,9}[.)])[ \t]+/, ''));
    if (fence) this.#ends = (next) => closesFence(next, fence);
    return true;
  }

  #begin(line: string, start: number): Block | undefined {
    const finished = this.open;
    const atx = atxHeading(line);
    this.open = { kind: 'text', start, depth: 0, title: '', parts: [], ...(atx && { kind: 'heading', ...atx }) };
    if (!finished) this.open.start = 0;
    if (!atx) this.#beginOther(this.open, line, start);
    return finished;
  }

  #beginOther(open: Block, line: string, start: number): void {
    const fence = /^ {0,3}\S/.test(line) ? openingFence(line) : undefined;
    const html = opensHtml(line);
    const indent = itemIndent(line);
    if (start === 0 && this.#hasFrontMatter) {
      open.kind = 'frontMatter';
      this.#ends = (next) => next.trimEnd() === line;
    } else if (fence) {
      open.kind = 'code';
      this.#ends = (next) => closesFence(next, fence);
    } else if (html) {
      open.kind = 'html';
      this.#ends = (next) => html.test(next);
    } else if (isThematicBreak(line)) {
      open.kind = 'break';
    } else if (indent !== undefined && indent <= 3) {
      open.kind = 'list';
      this.#indent = indent;
      this.#inList(line);
    } else {
      this.#firstLine = line;
      this.#linesOfText = 1;
    }
  }
}

/** Whether a line begins a block of its own right behind a line of text. */
function interrupts(line: string): boolean {
  if (atxHeading(line) || isThematicBreak(line) || opensHtml(line)) return true;
  if (/^ {0,3}\S/.test(line) && openingFence(line)) return true;
  const indent = itemIndent(line);
  // A number other than 1 is rather the end of a sentence.
  return indent !== undefined && indent <= 3 && /^ *(?:[-+*]|1[.)])[ \t]+\S/.test(line);
}
