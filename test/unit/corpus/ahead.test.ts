import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ahead } from '../../../lib/corpus/ahead.js';

async function* counting(count: number, fail = false) {
  for (let i = 0; i < count; i++) yield i;
  if (fail) throw new Error('the source fails');
}

async function collect(source: AsyncIterator<number>, work: (item: number) => Promise<number>, mostCost = 100) {
  const results: number[] = [];
  for await (const { item, result } of ahead(source, { work, costOf: () => 10, mostCost })) {
    expect(result).toBe(item * 2);
    results.push(item);
  }
  return results;
}

test('results come in order, and several are under way, but no more than they may cost', async () => {
  let [running, most] = [0, 0];
  const work = async (item: number) => {
    most = Math.max(most, ++running);
    await wait((item * 7) % 5);
    running--;
    return item * 2;
  };
  expect(await collect(counting(40), work)).toEqual(Array.from({ length: 40 }, (_, i) => i));
  expect(most).toBeGreaterThan(3);
  expect(most).toBeLessThanOrEqual(10);
  most = 0;
  await collect(counting(5), work, 1);
  expect(most).toBe(1);
});

test('a failing source fails after the results of what it gave', async () => {
  const seen: number[] = [];
  const work = async (item: number) => {
    await wait(2);
    return item;
  };
  const read = async () => {
    for await (const { item } of ahead(counting(3, true), { work, costOf: () => 1, mostCost: 100 })) seen.push(item);
  };
  await expect(read()).rejects.toThrow('the source fails');
  expect(seen).toEqual([0, 1, 2]);
});

test('a result is not held back by a source that does not answer', async () => {
  async function* source() {
    yield 1;
    await new Promise(() => {});
  }
  const results = ahead(source(), { work: async (item) => item, costOf: () => 1, mostCost: 100 });
  expect((await results.next()).value).toEqual({ item: 1, result: 1 });
});
