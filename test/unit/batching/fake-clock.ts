/** A clock that stands still until a test lets time pass. */
import type { Clock } from '../../../lib/batching/clock.js';

interface Timer {
  at: number;
  callback: () => void;
}

export class FakeClock implements Clock {
  readonly #timers = new Set<Timer>();
  #now = 0;

  now(): number {
    return this.#now;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.#now + ms, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  soon(ms: number, callback: () => void): () => void {
    return this.after(ms, callback);
  }

  /** Timers that have not run and were not called off. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Time passes; timers run at their own time, the earliest first. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let timer = this.#next(end); timer; timer = this.#next(end)) {
      this.#timers.delete(timer);
      this.#now = Math.max(this.#now, timer.at);
      timer.callback();
    }
    this.#now = end;
  }

  #next(end: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) if (timer.at <= end && (!next || timer.at < next.at)) next = timer;
    return next;
  }
}
