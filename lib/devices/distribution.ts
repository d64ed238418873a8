/** Which of several devices gets a batch when all are to be used: the one that will be done with it soonest. */
import type { Device } from './device.js';

/**
 * Batches are handed out one by one as devices have room, so a quick device takes from the queue what a slow one would have
 * had to do. One whose speed is not known yet is tried first.
 * @param tokens of the batch, padding counted; 0: not known
 */
export function soonest(devices: readonly Device[], tokens: number): Device | undefined {
  const withRoom = devices.filter((device) => device.inFlight < device.concurrency);
  let best: Device | undefined;
  let least = Infinity;
  for (const device of withRoom.length > 0 ? withRoom : devices) {
    const ms = (device.tokensInFlight + tokens) / (device.tokensPerMs ?? Infinity);
    if (best && ms >= least) continue;
    best = device;
    least = ms;
  }
  return best;
}
