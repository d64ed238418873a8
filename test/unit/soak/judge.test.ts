/** When a soak fails. */
import { expect, test } from 'vitest';
import { judge, table } from '../../soak/judge.mjs';

const samples = (of: (second: number) => object, count = 180) =>
  Array.from({ length: count }, (_, i) => ({
    ...{ seconds: i + 1, rss: 500, heap: 20, threads: 17, descriptors: 25, texts: 100 * i },
    ...of(i + 1),
  }));

test('a flat process passes, whatever it does while it warms up and in single seconds', () => {
  expect(judge(samples(() => ({})))).toEqual([]);
  expect(judge(samples((s) => (s < 60 ? { rss: 100 + s, threads: s } : {})))).toEqual([]);
  expect(judge(samples((s) => (s % 6 === 0 ? { rss: 900 } : {})))).toEqual([]);
});

test.each<[string, (second: number) => object, RegExp]>([
  ['memory', (s) => ({ rss: 500 + s }), /^memory: \d+ of 116 medians are over \d+ MB/],
  ['threads', (s) => (s > 150 ? { threads: 18 } : {}), /^threads: from 17 to 18/],
  ['descriptors', (s) => ({ descriptors: 20 + Math.floor(s / 10) }), /^descriptors: from/],
])('%s that grow fail', (_, of, problem) => {
  expect(judge(samples(of))).toEqual([expect.stringMatching(problem)]);
});

test('on a slow machine the warm-up is longer', () => {
  const slow = (s: number) => ({ texts: 30 * s, threads: s < 130 ? 17 : 18, rss: s < 130 ? 300 : 500 });
  expect(judge(samples(slow))).toEqual([]);
  expect(judge(samples((s) => ({ ...slow(s), texts: 100 * s })))).toHaveLength(2);
});

test('too few samples prove nothing', () => {
  const problem = (count: number) => [`${count} samples after 4000 texts are too few to judge by`];
  expect(judge(samples(() => ({}), 60))).toEqual(problem(20));
  expect(judge(samples((s) => ({ texts: s })))).toEqual(problem(0));
});

test('the table has the slope per hour', () => {
  expect(table(samples((s) => ({ rss: 500 + s / 3_600 })))).toMatch(/RSS in the judged part: 1\.0 MB per hour$/);
});
