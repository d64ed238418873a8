import { describe, expect, it } from 'vitest';
import { BLOCK, LENGTH_CLASSES, makeClass, makeCorpus, shortTexts } from '../corpus.mjs';

const lengthsOf = (texts) => texts.map((text) => text.split(' ').length);
const sorted = (numbers) => [...numbers].sort((a, b) => a - b);

describe('corpus', () => {
  it('is the same for the same seed and another for another', () => {
    const corpus = makeCorpus({ texts: 2 * BLOCK, seed: 7 });
    expect(makeCorpus({ texts: 2 * BLOCK, seed: 7 })).toEqual(corpus);
    expect(makeCorpus({ texts: 2 * BLOCK, seed: 8 })).not.toEqual(corpus);
  });

  it('is the same on every platform', () => {
    expect(makeCorpus({ texts: 1, seed: 1 })[0]).toBe(FIRST_TEXT_OF_SEED_1);
  });

  it('has a longer corpus begin with the shorter one', () => {
    const short = makeCorpus({ texts: BLOCK, seed: 3 });
    expect(makeCorpus({ texts: 3 * BLOCK, seed: 3 }).slice(0, BLOCK)).toEqual(short);
  });

  it('has the same lengths in every block, in another order', () => {
    const texts = makeCorpus({ texts: 2 * BLOCK, seed: 1 });
    const first = lengthsOf(texts.slice(0, BLOCK));
    const second = lengthsOf(texts.slice(BLOCK));
    expect(sorted(second)).toEqual(sorted(first));
    expect(second).not.toEqual(first);
  });

  it('mixes short texts with a long tail', () => {
    const lengths = sorted(lengthsOf(makeCorpus({ texts: BLOCK, seed: 1 })));
    expect(lengths[0]).toBe(5);
    expect(lengths.at(-1)).toBeGreaterThan(400);
    const mean = lengths.reduce((a, b) => a + b) / lengths.length;
    expect(mean).toBeGreaterThan(45);
    expect(mean).toBeLessThan(60);
    expect(lengths[BLOCK / 2]).toBeLessThan(mean);
  });

  it('has no text twice', () => {
    const texts = makeCorpus({ texts: 8192, seed: 1 });
    expect(new Set(texts).size).toBe(texts.length);
  });
});

describe('texts of one length', () => {
  it.each(Object.entries(LENGTH_CLASSES))(
    'are within the bounds of %s, and reach both',
    (name, [shortest, longest]) => {
      const lengths = sorted(lengthsOf(makeClass({ name, texts: 4096, seed: 1 })));
      expect([lengths[0], lengths.at(-1)]).toEqual([shortest, longest]);
    },
  );

  it('come from a seed, one by one', () => {
    const texts = [...shortTexts({ texts: 100, seed: 5 })];
    expect(texts).toHaveLength(100);
    expect([...shortTexts({ texts: 100, seed: 5 })]).toEqual(texts);
    expect([...shortTexts({ texts: 100, seed: 6 })]).not.toEqual(texts);
    expect(Math.max(...lengthsOf(texts))).toBeLessThan(10);
  });
});

const FIRST_TEXT_OF_SEED_1 =
  'About that and was the the few, and with easy a it. Carry them a two is products it other a be. ' +
  'Which you day is can is but the years three hear but as a instrument be that of because ' +
  'spectroscopy. Reached a to draw been that sure but once to the they it. Happened the to a the her ' +
  'or.';
