import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { CallScope } from '../../../lib/signals.js';

test('any number of calls share one listener on a signal, and leave none behind', () => {
  const { signal } = new AbortController();
  const scopes = Array.from({ length: 50 }, () => new CallScope('a call', { signal }));
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  for (const scope of scopes) scope.end();
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

test('an abort ends every call that shares the signal and is not over', () => {
  const caller = new AbortController();
  const [over, ...others] = Array.from({ length: 3 }, () => new CallScope('a call', caller));
  over?.end('done');
  caller.abort('enough');
  const late = new CallScope('a call', caller);
  expect([over, ...others, late].map((scope) => scope?.signal.reason)).toEqual(['done', 'enough', 'enough', 'enough']);
});
