/** What has been embedded so far, and how fast. */

/** The first batches take longer than the others. */
const MEANINGFUL_AFTER_SECONDS = 2;

/** One text that is done. */
export interface Done {
  tokens: number;
  truncated: boolean;
  /** Bytes of the input up to its end. */
  end: number;
}

export class Tally {
  /** Bytes of the whole input; undefined if they are not known. */
  readonly totalBytes: number | undefined;
  readonly #now: () => number;
  readonly #startedAt: number;
  texts = 0;
  tokens = 0;
  truncated = 0;
  bytes = 0;

  /** @param now a clock in milliseconds */
  constructor(totalBytes: number | undefined, now: () => number = () => performance.now()) {
    this.totalBytes = totalBytes;
    this.#now = now;
    this.#startedAt = now();
  }

  add({ tokens, truncated, end }: Done): void {
    this.texts++;
    this.tokens += tokens;
    this.truncated += truncated ? 1 : 0;
    this.bytes = end;
  }

  get seconds(): number {
    return (this.#now() - this.#startedAt) / 1000;
  }

  get textsPerSecond(): number {
    return this.texts / Math.max(this.seconds, 1e-3);
  }

  get tokensPerSecond(): number {
    return this.tokens / Math.max(this.seconds, 1e-3);
  }

  /** The part of the input that is done, from 0 to 1. A file may have grown since its size was looked at. */
  get share(): number | undefined {
    return this.totalBytes ? Math.min(this.bytes / this.totalBytes, 1) : undefined;
  }

  /** At the speed so far; undefined before that says anything. */
  get secondsLeft(): number | undefined {
    return this.share && this.seconds >= MEANINGFUL_AFTER_SECONDS
      ? (this.seconds * (1 - this.share)) / this.share
      : undefined;
  }
}
