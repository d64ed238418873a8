/** Holds callers until a test lets them through, so that a schedule is decided and not a matter of time. */
import { setImmediate as nextTurn } from 'node:timers/promises';

interface Waiting {
  name: string;
  resolve(): void;
  reject(reason: unknown): void;
}

export class Gate {
  #waiting: Waiting[] = [];
  #open = false;

  /** @param name is the message of the error if the caller is made to fail */
  pass(name = ''): Promise<void> | undefined {
    if (this.#open) return undefined;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ name, resolve, reject });
    });
  }

  /** Lets the oldest `count` through, and everything that follows from that happen. */
  async letThrough(count: number): Promise<void> {
    for (const { resolve } of this.#waiting.splice(0, count)) resolve();
    await nextTurn();
  }

  /** Lets one of those that wait through. */
  async finish(which: number): Promise<void> {
    this.#take(which)?.resolve();
    await nextTurn();
  }

  /** Makes one of those that wait fail, as the addon does. */
  async fail(which: number): Promise<void> {
    const waiting = this.#take(which);
    waiting?.reject(Object.assign(new Error(waiting.name), { code: 'ERR_DEVICE_FAILED' }));
    await nextTurn();
  }

  /** Lets everyone through from now on. */
  open(): void {
    this.#open = true;
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  #take(which: number): Waiting | undefined {
    return this.#waiting.splice(which % (this.#waiting.length || 1), 1)[0];
  }
}
