/**
 * Where a text may be cut without cutting what a reader takes for one character (extended grapheme clusters, Unicode
 * UAX 29). Looks at the neighbours of a place alone, so that asking costs the same in any text; in doubt the answer is
 * no: sequences that the standard divides by what stands far in front of them are not divided here.
 */
import type { Splitter } from './structure.js';

/** Joins what is in front of it: marks, joiners, tones of skin, and the two letters that UAX 29 counts as spacing marks. */
const JOINS_BEFORE = /[\p{M}\p{Grapheme_Extend}\p{Emoji_Modifier}\u0e33\u0eb3]|\u200d/u;

/** Joins what comes behind it: joiners, viramas that build conjuncts, signs that are written around numbers. */
const JOINS_BEHIND =
  /[\u200d\u094d\u09cd\u0acd\u0b4d\u0c4d\u0d4d\u1039\u17d2\u1a60\u1b44\u1bab\ua9c0\uaaf6\u{10a3f}\u{11133}\u{113d0}\u{1193e}\u{11a47}\u{11a99}\u{11f42}\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u0d4e\u{110bd}\u{110cd}\u{111c2}\u{111c3}\u{113d1}\u{1193f}\u{11941}\u{11a84}-\u{11a89}\u{11d46}\u{11f02}]/u;

const REGIONAL = /\p{Regional_Indicator}/u;
/** Hangul: letters that begin a syllable, and everything that can go on. */
const HANGUL_LEADING = /[\u1100-\u115f\ua960-\ua97c]/;
const HANGUL = /[\u1100-\u11ff\ua960-\ua97c\uac00-\ud7a3\ud7b0-\ud7fb]/;
const HANGUL_FOLLOWING = /[\u1160-\u11ff\ud7b0-\ud7fb]/;

const LAST_SIMPLE = 0x2ff;

/** Whether a text may be cut at a place inside it. */
export function isGraphemeBoundary(text: string, at: number): boolean {
  const before = text.charCodeAt(at - 1);
  const after = text.charCodeAt(at);
  if (before <= LAST_SIMPLE && after <= LAST_SIMPLE) return before !== 0x0d || after !== 0x0a;
  if (!isCharacterBoundary(text, at)) return false;
  const next = String.fromCodePoint(text.codePointAt(at) as number);
  if (JOINS_BEFORE.test(next)) return false;
  const previous = characterBefore(text, at);
  if (JOINS_BEHIND.test(previous)) return false;
  if (REGIONAL.test(next) && REGIONAL.test(previous)) return regionalsBefore(text, at) % 2 === 0;
  if (HANGUL_FOLLOWING.test(next)) return !HANGUL.test(previous);
  return !(HANGUL_LEADING.test(previous) && HANGUL.test(next));
}

/** Whether no surrogate pair is cut at a place inside the text. */
export function isCharacterBoundary(text: string, at: number): boolean {
  const after = text.charCodeAt(at);
  if (after < 0xdc00 || after > 0xdfff) return true;
  const before = text.charCodeAt(at - 1);
  return before < 0xd800 || before > 0xdbff;
}

/** The nearest place at or in front of `at`, down to `least`, where the text may be cut; `at` if a long grapheme leaves none. */
export function boundaryBefore(text: string, at: number, least: number): number {
  if (at >= text.length) return text.length;
  const nearest = Math.max(least, at - LONGEST_LOOK);
  for (let place = at; place > nearest; place--) if (isGraphemeBoundary(text, place)) return place;
  return isCharacterBoundary(text, at) ? at : at - 1;
}

const LONGEST_LOOK = 64;

/** One grapheme after the other. */
export const graphemes: Splitter = function* (text, start, end) {
  for (let at = start + 1; at < end; at++) if (isGraphemeBoundary(text, at)) yield at;
};

/** One character (code point) after the other. */
export const characters: Splitter = function* (text, start, end) {
  for (let at = start + 1; at < end; at++) if (isCharacterBoundary(text, at)) yield at;
};

function characterBefore(text: string, at: number): string {
  const unit = text.charCodeAt(at - 1);
  const isLow = unit >= 0xdc00 && unit <= 0xdfff;
  return text.slice(at - (isLow ? 2 : 1), at);
}

/** Flags are pairs; a row of them is looked at as far back as `LONGEST_LOOK`. */
function regionalsBefore(text: string, at: number): number {
  let count = 0;
  for (let end = at; end > Math.max(0, at - LONGEST_LOOK) && REGIONAL.test(characterBefore(text, end)); end -= 2)
    count++;
  return count;
}
