/** Ctrl-C and SIGTERM: the first asks for an orderly end, the second for the end. */
import { EXIT } from './exit-codes.js';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Under npx, one Ctrl-C comes twice at once: from the terminal, and forwarded by npm. A person takes longer. */
const SAME_WITHIN_MS = 250;

/** Listens from its creation to its `end()`. */
export class Interruption {
  readonly #controller = new AbortController();
  readonly #onFirst: () => void;
  #exitCode: number | undefined;
  #firstAt = 0;

  /** @param onFirst tells the user that the first signal has been understood */
  constructor(onFirst: () => void) {
    this.#onFirst = onFirst;
    for (const name of SIGNALS) process.on(name, this.#onSignal);
  }

  /** Aborts at the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** That of the first signal; undefined if none has come. */
  get exitCode(): number | undefined {
    return this.#exitCode;
  }

  /** From now on, signals do what they do by default. */
  end(): void {
    for (const name of SIGNALS) process.off(name, this.#onSignal);
  }

  readonly #onSignal = (name: (typeof SIGNALS)[number]): void => {
    if (this.#exitCode !== undefined) {
      if (performance.now() - this.#firstAt > SAME_WITHIN_MS) process.exit(EXIT[name]);
      return;
    }
    this.#exitCode = EXIT[name];
    this.#firstAt = performance.now();
    this.#onFirst();
    this.#controller.abort();
  };
}
