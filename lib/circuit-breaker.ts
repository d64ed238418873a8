/**
 * Keeps calls away from a place that does not answer. After some failures in a row, or too many among the last outcomes, it
 * opens; while it is open, it tries the place itself in the background, one try at a time (half-open), so that no call pays
 * for finding out; the first try that succeeds closes it again, on trust: the next failure opens it at once, until calls
 * have succeeded. Those who come back and fail again wait longer each time.
 */
import { type Clock, systemClock } from './batching/clock.js';

export interface CircuitBreakerOptions {
  /** Tries the place once; must settle. Rejects while the place is of no use. */
  probe(): Promise<void>;
  /** Failures in a row that open it. Default 3. */
  failures?: number;
  /** More failures than this among the last 20 outcomes open it too. Default: no number does. */
  failuresOf20?: number;
  /** Milliseconds from opening to the first try, doubled after each that fails. Default 100. */
  firstDelayMs?: number;
  /** Most milliseconds between tries. Default 1,000. */
  maxDelayMs?: number;
  /** Told of each change, with what was the reason to open. */
  onChange?(open: boolean, reason?: unknown): void;
  clock?: Clock;
}

/** `halfOpen`: open, and a try is under way. */
export type CircuitState = 'closed' | 'open' | 'halfOpen';

/** Successes in a row after which a place that has come back is trusted as before. */
const TRUSTED_AFTER = 5;

export class CircuitBreaker {
  readonly #options: Required<CircuitBreakerOptions>;
  readonly #outcomes = new Outcomes();
  #failures = 0;
  /** Successes that are still needed for full trust. */
  #doubt = 0;
  #state: CircuitState = 'closed';
  #delayMs: number;
  #cancelProbe: () => void = () => {};
  #ended = false;

  constructor(options: CircuitBreakerOptions) {
    this.#options = {
      failures: 3,
      failuresOf20: Infinity,
      firstDelayMs: 100,
      maxDelayMs: 1_000,
      onChange() {},
      clock: systemClock,
      ...options,
    };
    this.#delayMs = this.#options.firstDelayMs;
  }

  get state(): CircuitState {
    return this.#state;
  }

  /** Whether calls should keep away. */
  get open(): boolean {
    return this.#state !== 'closed';
  }

  onSuccess(): void {
    if (this.open) return;
    this.#failures = 0;
    this.#outcomes.add(false);
    if (this.#doubt > 0 && --this.#doubt === 0) this.#delayMs = this.#options.firstDelayMs;
  }

  onFailure(reason: unknown): void {
    if (this.open || this.#ended) return;
    this.#failures++;
    this.#outcomes.add(true);
    const { failures, failuresOf20 } = this.#options;
    if (this.#failures < failures && this.#outcomes.failures <= failuresOf20 && this.#doubt === 0) return;
    this.trip(reason);
  }

  /** Opens it at once: for what leaves no doubt. */
  trip(reason: unknown): void {
    if (this.open || this.#ended) return;
    this.#state = 'open';
    this.#options.onChange(true, reason);
    this.#probeLater();
  }

  /** Ends the tries; it stays as it is. */
  close(): void {
    this.#ended = true;
    this.#cancelProbe();
  }

  #probeLater(): void {
    if (this.#ended) return;
    const { clock, probe, maxDelayMs } = this.#options;
    this.#state = 'open';
    this.#cancelProbe = clock.after(this.#delayMs, () => {
      this.#delayMs = Math.min(2 * this.#delayMs, maxDelayMs);
      this.#state = 'halfOpen';
      probe().then(
        () => this.#onBack(),
        () => this.#probeLater(),
      );
    });
  }

  #onBack(): void {
    if (this.#ended) return;
    this.#state = 'closed';
    this.#failures = 0;
    this.#outcomes.clear();
    this.#doubt = TRUSTED_AFTER;
    this.#options.onChange(false);
  }
}

/** The last 20 outcomes. */
class Outcomes {
  readonly #failed = new Uint8Array(20);
  #next = 0;
  failures = 0;

  add(failed: boolean): void {
    this.failures += Number(failed) - (this.#failed[this.#next] as number);
    this.#failed[this.#next] = Number(failed);
    this.#next = (this.#next + 1) % this.#failed.length;
  }

  clear(): void {
    this.#failed.fill(0);
    this.failures = 0;
  }
}
