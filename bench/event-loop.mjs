/**
 * How long the event loop is kept waiting, measured twice: by libuv's own histogram and, as a cross-check that depends on
 * nothing but timers, by a 1 ms timer that notes how late it fires.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { quantile } from './statistics.mjs';

const RESOLUTION_MS = 1;

/** Both instruments need a few ticks before the first sample, and after the last one, to see a stall at either end. */
const SETTLE_MS = 10;

/**
 * Starts measuring.
 * @returns {Promise<() => Promise<{ monitor: Delay, ping: Delay }>>} ends the measurement
 * @typedef {{ p99: number, max: number, samples: number }} Delay milliseconds, without the timer's own resolution
 */
export async function watchEventLoop() {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  const ping = startPing();
  histogram.enable();
  await delay(SETTLE_MS);
  return async () => {
    await delay(SETTLE_MS);
    histogram.disable();
    const lateness = ping.stop();
    return {
      monitor: {
        p99: withoutResolution(histogram.percentile(99) / 1e6),
        max: withoutResolution(histogram.max / 1e6),
        samples: histogram.count,
      },
      ping: { p99: quantile(lateness, 0.99), max: quantile(lateness, 1), samples: lateness.length },
    };
  };
}

/** The histogram holds intervals between ticks; an idle loop has intervals of the resolution. */
function withoutResolution(milliseconds) {
  return Math.max(0, milliseconds - RESOLUTION_MS);
}

function startPing() {
  const lateness = [];
  let due = 0;
  let timer;
  const arm = () => {
    due = performance.now() + RESOLUTION_MS;
    timer = setTimeout(fire, RESOLUTION_MS);
  };
  const fire = () => {
    lateness.push(Math.max(0, performance.now() - due));
    arm();
  };
  arm();
  return {
    stop() {
      clearTimeout(timer);
      return lateness;
    },
  };
}
