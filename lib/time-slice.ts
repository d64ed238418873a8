/** Long work on the event loop, in slices of a few milliseconds, between which others get their turn. */
import { setImmediate as nextTurn } from 'node:timers/promises';

const SLICE_MS = 4;

/** `if (slice.isOver) await slice.next(signal);` after each piece of the work. */
export class TimeSlice {
  #end = performance.now() + SLICE_MS;

  get isOver(): boolean {
    return performance.now() >= this.#end;
  }

  /** @throws the reason of a signal that was aborted meanwhile */
  async next(signal?: { throwIfAborted(): void }): Promise<void> {
    await nextTurn();
    signal?.throwIfAborted();
    this.#end = performance.now() + SLICE_MS;
  }
}
