/** White space in one form. */
import { type MappedText, rewrite } from './rewriter.js';

/** Of Unicode's property White_Space, which `\s` is not: that has U+FEFF and lacks U+0085. */
const SPACES = '\\t \\xA0\\u1680\\u2000-\\u200A\\u202F\\u205F\\u3000';
const LINE_ENDS = '\\n\\r\\v\\f\\x85\\u2028\\u2029';

/** Almost all white space is in its form already: that is not looked at. */
const runs = (kept: string) =>
  new RegExp(`[${SPACES}${LINE_ENDS}]{2,}|[${SPACES}${LINE_ENDS}](?<![${kept}])|^[${kept}]|[${kept}]$`, 'g');
const RUNS = { lines: runs(' \\n'), single: runs(' ') };
const LINE_END = new RegExp(`\\r\\n|[${LINE_ENDS}]`, 'g');

/**
 * A run of spaces, no-break spaces, tabs and the like becomes one space. With `'lines'` lines keep apart, trimmed, with
 * one empty line at most between them; with `'single'` they are joined by a space. The text is trimmed at both ends.
 */
export function normalizeWhitespace(source: string, form: 'lines' | 'single' = 'lines'): MappedText {
  return rewrite(source, RUNS[form], (run, start) => {
    if (start === 0 || start + run.length === source.length) return '';
    if (form === 'single') return ' ';
    const lines = run.match(LINE_END)?.length ?? 0;
    return lines === 0 ? ' ' : lines === 1 ? '\n' : '\n\n';
  });
}
