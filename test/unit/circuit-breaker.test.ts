/** When calls keep away, who finds out, and what a place that has come back is trusted with. */
import { describe, expect, test } from 'vitest';
import { CircuitBreaker, type CircuitBreakerOptions } from '../../lib/circuit-breaker.js';
import { FakeClock } from './batching/fake-clock.js';

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

function breakerOf(options: Partial<CircuitBreakerOptions> = {}) {
  const clock = new FakeClock();
  const place = { works: false, probes: 0, hangs: false };
  const changes: [boolean, unknown][] = [];
  const breaker = new CircuitBreaker({
    ...options,
    clock,
    onChange: (open, reason) => changes.push([open, reason]),
    async probe() {
      place.probes++;
      if (place.hangs) await new Promise(() => {});
      if (!place.works) throw new Error('still down');
    },
  });
  const pass = async (ms: number) => {
    clock.advance(ms);
    await nextTurn();
  };
  return { breaker, place, changes, clock, pass };
}

function fail({ breaker }: { breaker: CircuitBreaker }, times: number): void {
  for (let i = 0; i < times; i++) breaker.onFailure(`failure ${i + 1}`);
}

describe('a circuit breaker', () => {
  test('opens after three failures in a row, not after three among others', () => {
    const set = breakerOf();
    fail(set, 2);
    set.breaker.onSuccess();
    fail(set, 2);
    expect(set.breaker.open).toBe(false);
    fail(set, 1);
    expect(set.breaker.open).toBe(true);
    expect(set.changes).toEqual([[true, 'failure 1']]);
  });

  test('tries by itself, after 100 ms and then twice as long each time, up to a second', async () => {
    const { place, pass, ...set } = breakerOf();
    fail(set, 3);
    const at: number[] = [];
    for (let ms = 0; ms < 4_000; ms += 100) {
      const before = place.probes;
      await pass(100);
      if (place.probes > before) at.push(ms + 100);
    }
    expect(at).toEqual([100, 300, 700, 1_500, 2_500, 3_500]);
  });

  test('has one try under way at a time', async () => {
    const { place, pass, ...set } = breakerOf();
    place.hangs = true;
    fail(set, 3);
    for (let i = 0; i < 50; i++) await pass(100);
    expect(place.probes).toBe(1);
  });

  test('closes when a try succeeds; then one failure is enough, and it waits as long as before', async () => {
    const { place, pass, changes, ...set } = breakerOf();
    fail(set, 3);
    await pass(100);
    place.works = true;
    await pass(200);
    expect(set.breaker.open).toBe(false);
    fail(set, 1);
    expect(set.breaker.open).toBe(true);
    await pass(399);
    expect(place.probes).toBe(2);
    await pass(1);
    expect(changes.map(([open]) => open)).toEqual([true, false, true, false]);
  });

  test('trusts again after five successes', async () => {
    const { place, pass, ...set } = breakerOf();
    fail(set, 3);
    place.works = true;
    await pass(100);
    for (let i = 0; i < 5; i++) set.breaker.onSuccess();
    fail(set, 2);
    expect(set.breaker.open).toBe(false);
    fail(set, 1);
    await pass(100);
    expect(place.probes).toBe(2);
  });

  test('opens when more than so many of the last 20 outcomes were failures', () => {
    const { breaker } = breakerOf({ failures: 100, failuresOf20: 10 });
    const outcome = (fails: boolean) => (fails ? breaker.onFailure('down') : breaker.onSuccess());
    for (let i = 0; i < 200; i++) outcome(i % 2 === 0); // ten of 20, time and again
    expect(breaker.open).toBe(false);
    for (let i = 0; i < 2; i++) outcome(true);
    expect(breaker.open).toBe(true);
  });

  test('opens at once for what leaves no doubt, and says when it tries', async () => {
    const { breaker, place, changes, pass } = breakerOf();
    breaker.trip('hangs');
    expect([breaker.state, changes]).toEqual(['open', [[true, 'hangs']]]);
    place.hangs = true;
    await pass(100);
    expect(breaker.state).toBe('halfOpen');
  });

  test('does nothing any more once it is closed', async () => {
    const { place, pass, clock, ...set } = breakerOf();
    fail(set, 3);
    set.breaker.close();
    expect(clock.timers).toBe(0);
    await pass(5_000);
    expect(place.probes).toBe(0);
  });
});
