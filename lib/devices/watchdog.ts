/** Finds work that does not return. One timer for all of it, set for the earliest end: watching costs a batch two entries of a map. */
import type { Clock } from '../batching/clock.js';

interface Watched {
  at: number;
  onLate: () => void;
}

export class Watchdog {
  readonly #clock: Clock;
  readonly #watched = new Map<number, Watched>();
  #wakesAt = Infinity;
  #callOff: () => void = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `onLate` once, unless `done` is called for the same number within `ms`. */
  watch(job: number, ms: number, onLate: () => void): void {
    const at = this.#clock.now() + ms;
    this.#watched.set(job, { at, onLate });
    if (at < this.#wakesAt) this.#wakeAt(at);
  }

  done(job: number): void {
    this.#watched.delete(job);
  }

  close(): void {
    this.#callOff();
    this.#watched.clear();
  }

  #wakeAt(at: number): void {
    this.#callOff();
    this.#wakesAt = at;
    this.#callOff = this.#clock.after(Math.max(0, at - this.#clock.now()), () => this.#look());
  }

  #look(): void {
    this.#wakesAt = Infinity;
    const now = this.#clock.now();
    let next = Infinity;
    for (const [job, { at, onLate }] of [...this.#watched]) {
      if (at > now) {
        next = Math.min(next, at);
        continue;
      }
      this.#watched.delete(job);
      onLate();
    }
    if (next < this.#wakesAt) this.#wakeAt(next);
  }
}
