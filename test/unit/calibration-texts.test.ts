import { expect, test } from 'vitest';
import { calibrationTexts } from '../../lib/quantize.js';

test('calibration has the texts, their beginnings, prompts before some and odd texts, each once', () => {
  const texts = calibrationTexts(['one two three four five', 'six'], ['query: ', '', 'passage: ']);
  expect(texts).toEqual(
    expect.arrayContaining(['one two three four five', 'one', 'one two', 'one two three four', 'six']),
  );
  expect(texts.filter((text) => text.startsWith('query: '))).toEqual(['query: one two three four five']);
  expect(texts).toContain('_');
  expect(new Set(texts).size).toBe(texts.length);
});
