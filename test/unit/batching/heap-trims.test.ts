import { beforeEach, expect, test } from 'vitest';
import { HeapTrims, LONG_PAUSE_MS, PAUSE_MS, WORTHWHILE_TEXTS } from '../../../lib/batching/heap-trims.js';
import { FakeClock } from './fake-clock.js';

let clock: FakeClock;
let trims: HeapTrims;
let count: number;

beforeEach(() => {
  clock = new FakeClock();
  count = 0;
  trims = new HeapTrims(() => count++, clock);
});

/** Texts go through, after which the queue is empty. */
function burst(texts: number): void {
  trims.onBatch({ rows: texts });
  trims.onIdle();
}

test('few texts are not worth it', () => {
  burst(WORTHWHILE_TEXTS - 1);
  clock.advance(LONG_PAUSE_MS);
  expect(count).toBe(0);
  expect(clock.timers).toBe(0);
});

test('many texts are, however small their batches; those before the last trim do not count', () => {
  for (let i = 0; i < WORTHWHILE_TEXTS; i++) burst(1);
  clock.advance(LONG_PAUSE_MS);
  expect(count).toBe(2);
  burst(WORTHWHILE_TEXTS - 1);
  clock.advance(LONG_PAUSE_MS);
  expect(count).toBe(2);
});

test('a pause trims once it has lasted, and once more when V8 has collected', () => {
  burst(WORTHWHILE_TEXTS);
  trims.onIdle();
  clock.advance(PAUSE_MS - 1);
  expect(count).toBe(0);
  clock.advance(1);
  expect(count).toBe(1);
  clock.advance(LONG_PAUSE_MS);
  expect(count).toBe(2);
  expect(clock.timers).toBe(0);
});

test('nothing is trimmed while there is work', () => {
  burst(WORTHWHILE_TEXTS);
  clock.advance(PAUSE_MS - 1);
  trims.onBatch({ rows: 1 });
  clock.advance(LONG_PAUSE_MS);
  expect(count).toBe(0);
  trims.onIdle();
  clock.advance(PAUSE_MS);
  expect(count).toBe(1);
});

test('a query in a pause takes nothing from its second trim', () => {
  burst(WORTHWHILE_TEXTS);
  clock.advance(PAUSE_MS);
  burst(1);
  clock.advance(LONG_PAUSE_MS);
  expect(count).toBe(2);
});

test('a second burst takes over the late trim of the first', () => {
  burst(WORTHWHILE_TEXTS);
  clock.advance(PAUSE_MS);
  trims.onBatch({ rows: WORTHWHILE_TEXTS });
  clock.advance(LONG_PAUSE_MS);
  expect(count).toBe(1);
  trims.onIdle();
  clock.advance(PAUSE_MS);
  expect(count).toBe(2);
  clock.advance(LONG_PAUSE_MS);
  expect(count).toBe(3);
});
