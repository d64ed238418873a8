/**
 * When free memory goes back to the system. The C library keeps what results and tokens leave behind, scattered between
 * blocks in use, so a process would stay as large as it once was. What is given back must be touched anew, and whoever
 * allocates meanwhile may wait some milliseconds: so not while there is work, but in the pause after much of it.
 */
import { type Clock, systemClock } from './clock.js';
import type { SchedulerObserver } from './scheduler.js';
import type { BatchReport } from './work.js';

/** Texts after which there may be something to give back. A process that answers queries hardly ever gets there. */
export const WORTHWHILE_TEXTS = 2_048;

/** A pause begins when nothing has come for so long. */
export const PAUSE_MS = 200;

/** By then V8 has collected the results that nobody kept, as it does some seconds after the last allocations. */
export const LONG_PAUSE_MS = 10_000;

export class HeapTrims implements SchedulerObserver {
  readonly #trim: () => void;
  readonly #clock: Clock;
  /** Since the last pause that was worth it. */
  #texts = 0;
  #callOffPause = () => {};
  #callOffLongPause = () => {};

  constructor(trim: () => void, clock: Clock = systemClock) {
    this.#trim = trim;
    this.#clock = clock;
  }

  onBatch({ rows }: Pick<BatchReport, 'rows'>): void {
    this.#callOffPause();
    this.#texts += rows;
    // A few queries do not make it needless; so much work does, as it will have a pause of its own.
    if (this.#isWorthwhile()) this.#callOffLongPause();
  }

  onIdle(): void {
    this.#callOffPause();
    if (this.#isWorthwhile()) this.#callOffPause = this.#clock.after(PAUSE_MS, () => this.#onPause());
  }

  #isWorthwhile(): boolean {
    return this.#texts >= WORTHWHILE_TEXTS;
  }

  #onPause(): void {
    this.#texts = 0;
    this.#trim();
    this.#callOffLongPause = this.#clock.after(LONG_PAUSE_MS - PAUSE_MS, this.#trim);
  }
}
