/** Lists of what is found in long texts. */
import { setImmediate as nextTurn } from 'node:timers/promises';

const SLICE_MS = 4;

/** All that a generator gives; lets go of the event loop every few milliseconds. */
export async function collect<T>(items: Iterable<T>, signal: AbortSignal | undefined): Promise<T[]> {
  const all: T[] = [];
  let sliceEnd = performance.now() + SLICE_MS;
  for (const item of items) {
    all.push(item);
    if (performance.now() < sliceEnd) continue;
    await nextTurn();
    signal?.throwIfAborted();
    sliceEnd = performance.now() + SLICE_MS;
  }
  return all;
}
