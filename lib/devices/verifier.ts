/**
 * Finds out that a device has begun to answer wrong before a wrong vector is handed out: results are held back until a short
 * text that was run after them has come out right. Results that are ready while such a run is under way share the next one.
 */
import { type Device, isHang } from './device.js';

export interface VerifierOptions {
  /** Whether the device's vector of the short text is known. One that is not has nothing to be compared with. */
  knows(device: Device): boolean;
  /** Runs the text on the device; rejects if that is not well. */
  check(device: Device): Promise<void>;
  /** Whether an error of `check` tells of a vector that is not the right one, rather than of none. */
  isWrong(error: unknown): boolean;
  /** Runs that may fail without a vector before the results count as failed, too. */
  tries: number;
}

interface Waiter {
  resolve(): void;
  reject(error: unknown): void;
}

export class Verifier {
  readonly #options: VerifierOptions;
  /** Who waits for the next run on a device. There is an entry while one is under way. */
  readonly #waiting = new Map<Device, Waiter[]>();
  readonly #underWay = new Set<Promise<void>>();

  constructor(options: VerifierOptions) {
    this.#options = options;
  }

  covers(device: Device): boolean {
    return this.#options.knows(device);
  }

  /** Whether an error of `verify` tells of a device that answers wrong. */
  isWrong(error: unknown): boolean {
    return this.#options.isWrong(error);
  }

  /**
   * Resolves when a run of the text that began after this call has come out right.
   * @throws what is wrong with the device, which is left alone then if it answers wrong
   */
  verify(device: Device): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject };
      const waiting = this.#waiting.get(device);
      if (waiting) waiting.push(waiter);
      else this.#start(device, waiter);
    });
  }

  /** Resolves when no run is under way. */
  async close(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  #start(device: Device, first: Waiter): void {
    this.#waiting.set(device, []);
    const runs = this.#run(device, [first]).finally(() => this.#underWay.delete(runs));
    this.#underWay.add(runs);
  }

  /** Never rejects. */
  async #run(device: Device, first: Waiter[]): Promise<void> {
    for (let waiters = first; waiters.length > 0; waiters = this.#takeWaiting(device)) {
      const failure = await this.#failureOf(device);
      for (const { resolve, reject } of waiters) {
        if (failure) reject(failure.error);
        else resolve();
      }
    }
  }

  /** Those who came meanwhile; without any, the next one to come starts anew. */
  #takeWaiting(device: Device): Waiter[] {
    const waiters = this.#waiting.get(device) as Waiter[];
    if (waiters.length > 0) this.#waiting.set(device, []);
    else this.#waiting.delete(device);
    return waiters;
  }

  /** The vectors are there already and want but a word, so a failure that says nothing of them is followed by another run at once. */
  async #failureOf(device: Device): Promise<{ error: unknown } | undefined> {
    const { check, isWrong, tries } = this.#options;
    for (let tried = 1; ; tried++) {
      const failure = await check(device).then(
        () => undefined,
        (error: unknown) => ({ error }),
      );
      if (!failure) return undefined;
      if (isWrong(failure.error)) device.trip(failure.error);
      if (tried >= tries || !device.isUsable || isHang(failure.error)) return failure;
    }
  }
}
