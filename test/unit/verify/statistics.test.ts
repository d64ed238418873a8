import { describe, expect, test } from 'vitest';
import { judge, limitsOf } from '../../../lib/verify/compare.js';
import { quantile, rankAgreement, ranks, spearman } from '../../../lib/verify/statistics.js';
import { defaultPairs, defaultTexts } from '../../../lib/verify/topics.js';

const rows = (...vectors: number[][]) => ({
  data: Float32Array.from(vectors.flat()),
  length: vectors.length,
  dimensions: (vectors[0] as number[]).length,
});

test('quantiles are interpolated', () => {
  expect([0, 0.25, 0.5, 1].map((share) => quantile([3, 1, 2], share))).toEqual([1, 1.5, 2, 3]);
});

describe('Spearman', () => {
  test('looks at ranks alone, which ties share', () => {
    expect(ranks([10, 30, 10, 20])).toEqual([1.5, 4, 1.5, 3]);
    expect(spearman([1, 2, 3, 4], [10, 100, 1_000, 1e6])).toBe(1);
    expect(spearman([1, 2, 3, 4], [4, 3, 2, 1])).toBe(-1);
    // scipy.stats.spearmanr([1, 2, 3, 4, 5], [5, 6, 7, 8, 7]) = 0.8207826816681233
    expect(spearman([1, 2, 3, 4, 5], [5, 6, 7, 8, 7])).toBeCloseTo(0.8207826816681233, 12);
  });

  test('of a constant side is NaN, which no verdict passes', () => {
    expect(spearman([1, 1, 1], [1, 2, 3])).toBeNaN();
    const cosine = { min: 1, p1: 1, mean: 1 };
    const ranksOf = { top1: 1, top10: 1 };
    const spearmans = { reference: 1, candidate: Number.NaN, loss: Number.NaN };
    const comparison = { texts: 2, cosine, ranks: ranksOf, pairs: 3, spearman: spearmans };
    expect(judge(comparison, limitsOf({ precision: 'f32', activations: 'f32' })).passed).toBe(false);
  });
});

test('rank agreement counts nearest texts that stay', () => {
  const before = rows([1, 0], [0.9, 0.1], [0, 1], [0.1, 0.9]);
  expect(rankAgreement(before, before)).toEqual({ top1: 1, top10: 1 });
  const after = rows([1, 0], [0, 1], [0.1, 0.9], [0.9, 0.1]);
  expect(rankAgreement(before, after)).toEqual({ top1: 0, top10: 1 });
});

test('the built-in texts differ, and the pairs have scores of all kinds', () => {
  expect(new Set(defaultTexts()).size).toBe(defaultTexts().length);
  expect(defaultPairs()).toHaveLength(120);
  expect(new Set(defaultPairs().map(({ score }) => score)).size).toBe(4);
  expect(defaultPairs().every(({ a, b }) => a !== b)).toBe(true);
});
