/** The cuts that strategies have in common. */
import { segmentStarts } from './segments.js';
import type { Splitter } from './structure.js';

/** Behind blank lines: a paragraph keeps those that follow it, and the next one its indentation. */
export const paragraphs: Splitter = behind(/\n(?:[^\S\n]*\n)+/g);

export const lines: Splitter = behindText('\n');

/** Behind white space. */
export const spaces: Splitter = behind(/\s+/g);

/** Words where none are written apart, as the Unicode Standard and its dictionaries have them; opening signs stay in front. */
export function words(locale: string | undefined): Splitter {
  const segmenter = new Intl.Segmenter(locale, { granularity: 'word' });
  return function* (text, start, end) {
    for (const at of segmentStarts(segmenter, text, start, end)) if (isBeforeWord(text, at)) yield at;
  };
}

const WORD = /[\p{L}\p{N}]/u;
const OPENING = /[\p{Ps}\p{Pi}\p{Pc}\p{Sc}"'`@#\\]/u;

function isBeforeWord(text: string, at: number): boolean {
  return WORD.test(String.fromCodePoint(text.codePointAt(at) as number)) && !OPENING.test(text[at - 1] as string);
}

/** Behind every occurrence of a string. */
export function behindText(separator: string): Splitter {
  return function* (text, start, end) {
    const span = text.slice(start, end);
    for (let at = span.indexOf(separator); at >= 0; at = span.indexOf(separator, at + separator.length)) {
      const cut = start + at + separator.length;
      if (cut < end) yield cut;
    }
  };
}

/** Behind every match of a pattern, which needs the flag `g`. */
export function behind(pattern: RegExp): Splitter {
  return function* (text, start, end) {
    for (const match of text.slice(start, end).matchAll(pattern)) {
      const cut = start + match.index + match[0].length;
      if (cut > start && cut < end) yield cut;
    }
  };
}

/** At places that are known. @param places ascending */
export function at(places: ArrayLike<number>): Splitter {
  return function* (_, start, end) {
    for (let i = firstAbove(places, start); i < places.length && (places[i] as number) < end; i++)
      yield places[i] as number;
  };
}

/** Index of the first number that is greater; the length if none is. @param numbers ascending */
export function firstAbove(numbers: ArrayLike<number>, value: number, length = numbers.length): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] as number) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
