/** One device of a chain: the model compiled for it, whether it may be used, and what it did. */
import type { Clock } from '../batching/clock.js';
import type { RunResult } from '../batching/work.js';
import { CircuitBreaker } from '../circuit-breaker.js';
import { OvembedError } from '../errors.js';
import { type BatchPart, callNative, type InferOptions, type NativePipeline } from '../native.js';
import type { Computation, RanOn } from './computation.js';
import { executionDevicesOf } from './execution-devices.js';
import type { FallbackPolicy } from './fallback-options.js';
import type { DevicePlan } from './plan.js';
import { rowsOf } from './rows.js';
import { Watchdog } from './watchdog.js';

/**
 * `loading`: being compiled or compared; `ready`: may be used; `failing`: kept away from until a try succeeds; `probing`: such a
 * try is under way; `unavailable`: not there, or not fit; `dead`: batches did not return, so it is left alone for good.
 */
export type DeviceState = 'loading' | 'ready' | 'failing' | 'probing' | 'unavailable' | 'dead';

/** A device as users see it. */
export interface DeviceInfo {
  /** As OpenVINO names it. */
  readonly device: string;
  /** The full name that the plugin gives, such as that of the processor. */
  readonly name: string;
  /** Whether it is given batches. */
  readonly state: DeviceState;
  /** Why it is in that state. */
  readonly reason: string;
  /** Version of the driver; null: not told. */
  readonly driver: string | null;
  /** What the model is computed in there; null until it is loaded. */
  readonly precision: Computation['precision'] | null;
  /** Element type of the activations; null until it is loaded. */
  readonly activations: Computation['activations'] | null;
  /** What the model really runs on, as OpenVINO says: of `AUTO:GPU,CPU`, the member or members. Null until it is loaded. */
  readonly executionDevices: readonly string[] | null;
  /** Mean milliseconds of the latest batches, from handing over to result; null before the first. */
  readonly latencyMs: number | null;
  /** Since the load. */
  readonly counts: Readonly<DeviceCounts>;
}

/** What happened on a device. They only grow. */
export interface DeviceCounts {
  /** Batches with a sound result. */
  batches: number;
  /** Batches that it failed with in all tries though another device, or it on another day, did not. */
  failures: number;
  /** Tries after the first. */
  retries: number;
  /** Batches that did not return. */
  hangs: number;
}

/** Stuck threads end with the process only, so there may be but few. */
const MOST_HANGS = 2;
const WEIGHT_OF_LATEST = 0.1;

const approach = (mean: number, value: number) => mean + WEIGHT_OF_LATEST * (value - mean);

/** A batch of more tokens may take longer. */
const TOKENS_PER_TIMEOUT = 1_024;
const FIRST_TRY_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;

const hangs = new WeakSet<object>();

/** Whether an error of `Device.run` tells of a batch that did not return. */
export function isHang(error: unknown): boolean {
  return typeof error === 'object' && error !== null && hangs.has(error);
}

/** A pipeline that may have to compile before it runs a bucket (static-pipelines.ts). */
export interface DevicePipeline extends NativePipeline {
  /** Whether it could run a batch of a bucket at once. Default: any. */
  takes?(bucket: number): boolean;
  prepare?(bucket: number): Promise<void>;
}

/** What a device is opened with. */
export interface OpenedDevice {
  pipeline: DevicePipeline;
  computation: Computation;
  reason: string;
}

export interface DeviceOptions {
  policy: FallbackPolicy;
  clock: Clock;
  /** Runs a short text on the device; rejects if that is not well. */
  check(device: Device): Promise<void>;
  onChange(device: Device, open: boolean, reason: string): void;
}

export class Device {
  readonly plan: DevicePlan;
  readonly counts: DeviceCounts = { batches: 0, failures: 0, retries: 0, hangs: 0 };
  readonly #options: DeviceOptions;
  readonly #breaker: CircuitBreaker;
  readonly #watchdog: Watchdog;
  #opened: OpenedDevice | undefined;
  #ranOn: RanOn | undefined;
  #executionDevices: (() => readonly string[]) | undefined;
  #status: DeviceState = 'loading';
  #reason = 'being loaded';
  #latencyMs: number | null = null;
  /** Batches on it. */
  inFlight = 0;
  /** Their tokens, padding counted. */
  tokensInFlight = 0;
  /** Of late, padding counted; undefined before the first batch. */
  tokensPerMs: number | undefined;
  /** When it last gave a sound result, or was opened. */
  usedAt = -Infinity;

