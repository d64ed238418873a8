/** Opens the devices that a model is wanted on: each is probed, compiled for and compared with the CPU before it gets a text. */
import { systemClock } from '../batching/clock.js';
import type { Runner } from '../batching/pipelines.js';
import { bucketOf } from '../batching/planner.js';
import { OvembedError } from '../errors.js';
import type { NativeDevice, NativePipeline } from '../native.js';
import { Canary, isWrongAnswer } from './canary.js';
import { certify } from './certification.js';
import { planChain } from './chain.js';
import { type ChosenPipeline, choosePipeline, type PipelineRequest } from './choose-pipeline.js';
import { ASKED_ACTIVATIONS, nameOf } from './computation.js';
import { Device, type DeviceInfo, type DevicePipeline } from './device.js';
import { DeviceEvents } from './events.js';
import { executionDevicesOf } from './execution-devices.js';
import { Fallback } from './fallback.js';
import type { FallbackPolicy } from './fallback-options.js';
import { Health } from './health.js';
import { machineOf } from './machine.js';
import { type DevicePlan, type Parallelism, planDevice } from './plan.js';
import type { PrecisionRequest } from './precision.js';
import { shapeOf, withStaticShapes } from './static-pipelines.js';
import { Verifier } from './verifier.js';

export interface DevicesRequest extends Omit<PipelineRequest, 'device' | 'parallelism' | 'tunable' | 'shape'> {
  /** In order of preference. */
  wanted: readonly string[];
  /** All of them are to work at once, in the precision of the first. */
  distributes: boolean;
  /** Those of the machine. */
  present: readonly NativeDevice[];
  /** Null: one device, as it is. */
  policy: FallbackPolicy | null;
  /** A model per bucket, on devices that take any shape as well. */
  shapes: 'dynamic' | 'static';
  parallelismOf(device: string): Parallelism;
  isTunable(device: DevicePlan): boolean;
  /** Loads the model on a device in a process of its own. */
  probeDevice(device: DevicePlan): Promise<void>;
}

export interface OpenedDevices {
  /** The first device that could be opened, and what it computes. */
  device: DevicePlan;
  chosen: ChosenPipeline;
  /** What batches run on. */
  runner: Runner;
  /** Whether there is a device to fall back to. */
  isChain: boolean;
  /** A runner that tries another pipeline of the device first. */
  through(pipeline: NativePipeline): Runner;
  describe(): DeviceInfo[];
  events: DeviceEvents;
}

/** @throws OvembedError `ERR_DEVICE_UNAVAILABLE` if none could be opened; what is wrong with the model */
export function openDevices(request: DevicesRequest): Promise<OpenedDevices> {
  return request.policy ? new Opening(request, request.policy).run() : openBare(request);
}

async function openBare(request: DevicesRequest): Promise<OpenedDevices> {
  const plan = planDevice(request.wanted[0] as string, request.present);
  const chosen = await choosePipeline(requestFor(plan, request));
  const pipeline = shaped(plan, chosen, request);
  const { precision, activations } = chosen.choice;
  const executionDevices = executionDevicesOf(pipeline);
  const info = {
    device: plan.device,
    name: plan.fullName,
    state: 'ready' as const,
    reason: plan.reason,
    driver: plan.driver,
    precision,
    activations,
    latencyMs: null,
    counts: { batches: 0, failures: 0, retries: 0, hangs: 0 },
  };
  return {
    device: plan,
    chosen,
    runner: pipeline,
    isChain: false,
    through: (other) => other,
    describe: () => [{ ...info, executionDevices: executionDevices() }],
    events: new DeviceEvents(request.logger, systemClock.now),
  };
}

function requestFor(device: DevicePlan, request: DevicesRequest): PipelineRequest {
  const parallelism = request.parallelismOf(device.device);
  const common = { ...request, device, parallelism, shape: null, tunable: request.isTunable(device) };
  if (!takesOneShape(device)) return common;
  return { ...common, shape: shapeOf(bucketOf(1, request.plan)), tunable: false };
}

/** A graph that is compiled for an NPU has no open shapes. */
export const takesOneShape = ({ device }: Pick<DevicePlan, 'device'>) => device.split('.')[0] === 'NPU';

const MOST_MODELS = 32;
/** Of the weights that are laid out anew for each bucket. */
const MOST_BYTES = 2 * 1024 ** 3;

/** The pipeline of a device, with a model per bucket where it needs them or they are wanted. */
function shaped(device: DevicePlan, { pipeline, weightsBytes, compileFor }: ChosenPipeline, request: DevicesRequest) {
  const oneShape = takesOneShape(device);
  if (!oneShape && request.shapes !== 'static') return pipeline;
  const { buckets } = request.plan;
  return withStaticShapes({
    base: pipeline,
    shape: oneShape ? shapeOf(bucketOf(1, request.plan)) : null,
    load: (shape) => compileFor({ streams: pipeline.streams, threads: pipeline.threads }, shape),
    // A single bucket stands for all its multiples.
    warmUp: buckets.map((bucket) => bucketOf(bucket, request.plan)),
    most: Math.max(1, Math.min(MOST_MODELS, Math.floor(MOST_BYTES / Math.max(1, weightsBytes)))),
    logger: request.logger,
  });
}

