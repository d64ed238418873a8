import { describe, expect, test } from 'vitest';
import { duration } from '../../../lib/cli/figures.js';
import { statusOf } from '../../../lib/cli/progress.js';
import { Tally } from '../../../lib/cli/tally.js';

function tallyAfter(seconds: number, totalBytes?: number): Tally {
  let now = 0;
  const tally = new Tally(totalBytes, () => now);
  for (let i = 1; i <= 1_200; i++) tally.add({ tokens: 10, truncated: false, end: i * 100 });
  now = seconds * 1000;
  return tally;
}

describe('the status', () => {
  test('with a known total', () => {
    expect(statusOf(tallyAfter(10, 480_000))).toBe('25 %, 1,200 texts, 120 texts/s, 1,200 tokens/s, ETA 30.0 s');
  });

  test('without', () => {
    expect(statusOf(tallyAfter(10))).toBe('1,200 texts, 120 texts/s, 1,200 tokens/s');
  });

  test('promises nothing in the first seconds', () => {
    expect(statusOf(tallyAfter(1, 480_000))).not.toContain('ETA');
    expect(statusOf(new Tally(100))).toBe('0 %, 0 texts');
  });

  test('of a file that has grown meanwhile', () => {
    expect(statusOf(tallyAfter(10, 60_000))).toContain('100 %');
  });
});

test.each([
  [0, '0.0 s'],
  [4.24, '4.2 s'],
  [59.94, '59.9 s'],
  [59.96, '1:00'],
  [65, '1:05'],
  [7207, '2:00:07'],
])('a duration of %d seconds is %s', (seconds, shown) => {
  expect(duration(seconds)).toBe(shown);
});
