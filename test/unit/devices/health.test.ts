import { expect, test } from 'vitest';
import { Health } from '../../../lib/devices/health.js';
import { Watchdog } from '../../../lib/devices/watchdog.js';
import { FakeClock } from '../batching/fake-clock.js';
import { CHECK, FakeChain, fails } from './fake-devices.js';

/** A chain that is looked after, as Embedders look after theirs. */
function watched(isUnsure: boolean) {
  const chain = new FakeChain(['NPU', 'CPU']);
  const { devices, clock } = chain;
  const { check } = chain.fallback.options;
  const health = new Health({
    devices,
    clock,
    intervalMs: 30_000,
    check,
    isUnsure: ({ name }) => isUnsure && name === 'NPU',
  });
  return { chain, health, npu: chain.pipelines[0] as (typeof chain.pipelines)[0] };
}

test('a device that had no batch lately is tried, and left alone if that fails twice', async () => {
  const { chain, health, npu } = watched(false);
  await chain.pass(30_000);
  expect(npu.tries).toEqual([[CHECK]]);
  let left = 1;
  npu.behaviour = () => (left-- > 0 ? fails() : undefined);
  await chain.pass(30_000);
  expect([npu.tries.length, chain.devices[0]?.state]).toEqual([3, 'ready']);
  npu.behaviour = fails;
  await chain.pass(30_000);
  expect(chain.devices[0]?.info).toMatchObject({ state: 'failing', reason: 'broken', counts: { failures: 0 } });
  await health.close();
  chain.devices.map((device) => device.close());
  expect(chain.clock.timers).toBe(0);
});

test('one that had a batch is not, unless its vectors can be told to be wrong', async () => {
  for (const isUnsure of [false, true]) {
    const { chain, health, npu } = watched(isUnsure);
    await chain.pass(20_000);
    await chain.run([1]);
    await chain.pass(15_000);
    expect(npu.tries).toEqual(isUnsure ? [[1], [CHECK]] : [[1]]);
    await health.close();
  }
});

test('a device that is left alone is not looked after: its breaker tries it', async () => {
  const { chain, health, npu } = watched(true);
  chain.devices[0]?.trip(new Error('down'));
  npu.behaviour = fails;
  await chain.pass(29_000);
  const tries = npu.tries.length;
  await chain.pass(1_500);
  expect(npu.tries.length).toBe(tries);
  await health.close();
});

test('a watchdog calls for each that is late, once, with one timer', () => {
  const clock = new FakeClock();
  const watchdog = new Watchdog(clock);
  const late: number[] = [];
  const watch = (job: number, ms: number) => watchdog.watch(job, ms, () => late.push(job));
  watch(1, 100);
  watch(2, 50);
  watch(3, 100);
  expect(clock.timers).toBe(1);
  watchdog.done(3);
  clock.advance(49);
  expect(late).toEqual([]);
  clock.advance(1);
  expect(late).toEqual([2]);
  watch(4, 10);
  clock.advance(1_000);
  expect(late).toEqual([2, 4, 1]);
  expect(clock.timers).toBe(0);
  watch(5, 10);
  watchdog.close();
  clock.advance(100);
  expect(late).toEqual([2, 4, 1]);
});
