import { expect, test } from 'vitest';
import { Lane, type Waiting } from '../../../lib/batching/lane.js';

const PLAN = { buckets: [4], maxLength: 0, batchTokens: 16, maxBatchSize: 64 };

interface Named extends Waiting {
  name: string;
}

/** Texts of 3 tokens, unless other lengths are given. */
function work(name: string, texts: number | number[], { call = {}, key = '' } = {}): Named {
  const lengths = typeof texts === 'number' ? new Array(texts).fill(3) : texts;
  return { name, call, key, lengths: Uint32Array.from(lengths) };
}

function laneOf(...works: Named[]): Lane<Named> {
  const lane = new Lane<Named>(PLAN);
  works.forEach((added, i) => void lane.add(added, i));
  return lane;
}

/** The next batch as words, such as `8: a0 a1 b0`. */
function take(lane: Lane<Named>, youngest = Infinity): string | undefined {
  const candidate = lane.next(youngest);
  if (!candidate) return undefined;
  const { bucket, rows, parts } = lane.take(candidate);
  const texts = parts.flatMap((part) => Array.from(part.rows, (row) => `${part.work.name}${row}`));
  expect(texts).toHaveLength(rows);
  return `${bucket}: ${texts.join(' ')}`;
}

test('calls take turns, and a batch is filled up with texts of any call', () => {
  const lane = laneOf(work('a', 9), work('b', 2), work('c', 1));
  expect([take(lane), take(lane), take(lane)]).toEqual(['4: a0 a1 a2 a3', '4: b0 b1 a4 a5', '4: c0 a6 a7 a8']);
  expect([lane.rows, take(lane)]).toEqual([0, undefined]);
});

test('texts of other buckets and other keys are not mixed', () => {
  const lane = laneOf(work('a', [3, 7, 3]), work('b', [7, 3]), work('c', 1, { key: 'cut' }));
  const batches = [take(lane), take(lane), take(lane), take(lane), take(lane)];
  expect(batches).toEqual(['8: a1 b0', '4: b1 a0', '4: c0', '4: a2', undefined]);
});

test('batches are full or a power of two', () => {
  const lane = laneOf(work('a', 7));
  expect([take(lane), take(lane), take(lane)]).toEqual(['4: a0 a1 a2 a3', '4: a4 a5', '4: a6']);
});

test('what is left of a work is taken out, and nothing else', () => {
  const [a, b] = [work('a', [3, 3, 3, 3, 3, 7]), work('b', 2)];
  const lane = laneOf(a, b);
  expect(take(lane)).toBe('4: a0 a1 a2 a3');
  lane.remove(a);
  lane.remove(a);
  expect([lane.has(a), lane.has(b), lane.rows]).toEqual([false, true, 2]);
  expect([take(lane), take(lane)]).toEqual(['4: b0 b1', undefined]);
});

test('of a call, full batches go first, then the longest', () => {
  const lane = laneOf(work('a', [3, 7, 3, 3, 3, 3]));
  expect([take(lane), take(lane), take(lane)]).toEqual(['4: a0 a2 a3 a4', '8: a1', '4: a5']);
});

test('works of one call share its turn', () => {
  const call = {};
  const lane = laneOf(work('a', [3, 3, 3, 3], { call }), work('b', [3, 3, 3, 3], { call }), work('c', 4));
  expect([take(lane), take(lane), take(lane)]).toEqual(['4: a0 a1 a2 a3', '4: c0 c1 c2 c3', '4: b0 b1 b2 b3']);
});

test('young texts are passed over unless they fill a batch', () => {
  const lane = laneOf(work('a', [7]), work('b', 1), work('c', 5));
  expect(lane.since).toBe(0);
  expect([take(lane, -1), take(lane, 0), take(lane, 0), take(lane, 1)]).toEqual([
    '4: b0 c0 c1 c2',
    '8: a0',
    undefined,
    undefined,
  ]);
  expect([lane.since, take(lane, 2)]).toEqual([2, '4: c3 c4']);
  expect(lane.since).toBe(Infinity);
});

test('tells whether a batch takes all that waits', () => {
  const lane = laneOf(work('a', 5));
  expect(lane.next(Infinity)).toMatchObject({ rows: 4, takesAll: false });
  take(lane);
  expect(lane.next(Infinity)).toMatchObject({ rows: 1, takesAll: true });
});
