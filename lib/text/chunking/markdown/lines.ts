/** What a line of Markdown begins, as CommonMark 0.31 and GFM have it; line by line, so that no nesting costs more than its length. */

const ATX = /^ {0,3}(#{1,6})(?:[ \t]+(.*))?$/;
const FENCE = /^ *(`{3,}|~{3,})([^\n]*)$/;
const LIST_ITEM = /^( *)(?:[-+*]|\d{1,9}[.)])(?:[ \t]|$)/;
const SETEXT = /^ {0,3}(=+|-+)[ \t]*$/;
const DELIMITER_ROW = /^[ |:-]+$/;

/** Blocks of HTML in which blank lines and signs mean nothing, by the line that ends them. */
const HTML: readonly (readonly [RegExp, RegExp])[] = [
  [/^ {0,3}<!--/, /-->/],
  [/^ {0,3}<(?:pre|script|style|textarea)(?:[\s>]|$)/i, /<\/(?:pre|script|style|textarea)>/i],
];

export interface Atx {
  depth: number;
  title: string;
}

export function atxHeading(line: string): Atx | undefined {
  const match = ATX.exec(line);
  if (!match) return undefined;
  const [, signs = '', rest = ''] = match;
  return { depth: signs.length, title: withoutClosing(rest) };
}

/** Hashes at the end, behind a space, belong to the sign and not to the title. */
function withoutClosing(title: string): string {
  const trimmed = title.trim();
  let end = trimmed.length;
  while (end > 0 && trimmed[end - 1] === '#') end--;
  if (end === 0) return '';
  return end < trimmed.length && /[ \t]/.test(trimmed[end - 1] as string) ? trimmed.slice(0, end).trimEnd() : trimmed;
}

/** Depth of a heading that the line underlines. */
export function setextDepth(line: string): 1 | 2 | undefined {
  const sign = SETEXT.exec(line)?.[1]?.[0];
  return sign === undefined ? undefined : sign === '=' ? 1 : 2;
}

/** The signs that open a block of code. */
export function openingFence(line: string): string | undefined {
  const match = FENCE.exec(line);
  if (!match) return undefined;
  const [, signs = '', info = ''] = match;
  return signs[0] === '`' && info.includes('`') ? undefined : signs;
}

export function closesFence(line: string, fence: string): boolean {
  const signs = line.trim();
  return signs.length >= fence.length && signs === (fence[0] as string).repeat(signs.length);
}

export function opensHtml(line: string): RegExp | undefined {
  const [opening, closing] = HTML.find(([pattern]) => pattern.test(line)) ?? [];
  if (!opening || !closing) return undefined;
  return closing.test(line.replace(opening, '')) ? undefined : closing;
}

/** Columns in front of the sign of an item of a list. */
export function itemIndent(line: string): number | undefined {
  return isThematicBreak(line) ? undefined : LIST_ITEM.exec(line)?.[1]?.length;
}

export function isThematicBreak(line: string): boolean {
  if (!/^ {0,3}[-*_]/.test(line)) return false;
  const signs = line.replace(/[ \t]/g, '');
  return signs.length >= 3 && /^(?:-+|\*+|_+)$/.test(signs);
}

export function isDelimiterRow(line: string): boolean {
  return line.includes('|') && line.includes('-') && DELIMITER_ROW.test(line);
}
