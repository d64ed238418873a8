/** What is waited for, and what is still taken. */
import { stat } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { withDeadline } from '../../../lib/cache/deadline.js';
import { FakeClock } from '../batching/fake-clock.js';

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

test('an answer in time is given, and its timer called off', async () => {
  const clock = new FakeClock();
  expect(await withDeadline(Promise.resolve(1), 50, clock)).toBe(1);
  await nextTurn();
  expect(clock.timers).toBe(0);
  await expect(withDeadline(Promise.reject(new Error('no')), 50, clock)).rejects.toThrow('no');
});

test('no answer is ERR_TIMEOUT, and a late failure is nobody’s', async () => {
  const clock = new FakeClock();
  let fail: (error: Error) => void = () => {};
  const late = new Promise((_, reject) => {
    fail = reject;
  });
  const answer = withDeadline(late, 50, clock);
  clock.advance(50);
  await expect(answer).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
  fail(new Error('late'));
  await nextTurn(); // an unhandled rejection would fail the run
});

test('an answer that came while this process was busy is taken', async () => {
  const answer = withDeadline(stat('.'), 5);
  for (const until = performance.now() + 50; performance.now() < until; );
  expect((await answer).isDirectory()).toBe(true);
});
