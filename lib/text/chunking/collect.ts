/** Lists of what is found in long texts. */
import { TimeSlice } from '../../time-slice.js';

/** All that a generator gives; lets go of the event loop every few milliseconds. */
export async function collect<T>(items: Iterable<T>, signal: AbortSignal | undefined): Promise<T[]> {
  const all: T[] = [];
  const slice = new TimeSlice();
  for (const item of items) {
    all.push(item);
    if (slice.isOver) await slice.next(signal);
  }
  return all;
}
