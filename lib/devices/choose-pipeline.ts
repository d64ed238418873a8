/** Compiles a model for a device: which of its sources, at which precision, and from the cache if it is there. */
import type { PlanOptions } from '../batching/planner.js';
import { OvembedError } from '../errors.js';
import type { Logger } from '../logger.js';
import { GRAPH_VERSION, type ModelSpec } from '../models/index.js';
import {
  callNative,
  type ModelSource,
  type NativeAddon,
  type NativePipeline,
  type NativeTokenizer,
  type Precision,
} from '../native.js';
import { BlobCache } from './blobs.js';
import { Choices } from './choices.js';
import { cpuIdentity } from './machine.js';
import type { DevicePlan, Parallelism } from './plan.js';
import { isPrecisionChoice, measurePrecision, type PrecisionChoice } from './precision.js';

/** What is to be compiled, where, and how. */
export interface PipelineRequest {
  addon: NativeAddon;
  spec: ModelSpec;
  device: DevicePlan;
  parallelism: Parallelism;
  precision: 'auto' | Precision;
  /** For the measurement that `auto` may need. */
  tokenizer: NativeTokenizer;
  plan: PlanOptions;
  /** ovembed's cache folder. */
  cacheDir: string;
  logger: Logger;
  /** The fingerprint of the model when its first source is the one that runs. */
  fingerprint(spec: ModelSpec): Promise<string>;
}

/** A pipeline and how it was chosen. */
export interface ChosenPipeline {
  pipeline: NativePipeline;
  choice: PrecisionChoice;
  source: ModelSource;
  fingerprint: string;
}

/** Takes the first source of the model that the runtime supports. */
export async function choosePipeline(request: PipelineRequest): Promise<ChosenPipeline> {
  const { spec, logger } = request;
  for (const [index, source] of spec.sources.entries()) {
    try {
      return await pipelineFrom(source, request);
    } catch (error) {
      const unsupported = error instanceof OvembedError && error.code === 'ERR_MODEL_UNSUPPORTED';
      if (!unsupported || index === spec.sources.length - 1) throw error;
      logger.warn(`${source.file} cannot be used (${error.message}); trying ${spec.sources[index + 1]?.file}.`);
    }
  }
  throw new OvembedError('ERR_MODEL_INVALID', `${spec.folder} holds no weights that can be read.`);
}

async function pipelineFrom(source: ModelSpec['sources'][number], request: PipelineRequest): Promise<ChosenPipeline> {
  const fingerprint = await request.fingerprint({ ...request.spec, sources: [source] });
  const compile = (precision: Precision) => compilePipeline(source, fingerprint, precision, request);
  if (request.precision !== 'auto') {
    const choice = { precision: request.precision, reason: 'asked for' };
    return { pipeline: await compile(choice.precision), choice, source, fingerprint };
  }
  return { ...(await automaticPrecision(fingerprint, compile, request)), source, fingerprint };
}

/** The choice made earlier on this machine for this model, else a new one, which is kept. */
async function automaticPrecision(
  fingerprint: string,
  load: (precision: Precision) => Promise<NativePipeline>,
  { addon, device, parallelism, cacheDir, tokenizer, plan, logger }: PipelineRequest,
): Promise<{ pipeline: NativePipeline; choice: PrecisionChoice }> {
  const choices = new Choices(cacheDir, isPrecisionChoice);
  const machine = [await cpuIdentity(), addon.runtimeVersion, device.device, device.fullName];
  const key = ['precision', ...machine, String(parallelism.threads), String(parallelism.streams), fingerprint];
  const remembered = await choices.read(key);
  if (remembered) return { pipeline: await load(remembered.precision), choice: remembered };

  const measured = await measurePrecision({ capabilities: device.capabilities, tokenizer, plan, load });
  logger.info(`precision ${measured.choice.precision}: ${measured.choice.reason}`);
  await choices.write(key, measured.choice);
  return measured;
}

async function compilePipeline(
  source: ModelSource,
  fingerprint: string,
  precision: Precision,
  { addon, spec, device, parallelism, cacheDir, logger }: PipelineRequest,
): Promise<NativePipeline> {
  const blobs = new BlobCache(cacheDir);
  const blobFile = await blobs.fileFor({
    fingerprint,
    sourceKind: source.kind,
    deviceName: device.fullName,
    precision,
    ...parallelism,
    runtimeVersion: addon.runtimeVersion,
    graphVersion: GRAPH_VERSION,
  });
  const pipeline = await callNative(() =>
    addon.loadPipeline({
      source: { kind: source.kind, file: source.file },
      device: device.device,
      precision,
      ...parallelism,
      pooling: spec.pooling,
      normalize: spec.normalize,
      paddingSide: spec.paddingSide,
      padTokenId: spec.padTokenId,
      blobFile,
    }),
  );
  if (pipeline.blobProblem) logger.warn(`The compiled model is not cached: ${pipeline.blobProblem}`);
  if (blobFile) await blobs.use(blobFile);
  return pipeline;
}
