import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Bound } from '../../../lib/batching/bound.js';

const LIVE = new AbortController().signal;

test('takes as much as fits, and anything while it is empty', () => {
  const bound = new Bound(10);
  expect([bound.tryTake(7), bound.tryTake(4), bound.tryTake(3), bound.used]).toEqual([true, false, true, 10]);
  bound.give(10);
  expect([bound.tryTake(25), bound.fits(1), bound.used]).toEqual([true, false, 25]);
});

test('lets those in who wait, first come, first served, and nobody before them', async () => {
  const bound = new Bound(10);
  bound.tryTake(10);
  const entered: string[] = [];
  void bound.take(6, LIVE).then(() => entered.push('six'));
  void bound.take(1, LIVE).then(() => entered.push('one'));
  bound.give(2);
  await nextTurn();
  expect([entered, bound.tryTake(1), bound.used]).toEqual([[], false, 8]);
  bound.give(4);
  await nextTurn();
  expect([entered, bound.used]).toEqual([['six'], 10]);
  bound.give(4);
  await nextTurn();
  expect([entered, bound.used]).toEqual([['six', 'one'], 7]);
});

test('forgets who gives up waiting, and lets in who stood behind', async () => {
  const bound = new Bound(10);
  bound.tryTake(8);
  const caller = new AbortController();
  const large = bound.take(9, caller.signal);
  const small = bound.take(2, LIVE);
  caller.abort('enough');
  await expect(large).rejects.toBe('enough');
  await small;
  expect(bound.used).toBe(10);
  await expect(bound.take(1, caller.signal)).rejects.toBe('enough');
});
