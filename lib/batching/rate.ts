/** How much is done per second, of late. */

/**
 * An exponentially weighted mean of amounts over time: what lies `windowMs` back counts 1/e. Where the time given is that
 * in which the device was busy, an idle hour does not make it look slow.
 */
export class Rate {
  readonly #windowMs: number;
  #amount = 0;
  #ms = 0;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Adds what was done in the `ms` since the last addition, evenly or, with 0, at once. */
  add(amount: number, ms: number): void {
    const kept = Math.exp(-ms / this.#windowMs);
    // However long it was, it counts as one window at most.
    const counted = this.#windowMs * (1 - kept);
    this.#amount = this.#amount * kept + (ms > 0 ? (amount * counted) / ms : amount);
    this.#ms = this.#ms * kept + counted;
  }

  /** Undefined until anything was measured. */
  get perMs(): number | undefined {
    return this.#ms > 0 ? this.#amount / this.#ms : undefined;
  }
}
