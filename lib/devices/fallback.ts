/**
 * Runs batches on the first device of a chain that is fit for use, and moves a batch that a device fails with to the next: none
 * is lost, and none is answered twice, as only one try of a batch is ever waited for. To the scheduler it is one pipeline.
 */
import type { Clock } from '../batching/clock.js';
import type { Runner } from '../batching/pipelines.js';
import type { RunResult } from '../batching/work.js';
import { OvembedError } from '../errors.js';
import type { BatchPart, InferOptions, NativePipeline } from '../native.js';
import type { Device } from './device.js';
import { soonest } from './distribution.js';
import type { FallbackPolicy } from './fallback-options.js';
import { cancelled, isSound, Recovery } from './recovery.js';
import { rowsOf } from './rows.js';
import type { Verifier } from './verifier.js';

/** Told what happens to batches. */
export interface FallbackObserver {
  /** A batch that failed on one device goes to another. */
  onFallback(from: Device, to: Device, error: unknown): void;
}

export interface FallbackSetup {
  /** In order of preference. */
  devices: readonly Device[];
  /** All of them work at once, each on batches of its own. Default: the first that is well works. */
  distributes?: boolean;
  policy: FallbackPolicy;
  clock: Clock;
  /** Runs a short text; rejects if that is not well. */
  check(device: Device): Promise<void>;
  /** Holds results back until it is known that they are right. Default: they are taken to be. */
  verifier?: Verifier | undefined;
  observer: FallbackObserver;
  /** From 0 to 1, for jitter. */
  random?: () => number;
  /** Ends what runs beside the batches. */
  onClose?(): Promise<void>;
}

/** A batch under way. */
export interface RunningBatch {
  readonly parts: readonly BatchPart[];
  readonly options: InferOptions;
  /** Where it is or was last. */
  device: Device;
  pipeline: NativePipeline;
  /** Nobody waits for it any more. */
  cancelled: boolean;
  /** Ends what it waits for beside the devices. */
  wake: () => void;
}

/**
 * Batches that others may take the place of while they wait. Enough for the pauses of a device that fails in three tries of ten
 * and does 250 batches a second; few enough that all of them, coming back at once, are soon done.
 */
const MOST_RESTING = 32;

export class Fallback implements Runner {
  readonly isolates = true;
  readonly options: FallbackSetup;
  readonly #running = new Map<number, RunningBatch>();
  /** Batches that are on no device at the moment. */
  #resting = 0;
  #tellOfRoom = () => {};

  constructor(options: FallbackSetup) {
    this.options = options;
  }

  get devices(): readonly Device[] {
    return this.options.devices;
  }

  /** Batches that it can be given at once: what the devices can, and one for each that waits. */
  get concurrency(): number {
    return this.#roomOfDevices() + Math.min(this.#resting, MOST_RESTING);
  }

  onRoom(callback: () => void): void {
    this.#tellOfRoom = callback;
  }

  #roomOfDevices(): number {
    const usable = this.options.distributes ? this.devices.filter((device) => device.isUsable) : [];
    if (usable.length === 0) return this.choose()?.concurrency ?? 1;
    return usable.reduce((sum, device) => sum + device.concurrency, 0);
  }

  /**
   * The first device that may be used at once; else the last that still can be, since a call is better tried than refused.
   * @param besides those that failed with the batch already
   * @param batch its bucket, and its tokens with padding
   */
  choose(besides?: { has(device: Device): boolean }, batch?: { bucket: number; tokens: number }): Device | undefined {
    const takes = (device: Device) => device.isUsable && (!batch || device.takes(batch.bucket));
    if (this.options.distributes) {
      const usable = this.devices.filter((device) => takes(device) && !besides?.has(device));
      if (usable.length > 0) return soonest(usable, batch?.tokens ?? 0);
    }
    let last: Device | undefined;
    for (const device of this.devices) {
      if (besides?.has(device) || !device.isAlive) continue;
      if (takes(device)) return device;
      last = device;
    }
    return last;
  }

  infer(parts: readonly BatchPart[], options: InferOptions): Promise<RunResult> {
    return this.#infer(parts, options);
  }

  /** A runner that tries a batch on another pipeline of the chosen device first. */
  through(pipeline: NativePipeline): Runner {
    return {
      isolates: true,
      concurrency: pipeline.concurrency,
      infer: (parts, options) => this.#infer(parts, options, pipeline),
      cancel: (job) => this.cancel(job),
      close: () => pipeline.close(),
    };
  }

  cancel(job: number): void {
    const batch = this.#running.get(job);
    if (!batch) return;
    batch.cancelled = true;
    batch.wake();
    batch.pipeline.cancel(job);
  }

  /**
   * Waits with a batch that is on no device, so that another may go on meanwhile.
   * @param callOff frees what `until` needs
   * @throws what `until` rejects with; OvembedError `ERR_CLOSED` once the batch is cancelled
   */
  async rest(batch: RunningBatch, until: Promise<void>, callOff = () => {}): Promise<void> {
    const woken = new Promise<void>((resolve) => {
      batch.wake = resolve;
      if (batch.cancelled) resolve();
    });
    this.#resting++;
    this.#tellOfRoom();
    try {
      await Promise.race([until, woken]);
    } finally {
      this.#resting--;
      callOff();
    }
    if (batch.cancelled) throw cancelled();
  }

  /** One try of a batch, or of some of its rows. */
  try(batch: RunningBatch, device: Device, pipeline: NativePipeline, parts = batch.parts): Promise<RunResult> {
    const { verifier } = this.options;
    batch.device = device;
    batch.pipeline = pipeline;
    const run = device.run(pipeline, parts, batch.options);
    if (!verifier?.covers(device)) return run;
    return run.then((result) => this.rest(batch, verifier.verify(device)).then(() => result));
  }

  async close(): Promise<void> {
    await this.options.verifier?.close();
    await this.options.onClose?.();
    await Promise.all(this.devices.map((device) => device.close()));
  }

  #infer(parts: readonly BatchPart[], options: InferOptions, pipeline?: NativePipeline): Promise<RunResult> {
    const { bucket } = options;
    const device = this.choose(undefined, { bucket, tokens: rowsOf(parts) * bucket });
    if (!device?.opened) return Promise.reject(this.#noDevice());
    const job = options.job as number;
    const first = pipeline ?? device.opened.pipeline;
    const batch: RunningBatch = { parts, options, device, pipeline: first, cancelled: false, wake() {} };
    this.#running.set(job, batch);
    return this.try(batch, device, first).then(
      (result) => {
        if (!isSound(result)) return this.#recover(batch, { result });
        device.succeeded();
        this.#running.delete(job);
        return result;
      },
      (error) => this.#recover(batch, { error }),
    );
  }

  async #recover(batch: RunningBatch, outcome: { result: RunResult } | { error: unknown }): Promise<RunResult> {
    try {
      return await new Recovery(this, batch).run(outcome);
    } finally {
      this.#running.delete(batch.options.job as number);
    }
  }

  #noDevice(): OvembedError {
    const words = this.devices.map(({ name, state, reason }) => `${name} is ${state} (${reason})`).join('; ');
    return new OvembedError('ERR_DEVICE_FAILED', `No device is left: ${words}. Load the model again.`);
  }
}
