/** Typographic characters as those of a keyboard. */
import { type MappedText, rewrite } from './rewriter.js';

/** Which ones; all of them by default. */
export interface TypographyOptions {
  /** `“ ” „ « »` and double primes ► `"`; `‘ ’ ‚ ‹ ›` and primes ► `'`. Corner brackets 「」 stay. */
  quotes?: boolean;
  /** Hyphens, en dash and minus ► `-`; the em dash and the horizontal bar ► ` - `, for they part words. */
  dashes?: boolean;
  /** `…` ► `...`. */
  ellipses?: boolean;
}

const QUOTES: ReadonlyMap<string, string> = new Map([
  ...[...'“”„‟«»″'].map((quote) => [quote, '"'] as const),
  ...[...'‘’‚‛‹›′'].map((quote) => [quote, "'"] as const),
]);

const LONG_DASHES = ' ?[—―]+ ?';

/** Replaces the characters of fine typography by those of a typewriter. */
export function plainTypography(source: string, options: TypographyOptions = {}): MappedText {
  const { quotes = true, dashes = true, ellipses = true } = options;
  const patterns = [];
  if (quotes) patterns.push(`[${[...QUOTES.keys()].join('')}]`);
  if (dashes) patterns.push('[‐‑‒–−﹘﹣]', LONG_DASHES);
  if (ellipses) patterns.push('…');
  if (patterns.length === 0) return rewrite(source, /(?!)/g, '');
  return rewrite(source, new RegExp(patterns.join('|'), 'g'), (match, start) => {
    if (match === '…') return '...';
    return QUOTES.get(match) ?? plainDash(source, match, start);
  });
}

function plainDash(source: string, match: string, start: number): string {
  if (!/[—―]/.test(match)) return '-';
  const before = start === 0 || /\s/.test(source.charAt(start - 1)) ? '' : ' ';
  const end = start + match.length;
  const after = end === source.length || /\s/.test(source.charAt(end)) ? '' : ' ';
  return `${before}-${after}`;
}
