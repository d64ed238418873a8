/** Writes that nobody waits for: one after the other, and bounded, since a place that hangs must not fill the memory. */
import { OvembedError } from '../errors.js';

export class WriteQueue {
  readonly #maxBytes: number;
  #bytes = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** @param maxBytes of writes that wait or are under way; a single one may be larger */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Runs `work` once all before it have settled; rejects without running it where too much waits already. */
  async add(bytes: number, work: () => Promise<void>): Promise<void> {
    if (this.#bytes > 0 && this.#bytes + bytes > this.#maxBytes) {
      throw new OvembedError('ERR_CACHE', `${this.#bytes} bytes wait to be written; what came now was not kept.`);
    }
    this.#bytes += bytes;
    const done = this.#last.then(work).finally(() => {
      this.#bytes -= bytes;
    });
    this.#last = done.catch(() => {});
    return done;
  }

  /** Resolves once everything that was added has settled. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
