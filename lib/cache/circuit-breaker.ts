/**
 * Keeps calls away from a place that does not answer. After some failures in a row it opens; while it is open, it tries the
 * place itself in the background, one try at a time, so that no call pays for finding out; the first try that succeeds
 * closes it again, on trust: the next failure opens it at once, until calls have succeeded.
 */
import { type Clock, systemClock } from '../batching/clock.js';

export interface CircuitBreakerOptions {
  /** Tries the place once; must settle. Rejects while the place is of no use. */
  probe(): Promise<void>;
  /** Failures in a row that open it. Default 3. */
  failures?: number;
  /** Milliseconds from opening to the first try, doubled after each that fails. Default 100. */
  firstDelayMs?: number;
  /** Most milliseconds between tries. Default 1,000. */
  maxDelayMs?: number;
  /** Told of each change, with what was the reason to open. */
  onChange?(open: boolean, reason?: unknown): void;
  clock?: Clock;
}

/** Successes in a row after which a place that has come back is trusted as before. */
const TRUSTED_AFTER = 5;

export class CircuitBreaker {
  readonly #options: Required<CircuitBreakerOptions>;
  #failures = 0;
  /** Successes that are still needed for full trust. */
  #doubt = 0;
  #open = false;
  #delayMs: number;
  #cancelProbe: () => void = () => {};
  #closed = false;

  constructor(options: CircuitBreakerOptions) {
    this.#options = {
      failures: 3,
      firstDelayMs: 100,
      maxDelayMs: 1_000,
      onChange() {},
      clock: systemClock,
      ...options,
    };
    this.#delayMs = this.#options.firstDelayMs;
  }

  /** Whether calls should keep away. */
  get open(): boolean {
    return this.#open;
  }

  onSuccess(): void {
    if (this.#open) return;
    this.#failures = 0;
    if (this.#doubt > 0 && --this.#doubt === 0) this.#delayMs = this.#options.firstDelayMs;
  }

  onFailure(reason: unknown): void {
    if (this.#open || this.#closed) return;
    this.#failures++;
    if (this.#failures < this.#options.failures && this.#doubt === 0) return;
    this.#open = true;
    this.#options.onChange(true, reason);
    this.#probeLater();
  }

  /** Ends the tries. */
  close(): void {
    this.#closed = true;
    this.#cancelProbe();
  }

  #probeLater(): void {
    if (this.#closed) return;
    const { clock, probe, maxDelayMs } = this.#options;
    this.#cancelProbe = clock.after(this.#delayMs, () => {
      this.#delayMs = Math.min(2 * this.#delayMs, maxDelayMs);
      probe().then(
        () => this.#onBack(),
        () => this.#probeLater(),
      );
    });
  }

  #onBack(): void {
    if (this.#closed) return;
    this.#open = false;
    this.#failures = 0;
    this.#doubt = TRUSTED_AFTER;
    this.#options.onChange(false);
  }
}
