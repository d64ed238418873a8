/** Whole sentences; one that is too long is cut at words. */
import { sentences } from '../sentences.js';
import { behind, spaces, words } from '../splitters.js';
import type { Strategy } from '../strategy.js';
import type { Splitter } from '../structure.js';

export const sentence: Strategy = ({ options: { locale, separators } }) => ({
  splitters: [separators ? behindAny(separators) : sentences(locale), spaces, words(locale)],
  overlap: 0,
});

/** Behind any of the strings and the white space that follows; of strings that begin alike, the longest counts. */
function behindAny(separators: readonly string[]): Splitter {
  const longestFirst = [...separators].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(`(?:${longestFirst.map(escaped).join('|')})\\s*`, 'g');
  return behind(pattern);
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
