/** A short text that shows whether a device is well. */

import { bucketOf, type PlanOptions, withinPositions } from '../batching/planner.js';
import { OvembedError } from '../errors.js';
import { callNative, type NativeEncoding, type NativePipeline, type NativeTokenizer } from '../native.js';
import { cosine } from '../vectors/similarity.js';
import type { Device } from './device.js';
import type { FallbackPolicy } from './fallback-options.js';

const TEXT = 'the river runs past seven old mills';

const wrongAnswers = new WeakSet<object>();

/** Whether an error of `Canary.check` tells of a vector that is not the right one, rather than of none. */
export function isWrongAnswer(error: unknown): boolean {
  return typeof error === 'object' && error !== null && wrongAnswers.has(error);
}

function wrongAnswer(message: string): OvembedError {
  const error = new OvembedError('ERR_DEVICE_FAILED', message);
  wrongAnswers.add(error);
  return error;
}

/** Numbers of jobs that no scheduler ever comes to. */
let nextJob = 2 ** 40;

export interface CanaryOptions {
  tokenizer: NativeTokenizer;
  plan: PlanOptions;
  policy: FallbackPolicy;
}

export class Canary {
  readonly #options: CanaryOptions;
  /** The vectors that devices have to give, where they were compared with the CPU's. */
  readonly #expected = new Map<Device, Float32Array>();
  #encoding: Promise<NativeEncoding> | undefined;

  constructor(options: CanaryOptions) {
    this.#options = options;
  }

  /** From now on, a device's vector has to be close to this one. */
  expect(device: Device, vector: Float32Array): void {
    this.#expected.set(device, vector);
  }

  /** Whether a device's vectors can be told to be wrong. */
  knows(device: Device): boolean {
    return this.#expected.has(device);
  }

  /** Runs the text on a device. @throws OvembedError what is wrong with its answer */
  async check(device: Device, pipeline = device.opened?.pipeline): Promise<void> {
    if (!pipeline) throw new OvembedError('ERR_DEVICE_FAILED', `${device.name} is not open.`);
    const { policy } = this.#options;
    // Behind the batches of others it may wait as long as they may take.
    const limitMs = device.inFlight > 0 ? policy.inferTimeoutMs : policy.healthTimeoutMs;
    const vector = await this.#embed(pipeline, (parts, options) => device.run(pipeline, parts, options, limitMs));
    const similarity = cosine(vector, this.#expected.get(device) ?? vector);
    if (similarity >= policy.minCosine) return;
    throw wrongAnswer(
      `${device.name} gives a vector with a cosine of ${similarity.toFixed(5)} to the CPU's, less than ${policy.minCosine}.`,
    );
  }

  /** The text's vector, uncut and normalised. */
  vectorOf(pipeline: NativePipeline): Promise<Float32Array> {
    return this.#embed(pipeline, (parts, options) => callNative(() => pipeline.infer(parts, options)));
  }

  async close(): Promise<void> {
    (await this.#encoding?.catch(() => undefined))?.release();
  }

  async #embed({ maxPositions }: NativePipeline, infer: NativePipeline['infer']): Promise<Float32Array> {
    const plan = withinPositions(this.#options.plan, maxPositions);
    this.#encoding ??= this.#encode(plan);
    const encoding = await this.#encoding;
    const bucket = bucketOf(encoding.lengths[0] as number, plan);
    const options = { bucket, output: 'pooled', dimensions: 0, normalize: true, job: nextJob++ } as const;
    const { data, nonFiniteRows } = await infer([{ encoding, rows: Uint32Array.of(0) }], options);
    const isSound = nonFiniteRows.length === 0 && data.some((value) => value !== 0);
    if (isSound) return data;
    throw wrongAnswer('A vector of zeros, NaN or infinities came for a plain text.');
  }

  #encode({ maxLength }: PlanOptions): Promise<NativeEncoding> {
    const options = { maxLength, offsets: false, addSpecialTokens: true };
    return callNative(() => this.#options.tokenizer.encode([TEXT], options));
  }
}
