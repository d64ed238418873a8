/** Counting what there may only be so much of. */
import type { StopSignal } from '../signals.js';

/** A bound on how much of something there may be at once. */
export class Bound {
  readonly max: number;
  #used = 0;
  /** First come, first served. */
  readonly #waiters = new Set<{ amount: number; enter: () => void }>();

  constructor(max: number) {
    this.max = max;
  }

  get used(): number {
    return this.#used;
  }

  /** What is empty takes any amount, since refusing it again and again would help nobody. */
  fits(amount: number): boolean {
    return this.#used === 0 || this.#used + amount <= this.max;
  }

  /** Takes room if there is some and nobody waits for it. */
  tryTake(amount: number): boolean {
    if (this.#waiters.size > 0 || !this.fits(amount)) return false;
    this.#used += amount;
    return true;
  }

  /** Takes room as soon as there is some. Rejects with `signal.reason`. */
  take(amount: number, signal: StopSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    if (this.tryTake(amount)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiters.delete(waiter);
        reject(signal.reason);
        this.#letIn();
      };
      const enter = () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      const waiter = { amount, enter };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiters.add(waiter);
    });
  }

  give(amount: number): void {
    this.#used -= amount;
    this.#letIn();
  }

  #letIn(): void {
    for (const waiter of this.#waiters) {
      if (!this.fits(waiter.amount)) return;
      this.#waiters.delete(waiter);
      this.#used += waiter.amount;
      waiter.enter();
    }
  }
}
