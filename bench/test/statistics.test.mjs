import { describe, expect, it } from 'vitest';
import { cosine, median, quantile, summarise } from '../statistics.mjs';

describe('statistics', () => {
  it('interpolates between order statistics, whatever the order of the values', () => {
    expect(quantile([40, 10, 30, 20], 0)).toBe(10);
    expect(quantile([40, 10, 30, 20], 1)).toBe(40);
    expect(quantile([40, 10, 30, 20], 0.5)).toBe(25);
    expect(quantile([10, 9, 100], 0.75)).toBe(55);
    expect(quantile([3], 0.99)).toBe(3);
  });

  it('does not reorder what it is given', () => {
    const values = [3, 1, 2];
    expect(median(values)).toBe(2);
    expect(values).toEqual([3, 1, 2]);
  });

  it('gives median and range over rounds', () => {
    expect(summarise([5, 1, 2])).toEqual({ median: 2, min: 1, max: 5 });
  });

  it('computes the cosine of vectors of any length, not of unit vectors only', () => {
    expect(cosine([3, 0], [0, 2])).toBe(0);
    expect(cosine([1, 2, 2], [10, 20, 20])).toBeCloseTo(1, 15);
    expect(cosine([1, 1], [-2, -2])).toBeCloseTo(-1, 15);
  });

  it('refuses to compare vectors of different widths', () => {
    expect(() => cosine([1, 2], [1, 2, 3])).toThrow('2 and 3 dimensions');
  });
});
