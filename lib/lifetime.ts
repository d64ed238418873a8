/** From `open` to `closed`: no call begins after `close()`, and all that has begun ends before anything is freed. */
import { OvembedError } from './errors.js';

export class Lifetime {
  /** Calls that are not over, and windows of streams. */
  #active = 0;
  /** Told when none is active, while closing. */
  #onIdle: (() => void) | undefined;
  #closed: Promise<void> | undefined;
  #state: 'ready' | 'closing' | 'closed' = 'ready';

  get state(): 'ready' | 'closing' | 'closed' {
    return this.#state;
  }

  /** @throws OvembedError `ERR_CLOSED` */
  rejectIfClosed(name: string): void {
    if (this.#closed === undefined) return;
    throw new OvembedError('ERR_CLOSED', `${name} was called after close(); load or connect anew.`);
  }

  /**
   * Starts work that `close()` waits for.
   * @throws OvembedError `ERR_CLOSED`
   */
  admit<T>(name: string, work: () => Promise<T>): Promise<T> {
    this.rejectIfClosed(name);
    const result = work();
    this.#active++;
    const over = () => {
      this.#active--;
      if (this.#active === 0) this.#onIdle?.();
    };
    result.then(over, over);
    return result;
  }

  /** Closing twice is closing once. @param free is called when nothing is active any more */
  close(free: () => Promise<void>): Promise<void> {
    this.#closed ??= this.#end(free);
    return this.#closed;
  }

  async #end(free: () => Promise<void>): Promise<void> {
    this.#state = 'closing';
    if (this.#active > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    await free();
    this.#state = 'closed';
  }
}
