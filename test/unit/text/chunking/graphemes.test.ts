/** Places where texts may be cut are graphemes' ends by Intl.Segmenter, if not all of them. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { boundaryBefore, isGraphemeBoundary } from '../../../../lib/text/chunking/graphemes.js';

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const PIECES = [
  'a',
  'é',
  'e\u0301',
  '\r',
  '\n',
  '👍🏿',
  '👩‍👩‍👧',
  '🇩🇪',
  '🇫🇷',
  '1️⃣',
  'क्ष',
  'नि',
  'กำ',
  'ກຳ',
  '한',
  'ᄒ',
  'ᅡ',
  'ᆫ',
  '\u200d',
  '\u0600',
  '日',
  '𝒳',
  '\u0301\u0302',
];
const runs = process.env.OVEMBED_TEST_FULL ? 5_000 : 500;

test('no place inside a grapheme is taken', () => {
  const anything = fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: 'binary', maxLength: 3 }));
  fc.assert(
    fc.property(fc.array(anything, { maxLength: 20 }), (parts) => {
      const text = parts.join('').toWellFormed();
      const allowed = new Set(Array.from(segmenter.segment(text), ({ index }) => index));
      for (let at = 1; at < text.length; at++) if (isGraphemeBoundary(text, at)) expect(allowed).toContain(at);
    }),
    { numRuns: runs, seed: 8 },
  );
});

test('most places are taken', () => {
  for (const text of ['Größe', '日本語です', 'привет', '한국어', 'नमस्ते दुनिया', 'สวัสดี', '🇩🇪🇫🇷', '👍🏿👩‍👩‍👧1️⃣']) {
    const expected = Array.from(segmenter.segment(text), ({ index }) => index).slice(1);
    const found = Array.from({ length: text.length - 1 }, (_, i) => i + 1).filter((at) => isGraphemeBoundary(text, at));
    expect(found, text).toEqual(expected);
  }
});

test('the nearest place in front, though marks without end leave none', () => {
  expect(boundaryBefore('ab👍🏿', 4, 0)).toBe(2);
  expect(boundaryBefore(`a${'\u0301'.repeat(500)}`, 400, 0)).toBe(400);
});
