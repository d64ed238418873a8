/** Sentences by the Unicode rules (UAX 29), less the breaks that these see behind abbreviations and in wrapped lines. */
import { isAbbreviated } from './abbreviations.js';
import { segmentStarts } from './segments.js';
import type { Splitter } from './structure.js';

/** Where sentences begin; white space belongs to the sentence in front of it. */
export function sentences(locale: string | undefined): Splitter {
  const segmenter = new Intl.Segmenter(locale, { granularity: 'sentence' });
  const language = locale === undefined ? undefined : new Intl.Locale(locale).language;
  return function* (text, start, end) {
    let from = start;
    let cut = start;
    let hasContent = false;
    for (const next of places(text, segmentStarts(segmenter, text, start, end), start, end)) {
      if (!isBlank(text, cut, next)) {
        if (hasContent && !goesOn(text, from, cut, language)) {
          yield cut;
          from = cut;
        }
        hasContent = true;
      }
      cut = next;
    }
  };
}

const LOOK_BACK = 64;
const LOOK_AHEAD = 16;
/** A line of so many characters was broken by its width. */
const WRAPPED = 50;

/** Signs that end a sentence, with what may follow them. */
const ENDED = /[\p{Sentence_Terminal}:;]['"\p{Pe}\p{Pf}\p{Pi}]*$/u;
const ASKED_IN_QUOTES = /[!?…]['"\p{Pe}\p{Pf}\p{Pi}]+$/u;
const LOWER = /^\p{Ll}/u;
const NEW_LINE = /[\n\u2028\u2029]/g;
/** How a line goes on that is no item of a list: not with a number or a sign of its own. */
const IN_SENTENCE = /^[\p{L}"'“„«(]/u;

/** Whether the sentence in front of a place goes on behind it. */
function goesOn(text: string, from: number, at: number, language: string | undefined): boolean {
  const window = text.slice(Math.max(from, at - LOOK_BACK), at);
  const before = window.trimEnd();
  const after = text.slice(at, at + LOOK_AHEAD).trimStart();
  const newLines = window.slice(before.length).match(NEW_LINE)?.length ?? 0;
  if (newLines > 1) return false;
  if (before.endsWith('.') && isAbbreviated(before, after, language)) return true;
  if (newLines === 1 && !ENDED.test(before)) return IN_SENTENCE.test(after) && (LOWER.test(after) || isLong(before));
  return ASKED_IN_QUOTES.test(before) && LOWER.test(after);
}

/** Whether the last line of a text is a long one. */
function isLong(before: string): boolean {
  return before.length - before.lastIndexOf('\n') > WRAPPED;
}

/**
 * The places that the segmenter gives, and the end. It leaves an opening bracket that follows a sentence at once with that
 * sentence, since brackets may close it; where no space stands between (Chinese, Japanese) it begins the next.
 */
function* places(
  text: string,
  starts: Iterable<number>,
  from: number,
  end: number,
): Generator<number, void, undefined> {
  let last = from;
  for (const start of starts) {
    last = OPENING.test(text[start - 1] as string) && start - 1 > last ? start - 1 : start;
    yield last;
  }
  yield end;
}

const OPENING = /\p{Ps}/u;

function isBlank(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (!WHITE_SPACE.test(text[at] as string)) return false;
  return true;
}

const WHITE_SPACE = /\s/;