/** What vectors of other devices are compared with. */
const REFERENCE = 'CPU';

/** What says nothing about a device. */
const OF_THE_MODEL: ReadonlySet<string> = new Set(['ERR_MODEL_NOT_FOUND', 'ERR_MODEL_INVALID', 'ERR_NATIVE_LOAD']);

class Opening {
  readonly #request: DevicesRequest;
  readonly #policy: FallbackPolicy;
  readonly #events: DeviceEvents;
  readonly #canary: Canary;
  readonly #devices: Device[];
  readonly #chosen = new Map<Device, ChosenPipeline>();
  readonly #errors = new Map<Device, unknown>();
  readonly #underWay = new Set<Promise<void>>();
  readonly #ended = new AbortController();
  #isServing = false;
  #isClosed = false;

  constructor(request: DevicesRequest, policy: FallbackPolicy) {
    const { wanted, present, tokenizer, plan, logger } = request;
    // The end of the load ends what it began, but not what goes on while other devices serve.
    request.signal.addEventListener('abort', () => {
      if (!this.#isServing) this.#ended.abort(request.signal.reason);
    });
    this.#request = { ...request, signal: this.#ended.signal };
    this.#policy = policy;
    this.#events = new DeviceEvents(logger, systemClock.now);
    this.#canary = new Canary({ tokenizer, plan, policy });
    const check = (device: Device) => this.#canary.check(device);
    const onChange = (device: Device, open: boolean, reason: string) => this.#events.onChange(device, open, reason);
    this.#devices = planChain(wanted, present).map(({ plan: devicePlan, problem }) => {
      const device = new Device(devicePlan, { policy, clock: systemClock, check, onChange });
      if (problem) this.#refuse(device, problem);
      return device;
    });
  }

  async run(): Promise<OpenedDevices> {
    try {
      for (const device of this.#devices) await this.#open(device);
      while (this.#chosen.size === 0 && this.#underWay.size > 0) await Promise.race(this.#underWay);
      this.#request.signal.throwIfAborted();
      const [first] = this.#devices.filter((device) => this.#chosen.has(device));
      if (!first) throw this.#failure();
      return this.#serve(first);
    } catch (error) {
      await this.#close();
      throw error;
    }
  }

  #serve(first: Device): OpenedDevices {
    this.#isServing = true;
    const devices = this.#devices;
    const isPlain = devices.length === 1 && first.name === REFERENCE;
    const check = (device: Device) => this.#canary.check(device);
    const knows = (device: Device) => this.#canary.knows(device);
    const { healthIntervalMs: intervalMs, verify, tries } = this.#policy;
    const verifiesBatches = verify === 'batch';
    // A CPU that is alone is shown to be well by its batches: nothing else could be used instead.
    const health = isPlain
      ? undefined
      : new Health({
          devices,
          intervalMs,
          clock: systemClock,
          check,
          isUnsure: (device) => !verifiesBatches && knows(device),
        });
    const fallback = new Fallback({
      devices,
      distributes: this.#request.distributes,
      policy: this.#policy,
      clock: systemClock,
      check,
      verifier: verifiesBatches ? new Verifier({ knows, check, isWrong: isWrongAnswer, tries }) : undefined,
      observer: this.#events,
      onClose: async () => {
        await health?.close();
        await this.#close();
      },
    });
    return {
      device: first.plan,
      chosen: this.#chosen.get(first) as ChosenPipeline,
      runner: fallback,
      isChain: devices.length > 1,
      through: (pipeline) => fallback.through(pipeline),
      describe: () => devices.map(({ info }) => info),
      events: this.#events,
    };
  }

  /** Returns when the device is open or refused, or has taken so long that another should serve meanwhile. */
  async #open(device: Device): Promise<void> {
    if (device.state !== 'loading') return;
    const opening = this.#tryToOpen(device).finally(() => this.#underWay.delete(opening));
    this.#underWay.add(opening);
    const others = this.#devices.some((other) => other !== device && other.state !== 'unavailable');
    if (!others) return opening;
    let callOff = () => {};
    const tooLong = new Promise<void>((resolve) => {
      callOff = systemClock.soon(this.#policy.loadTimeoutMs, resolve);
    });
    await Promise.race([opening, tooLong]).finally(callOff);
    const fatal = this.#errors.get(device);
    if (fatal instanceof OvembedError && OF_THE_MODEL.has(fatal.code)) throw fatal;
  }

  /** Never rejects. */
  async #tryToOpen(device: Device): Promise<void> {
    const { signal } = this.#request;
    try {
      if (device.name !== REFERENCE && this.#policy.probe) await this.#request.probeDevice(device.plan);
      signal.throwIfAborted();
      const chosen = await choosePipeline({ ...requestFor(device.plan, this.#request), ...this.#commonPrecision() });
      const pipeline: DevicePipeline = shaped(device.plan, chosen, this.#request);
      try {
        const found = device.name === REFERENCE ? undefined : await this.#certify(device, chosen, pipeline);
        signal.throwIfAborted();
        const reason = [device.plan.reason, found].filter(Boolean).join('; ');
        device.open({ pipeline, computation: chosen.choice, reason });
      } catch (error) {
        await pipeline.close();
        throw error;
      }
      this.#chosen.set(device, chosen);
      if (this.#isServing) this.#events.onLate(device);
    } catch (error) {
      this.#refuse(device, error);
    }
  }

  /** Who computes what is a matter of chance where all work at once, so all compute in the same. */
  #commonPrecision(): PrecisionRequest | undefined {
    const [first] = this.#chosen.values();
    if (!this.#request.distributes || !first) return undefined;
    const { precision, activations } = first.choice;
    const asked = ASKED_ACTIVATIONS.find((type) => type === activations);
    return { precision, activations: precision === 'int8' ? (asked ?? 'auto') : 'auto' };
  }

  /** @throws OvembedError `ERR_DEVICE_FAILED` if the device does not compute what the CPU does */
  async #certify(
    device: Device,
    { choice, graph, source, fingerprint }: ChosenPipeline,
    pipeline: DevicePipeline,
  ): Promise<string> {
    const { addon, plan, tokenizer, cacheDir, signal } = this.#request;
    const machine = await machineOf(addon, device.plan, this.#request.parallelismOf(device.name));
    const driver = String(device.plan.driver);
    const { minCosine } = this.#policy;
    const certificate = await certify({
      candidate: {
        concurrency: pipeline.concurrency,
        infer: (parts, options) => device.run(pipeline, parts, options),
        cancel: (job) => pipeline.cancel(job),
        close: () => pipeline.close(),
      },
      maxPositions: pipeline.maxPositions,
      openReference: () => this.#openReference({ source, fingerprint }),
      canary: this.#canary,
      minCosine,
      tokenizer,
      plan,
      cacheDir,
      key: [...machine, driver, nameOf(choice), graph, plan.buckets.join(), String(plan.maxLength)],
      signal,
    });
    const { cosine, canary } = certificate;
    const words = cosine === null ? 'NaN or infinities in vectors' : `a cosine of ${cosine.toFixed(5)} to the CPU's`;
    if (cosine === null || cosine < minCosine) {
      const message = `${device.name} is not used: it gives ${words}, and ${minCosine} is needed.`;
      throw new OvembedError('ERR_DEVICE_FAILED', message);
    }
    this.#canary.expect(device, Float32Array.from(canary));
    await this.#canary.check(device, pipeline);
    return `vectors have ${words}`;
  }

  /** The same model on the CPU, at the highest precision that its weights allow. */
  async #openReference({
    source,
    fingerprint,
  }: Pick<ChosenPipeline, 'source' | 'fingerprint'>): Promise<NativePipeline> {
    const { spec, present, precision } = this.#request;
    const exact = precision === 'int8' ? ({ precision, activations: 'f32' } as const) : { precision: 'f32' as const };
    const request = requestFor(planDevice(REFERENCE, present), this.#request);
    const only = { ...spec, sources: [source] };
    const chosen = await choosePipeline({ ...request, activations: 'auto', ...exact, spec: only, tunable: false });
    if (chosen.fingerprint === fingerprint) return chosen.pipeline;
    await chosen.pipeline.close();
    throw new OvembedError('ERR_MODEL_INVALID', 'The model changed while it was loaded. Load it again.');
  }

  #refuse(device: Device, error: unknown): void {
    this.#errors.set(device, error);
    const reason = error instanceof Error ? error.message : String(error);
    device.refuse(reason);
    if (!this.#isClosed) this.#request.logger.warn(`${device.name} is not used: ${reason}`);
  }

  #failure(): unknown {
    const [error, ...others] = this.#errors.values();
    if (others.length === 0) return error;
    const words = this.#devices.map(({ name, reason }) => `${name}: ${reason}`).join(' ');
    return new OvembedError('ERR_DEVICE_UNAVAILABLE', `None of the devices can be used. ${words}`, { cause: error });
  }

  /** Waits for what is being opened, and closes what only the opening knows. */
  async #close(): Promise<void> {
    this.#isClosed = true;
    this.#ended.abort(new OvembedError('ERR_CLOSED', 'The model was closed.'));
    await Promise.all(this.#underWay);
    if (!this.#isServing) await Promise.all(this.#devices.map((device) => device.close()));
    await this.#canary.close();
  }
}