  constructor(plan: DevicePlan, options: DeviceOptions) {
    this.plan = plan;
    this.#options = options;
    this.#watchdog = new Watchdog(options.clock);
    this.#breaker = new CircuitBreaker({
      clock: options.clock,
      failuresOf20: 10,
      firstDelayMs: FIRST_TRY_MS,
      maxDelayMs: LONGEST_WAIT_MS,
      probe: () => this.#probe(),
      onChange: (open, reason) => this.#onChange(open, reason),
    });
  }

  /** Batches that it can be given at once. */
  get concurrency(): number {
    return this.#opened?.pipeline.concurrency ?? 1;
  }

  get name(): string {
    return this.plan.device;
  }

  /** Undefined until it is open. */
  get opened(): OpenedDevice | undefined {
    return this.#opened;
  }

  get state(): DeviceState {
    if (this.#status !== 'ready') return this.#status;
    if (!this.#breaker.open) return 'ready';
    return this.#breaker.state === 'halfOpen' ? 'probing' : 'failing';
  }

  get reason(): string {
    return this.#reason;
  }

  /** It can run batches, however badly. */
  get isAlive(): boolean {
    return this.#status === 'ready';
  }

  /** It should be given batches. */
  get isUsable(): boolean {
    return this.#status === 'ready' && !this.#breaker.open;
  }

  /** Whether it could run a batch of a bucket at once. */
  takes(bucket: number): boolean {
    return this.#opened?.pipeline.takes?.(bucket) ?? true;
  }

  get info(): DeviceInfo {
    const { computation } = this.#opened ?? {};
    return {
      device: this.name,
      name: this.plan.fullName,
      state: this.state,
      reason: this.#reason,
      driver: this.plan.driver,
      precision: computation?.precision ?? null,
      activations: computation?.activations ?? null,
      executionDevices: this.#executionDevices?.() ?? null,
      latencyMs: this.#latencyMs,
      counts: { ...this.counts },
    };
  }

  /** From now on it may be used. */
  open(opened: OpenedDevice): void {
    const { precision, activations } = opened.computation;
    this.#opened = opened;
    this.#executionDevices = executionDevicesOf(opened.pipeline);
    this.#ranOn = { device: this.name, precision, activations };
    this.#status = 'ready';
    this.#reason = opened.reason;
    this.usedAt = this.#options.clock.now();
  }

  refuse(reason: string): void {
    this.#status = 'unavailable';
    this.#reason = reason;
  }

  /**
   * Runs a batch once. What comes of it is for the caller to judge, with `succeeded` or `failed`.
   * @param checkLimitMs of a short text that shows whether the device is well: how long it may take. It tells nothing of the
   *   speed of batches
   */
  run(
    pipeline: DevicePipeline,
    parts: readonly BatchPart[],
    options: InferOptions,
    checkLimitMs?: number,
  ): Promise<RunResult> {
    const { bucket } = options;
    const run = () => this.#run(pipeline, parts, options, checkLimitMs);
    if (!pipeline.takes || pipeline.takes(bucket)) return run();
    return pipeline.prepare?.(bucket).then(run) as Promise<RunResult>;
  }

  /** A batch had a sound result. */
  succeeded(): void {
    this.counts.batches++;
    this.usedAt = this.#options.clock.now();
    this.#breaker.onSuccess();
  }

  /** It could not run a batch that is not to blame. */
  failed(error: unknown): void {
    this.counts.failures++;
    this.#breaker.onFailure(error);
  }

  /** It is not to be used until a try succeeds. */
  trip(error: unknown): void {
    this.#breaker.trip(error);
  }

  /** For when no batch is in flight, other than those that do not return. */
  async close(): Promise<void> {
    this.#breaker.close();
    this.#watchdog.close();
    await this.#opened?.pipeline.close();
  }

  #run(
    pipeline: NativePipeline,
    parts: readonly BatchPart[],
    options: InferOptions,
    checkLimitMs?: number,
  ): Promise<RunResult> {
    const job = options.job as number;
    const { clock } = this.#options;
    const startedAt = clock.now();
    const tokens = rowsOf(parts) * options.bucket;
    const limitMs = checkLimitMs ?? this.#limitOf(parts, options);
    let hang: OvembedError | undefined;
    this.inFlight++;
    this.tokensInFlight += tokens;
    this.#watchdog.watch(job, limitMs, () => {
      hang = this.#giveUp(pipeline, job, limitMs);
    });
    return callNative(() => pipeline.infer(parts, options)).then(
      (result: RunResult) => {
        if (checkLimitMs === undefined) this.#measure(clock.now() - startedAt);
        this.#end(job, tokens);
        result.ranOn = this.#ranOn as RanOn;
        return result;
      },
      (error) => {
        this.#end(job, tokens);
        throw hang ?? error;
      },
    );
  }

  #limitOf(parts: readonly BatchPart[], { bucket }: InferOptions): number {
    return this.#options.policy.inferTimeoutMs * Math.max(1, (rowsOf(parts) * bucket) / TOKENS_PER_TIMEOUT);
  }

  #end(job: number, tokens: number): void {
    this.#watchdog.done(job);
    this.inFlight--;
    this.tokensInFlight -= tokens;
  }

  /** Batches side by side share the device: it did them all in the time of one. */
  #measure(ms: number): void {
    const speed = this.tokensInFlight / Math.max(ms, 0.001);
    this.#latencyMs = approach(this.#latencyMs ?? ms, ms);
    this.tokensPerMs = approach(this.tokensPerMs ?? speed, speed);
  }

  #giveUp(pipeline: NativePipeline, job: number, limitMs: number): OvembedError {
    const error = new OvembedError('ERR_DEVICE_FAILED', `${this.name} did not return a batch within ${limitMs} ms.`);
    hangs.add(error);
    this.counts.hangs++;
    if (this.counts.hangs < MOST_HANGS) this.#breaker.trip(error);
    else if (this.#status !== 'dead') this.#die();
    pipeline.giveUp(job);
    return error;
  }

  #die(): void {
    this.#breaker.close();
    this.#status = 'dead';
    this.#reason = `${this.counts.hangs} batches did not return; it is left alone until the model is loaded again`;
    this.#options.onChange(this, true, this.#reason);
  }

  async #probe(): Promise<void> {
    await this.#options.check(this);
    if (this.#status === 'dead') throw new Error(this.#reason);
  }

  #onChange(open: boolean, reason: unknown): void {
    this.#reason = open ? String((reason as Error)?.message ?? reason) : 'came back: a try succeeded';
    this.#options.onChange(this, open, this.#reason);
  }
}
