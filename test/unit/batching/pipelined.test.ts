import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { pipelined } from '../../../lib/batching/pipelined.js';
import { CallScope } from '../../../lib/signals.js';
import { Gate } from '../gate.js';

test('keeps two windows under way and yields in order', async () => {
  const gate = new Gate();
  const started: number[] = [];
  const start = async (window: number) => {
    started.push(window);
    await gate.pass();
    return window;
  };
  const results = pipelined([0, 1, 2, 3], start, new CallScope('test', {}));
  const first = results.next();
  await nextTurn();
  expect(started).toEqual([0, 1]);
  await gate.finish(1);
  expect(started).toEqual([0, 1]);
  gate.open();
  const rest = [(await first).value];
  for await (const window of results) rest.push(window);
  expect(rest).toEqual([0, 1, 2, 3]);
});

test('a failure ends the scope at once, though an earlier window is still under way', async () => {
  const gate = new Gate();
  const scope = new CallScope('test', {});
  const start = async (window: number) => {
    if (window === 1) throw new Error('second window');
    await gate.pass();
  };
  const result = pipelined([0, 1, 2], start, scope).next();
  await nextTurn();
  expect(scope.signal.reason).toMatchObject({ message: 'second window' });
  gate.open();
  await result;
});
