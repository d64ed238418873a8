/** Lines that say nothing of a document: headers, footers, banners. */
import { type MappedText, Rewriter } from './rewriter.js';

/** A string is a whole line, white space at its ends left aside and runs of it as one space; a RegExp is searched in it. */
export type LinePattern = string | RegExp;

/** Which lines are left out. */
export interface BoilerplateOptions {
  /** Those that match, wherever they are. */
  lines?: readonly LinePattern[];
  /** Those that match before the first and after the last line that does not; empty lines between them go too. */
  edges?: readonly LinePattern[];
  /**
   * A line with letters that the text has this often or oftener (2 or more), such as a page's header or footer: it
   * stays where it is first, and goes wherever it is again.
   */
  repeated?: number;
}

interface Line {
  start: number;
  /** Behind its line feed. */
  end: number;
  /** Trimmed, runs of white space as one space. */
  text: string;
}

/** Leaves out lines that are on every page and say nothing of it, such as menus, footers and page numbers. */
export function trimBoilerplate(source: string, { lines = [], edges = [], repeated }: BoilerplateOptions): MappedText {
  const all = linesOf(source);
  const isOut = [matcher(lines), repeated === undefined ? () => false : repetition(all, repeated)];
  const kept = withoutEdges(
    all.filter((line) => !isOut.some((test) => test(line))),
    matcher(edges),
  );
  const out = new Rewriter(source);
  for (const { start, end } of kept) out.copy(start, end);
  return out.finish();
}

function linesOf(source: string): Line[] {
  const lines: Line[] = [];
  for (let start = 0; start < source.length; ) {
    const feed = source.indexOf('\n', start);
    const end = feed === -1 ? source.length : feed + 1;
    lines.push({ start, end, text: source.slice(start, end).trim().replace(/\s+/g, ' ') });
    start = end;
  }
  return lines;
}

function matcher(patterns: readonly LinePattern[]): (line: Line) => boolean {
  const texts = new Set(patterns.filter((pattern) => typeof pattern === 'string'));
  const expressions = patterns
    .filter((pattern) => typeof pattern !== 'string')
    // With g or y an expression would remember where it was in another line.
    .map((pattern) => new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, '')));
  return ({ text }) => texts.has(text) || expressions.some((expression) => expression.test(text));
}

function repetition(lines: readonly Line[], least: number): (line: Line) => boolean {
  const counts = new Map<string, number>();
  for (const { text } of lines) counts.set(text, (counts.get(text) ?? 0) + 1);
  const seen = new Set<string>();
  return ({ text }) => {
    if ((counts.get(text) as number) < least || !/\p{L}/u.test(text)) return false;
    if (seen.has(text)) return true;
    seen.add(text);
    return false;
  };
}

function withoutEdges(lines: Line[], isEdge: (line: Line) => boolean): Line[] {
  const isOut = (line: Line) => line.text === '' || isEdge(line);
  const first = lines.findIndex((line) => !isOut(line));
  const last = lines.findLastIndex((line) => !isOut(line));
  const starts = lines.findIndex(isEdge);
  const ends = lines.findLastIndex(isEdge);
  if (starts === -1) return lines;
  if (first === -1) return [];
  return lines.slice(starts < first ? first : 0, ends > last ? last + 1 : lines.length);
}
