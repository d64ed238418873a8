/** What users are told when devices fail and come back: events for programs, lines for logs. */
import { EventEmitter } from 'node:events';
import type { Logger } from '../logger.js';
import type { Device } from './device.js';
import type { FallbackObserver } from './fallback.js';

/** Events of an `Embedder`. */
export interface DeviceEventMap {
  /** A batch that failed on one device went to another; both as OpenVINO names them, and the error's message. */
  fallback: [{ from: string; to: string; reason: string }];
  /** A device is left alone from now on, and why. */
  degraded: [{ device: string; reason: string }];
  /** A device may be used again, or has been loaded after all. `downMs`: milliseconds since it was left alone; null: it never was used. */
  recovered: [{ device: string; downMs: number | null }];
}

export class DeviceEvents extends EventEmitter<DeviceEventMap> implements FallbackObserver {
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #downSince = new Map<Device, number>();
  /** Batches that were moved to another device. */
  fallbacks = 0;

  constructor(logger: Logger, now: () => number) {
    super();
    this.#logger = logger;
    this.#now = now;
  }

  onFallback(from: Device, to: Device, error: unknown): void {
    this.fallbacks++;
    const reason = error instanceof Error ? error.message : String(error);
    this.#logger.warn(`a batch went from ${from.name} to ${to.name}: ${reason}`);
    this.#emit('fallback', { from: from.name, to: to.name, reason });
  }

  onChange(device: Device, open: boolean, reason: string): void {
    if (open) this.#onDown(device, reason);
    else this.#onBack(device);
  }

  /** A device was opened while others served already. */
  onLate(device: Device): void {
    this.#logger.info(`${device.name} has been loaded.`);
    this.#emit('recovered', { device: device.name, downMs: null });
  }

  #onDown(device: Device, reason: string): void {
    if (!this.#downSince.has(device)) this.#downSince.set(device, this.#now());
    this.#logger.warn(`${device.name} is left alone: ${reason}`);
    this.#emit('degraded', { device: device.name, reason });
  }

  #onBack(device: Device): void {
    const downMs = this.#now() - (this.#downSince.get(device) ?? this.#now());
    this.#downSince.delete(device);
    this.#logger.info(`${device.name} is back after ${Math.round(downMs)} ms.`);
    this.#emit('recovered', { device: device.name, downMs });
  }

  /** What a listener throws is the listener's, and comes up as Node's uncaught errors do. */
  #emit<Name extends keyof DeviceEventMap>(name: Name, event: DeviceEventMap[Name][0]): void {
    process.nextTick(() => (this as EventEmitter).emit(name, event));
  }
}
