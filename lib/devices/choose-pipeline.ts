/** Compiles a model for a device: which of its sources, at which precision, and from the cache if it is there. */
import { stat } from 'node:fs/promises';
import type { PlanOptions } from '../batching/planner.js';
import { OvembedError } from '../errors.js';
import type { Logger } from '../logger.js';
import { type FoundSource, firstSupported, type ModelSpec } from '../models/index.js';
import {
  callNative,
  type NativeAddon,
  type NativePipeline,
  type NativeTokenizer,
  type PipelineShape,
} from '../native.js';
import { BlobCache, blobKeyOf } from './blobs.js';
import { Choices } from './choices.js';
import { takeAhead } from './compiled-ahead.js';
import { type Computation, nameOf, nativeComputation } from './computation.js';
import { machineOf } from './machine.js';
import { oneAtATime } from './one-at-a-time.js';
import type { DevicePlan, Parallelism } from './plan.js';
import {
  type Chosen,
  isMeasured,
  isPrecisionChoice,
  measurePrecision,
  type PrecisionChoice,
  type PrecisionRequest,
  takeAsked,
} from './precision.js';
import { TuningChoices } from './tuning-choices.js';

/** What is to be compiled, where, and how. */
export interface PipelineRequest extends PrecisionRequest {
  addon: NativeAddon;
  spec: ModelSpec;
  device: DevicePlan;
  parallelism: Parallelism;
  /** The only shape that it is to take; null: any. */
  shape: PipelineShape | null;
  /** For the measurement that a precision may need. */
  tokenizer: NativeTokenizer;
  plan: PlanOptions;
  /** Whether streams and batches may be chosen by measurement. */
  tunable: boolean;
  /** ovembed's cache folder. */
  cacheDir: string;
  logger: Logger;
  /** The fingerprint of the model when its first source is the one that runs. */
  fingerprint(spec: ModelSpec): Promise<string>;
  /** What names the graph of the model's first source. */
  graphIdentity(spec: ModelSpec, signal?: AbortSignal): Promise<string>;
  /** Ends a measurement. */
  signal: AbortSignal;
}

/** A pipeline and how it was chosen. */
export interface ChosenPipeline {
  pipeline: NativePipeline;
  choice: PrecisionChoice;
  /** The plan asked for, or the one that the measurement found better. */
  plan: PlanOptions;
  tuningReason: string;
  source: FoundSource;
  fingerprint: string;
  /** What names the graph. */
  graph: string;
  /** Of the files of the weights. */
  weightsBytes: number;
  /** Compiles the same model at the same precision for other streams, threads and shapes. */
  compileFor(parallelism: Parallelism, shape: PipelineShape | null): Promise<NativePipeline>;
}

/** How a pipeline is compiled. */
interface Variant {
  computation: Computation;
  parallelism: Parallelism;
  shape: PipelineShape | null;
}

/** Takes the first source of the model that the runtime supports. */
export async function choosePipeline(request: PipelineRequest): Promise<ChosenPipeline> {
  const { spec, logger } = request;
  return (await firstSupported(spec, logger, (source) => pipelineFrom(source, request))).result;
}

async function pipelineFrom(source: FoundSource, request: PipelineRequest): Promise<ChosenPipeline> {
  const variant = { ...request.spec, sources: [source] };
  const graph = await request.graphIdentity(variant, request.signal);
  const fingerprint = await request.fingerprint(variant);
  const weightsBytes = await sizeOfWeights(source);
  const tunings = new TuningChoices(graph, request);
  const compileFor = (computation: Computation, parallelism: Parallelism, shape: PipelineShape | null) =>
    compilePipeline(variant, graph, { computation, parallelism, shape }, request);
  const compile = async (computation: Computation) => {
    const tuned = await tunings.read(computation);
    return compileFor(computation, { ...request.parallelism, ...(tuned && { streams: tuned.streams }) }, request.shape);
  };
  const { pipeline, choice } = await choosePrecision(graph, compile, request);
  const load = (parallelism: Parallelism) => compileFor(choice, parallelism, request.shape);
  const tuned = await tunings.choose(choice, pipeline, load);
  return {
    pipeline: tuned.pipeline,
    plan: tuned.tuning ? { ...request.plan, batchTokens: tuned.tuning.batchTokens } : request.plan,
    tuningReason: tuned.tuning?.reason ?? 'not measured: set by options, or no CPU',
    choice,
    source,
    fingerprint,
    graph,
    weightsBytes,
    compileFor: (parallelism, shape) => compileFor(choice, parallelism, shape),
  };
}

/** What describes the weights is small beside them. */
export async function sizeOfWeights({ files }: FoundSource): Promise<number> {
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** What was asked for; or the choice made earlier on this machine for this model; else a new one, which is kept. */
async function choosePrecision(
  graph: string,
  load: (computation: Computation) => Promise<NativePipeline>,
  request: PipelineRequest,
): Promise<Chosen> {
  const { addon, device, parallelism, cacheDir, logger, signal } = request;
  const trial = {
    ...request,
    load,
    capabilities: device.capabilities,
    device: device.device,
    deviceName: device.fullName,
  };
  if (!isMeasured(request, trial)) return takeAsked(request, trial);

  const choices = new Choices(cacheDir, isPrecisionChoice);
  const machine = await machineOf(addon, device, parallelism);
  const key = ['precision', ...machine, graph, request.precision, request.activations];

  // Measurements side by side would disturb each other, and the first one's outcome serves all.
  return oneAtATime(JSON.stringify([cacheDir, ...key]), async () => {
    signal.throwIfAborted();
    const remembered = await choices.read(key);
    if (remembered) return { pipeline: await load(remembered), choice: remembered };

    const measured = await measurePrecision(request, trial);
    logger.info(`precision ${nameOf(measured.choice)}: ${measured.choice.reason}`);
    const choice = await choices.keep(key, measured.choice);
    if (nameOf(choice) === nameOf(measured.choice)) return { pipeline: measured.pipeline, choice };
    await measured.pipeline.close();
    return { pipeline: await load(choice), choice };
  });
}

/** @param graph the identity of the graph, from before anything of it was read */
async function compilePipeline(
  spec: ModelSpec,
  graph: string,
  { computation, parallelism, shape }: Variant,
  { addon, device, cacheDir, logger, graphIdentity }: PipelineRequest,
): Promise<NativePipeline> {
  const { kind, file, files } = spec.sources[0] as FoundSource;
  const blobs = new BlobCache(cacheDir);
  const key = await blobKeyOf(graph, device, computation, shape, addon.runtimeVersion);
  const blobFile = await blobs.fileFor(key);
  if (blobFile) await takeAhead(file, blobFile, key, logger);
  const pipeline = await callNative(() =>
    addon.loadPipeline({
      source: { kind, file, files },
      device: device.device,
      ...nativeComputation(computation),
      ...parallelism,
      shape,
      pooling: spec.pooling,
      modules: spec.modules,
      paddingSide: spec.paddingSide,
      padTokenId: spec.padTokenId,
      blobFile,
    }),
  );
  const after = await graphIdentity(spec).catch(() => undefined);
  if (after !== graph) {
    await pipeline.close();
    if (blobFile) await blobs.discard(blobFile);
    throw new OvembedError('ERR_MODEL_INVALID', `${file} or its config.json changed while being read. Load it again.`);
  }
  if (pipeline.blobProblem) logger.warn(`The compiled model is not cached: ${pipeline.blobProblem}`);
  if (blobFile) await blobs.use(blobFile);
  return pipeline;
}
