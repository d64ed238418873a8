/** Looks after devices that nothing else looks after: those that had no batch lately, and those whose answers may go wrong unseen. */
import type { Clock } from '../batching/clock.js';
import type { Device } from './device.js';

export interface HealthOptions {
  devices: readonly Device[];
  intervalMs: number;
  clock: Clock;
  /** Runs a short text; rejects if that is not well. */
  check(device: Device): Promise<void>;
  /** Whether a batch that went well says less than `check`, which compares the vector with one that is known. */
  isUnsure(device: Device): boolean;
}

export class Health {
  readonly #options: HealthOptions;
  readonly #underWay = new Set<Promise<void>>();
  #callOff: () => void;
  #closed = false;

  constructor(options: HealthOptions) {
    this.#options = options;
    this.#callOff = this.#later();
  }

  /** Resolves when no check is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#callOff();
    await Promise.all(this.#underWay);
  }

  #later(): () => void {
    const { clock, intervalMs } = this.#options;
    return clock.after(intervalMs, () => {
      const look = this.#look().finally(() => {
        this.#underWay.delete(look);
        if (!this.#closed) this.#callOff = this.#later();
      });
      this.#underWay.add(look);
    });
  }

  async #look(): Promise<void> {
    const { devices, clock, intervalMs, isUnsure } = this.#options;
    for (const device of devices) {
      if (!device.isUsable || this.#closed) continue;
      if (!isUnsure(device) && clock.now() - device.usedAt < intervalMs) continue;
      await this.#check(device);
    }
  }

  /** A failure has a second chance, as a batch has. */
  async #check(device: Device): Promise<void> {
    const { check } = this.#options;
    const failed = await check(device).then(
      () => false,
      () => true,
    );
    if (failed && device.isUsable && !this.#closed) await check(device).catch((error) => device.trip(error));
  }
}
