/** What holds for every cleaned text, whatever was done to it. */
import { expect } from 'vitest';
import type { MappedText } from '../../../../lib/text/index.js';

/** Runs follow one another without gaps, within the source, in its order; and what is said to be a copy is one. */
export function expectMapped(source: string, { text, map }: MappedText): void {
  expect([map.length, map.sourceLength]).toEqual([text.length, source.length]);
  let at = 0;
  let last = { start: 0, end: 0 };
  const wrong: unknown[] = [];
  for (const run of map.runs()) {
    const { start, end, source: from, copied } = run;
    const isSame = !copied || text.slice(start, end) === source.slice(from.start, from.end);
    const isInOrder = from.start >= last.start && from.end >= last.end && from.start <= from.end;
    if (start !== at || end <= start || !isSame || !isInOrder || from.end > source.length) wrong.push(run);
    at = end;
    last = from;
  }
  expect(wrong).toEqual([]);
  expect(at).toBe(text.length);
}

/** The source of the first place of a word in the cleaned text, from an offset on. */
export function sourceOf(source: string, { text, map }: MappedText, word: string, from = 0): string | undefined {
  const start = text.indexOf(word, from);
  if (start === -1) return undefined;
  const range = map.sourceRange(start, start + word.length);
  return source.slice(range.start, range.end);
}
