/** Ctrl-C and SIGTERM: the first asks for an orderly end, the second for the end. */
import { EXIT } from './exit-codes.js';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Listens from its creation to its `end()`. */
export class Interruption {
  readonly #controller = new AbortController();
  readonly #onFirst: () => void;
  #exitCode: number | undefined;

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
    if (this.#exitCode !== undefined) process.exit(EXIT[name]);
    this.#exitCode = EXIT[name];
    this.#onFirst();
    this.#controller.abort();
  };
}
