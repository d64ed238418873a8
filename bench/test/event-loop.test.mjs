import { expect, it } from 'vitest';
import { watchEventLoop } from '../event-loop.mjs';

const STALL_MS = 60;

it('sees a stall of the event loop by both instruments, also at the very start and end', async () => {
  const stop = await watchEventLoop();
  const end = performance.now() + STALL_MS;
  while (performance.now() < end);
  const { monitor, ping } = await stop();
  expect(monitor.max).toBeGreaterThan(STALL_MS - 10);
  expect(ping.max).toBeGreaterThan(STALL_MS - 10);
  expect(monitor.samples).toBeGreaterThan(0);
});
