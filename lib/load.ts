/** From a model's name and the options of `load` to what an Embedder works with. */
import { HeapTrims } from './batching/heap-trims.js';
import { LatencyPipelines } from './batching/latency-pipelines.js';
import { Pipelines } from './batching/pipelines.js';
import { type PlanOptions, withinPositions } from './batching/planner.js';
import { Scheduler } from './batching/scheduler.js';
import type { Engine } from './batching/windows.js';
import { WindowCache } from './cache/cached-window.js';
import type { EmbeddingCache } from './cache/embedding-cache.js';
import { DEFAULT_PREFIX, openCache } from './cache/options.js';
import { ovembedCacheDir } from './cache-dir.js';
import { distributedDevices, wantedDevices } from './devices/chain.js';
import type { DeviceEvents } from './devices/events.js';
import { fallbackPolicy } from './devices/fallback-options.js';
import { openDevices } from './devices/open-devices.js';
import { type DevicePlan, latencyParallelism, planParallelism } from './devices/plan.js';
import { invalidArgument, OvembedError } from './errors.js';
import { describeLoaded, type EmbedderInfo, type Loaded } from './info.js';
import { resolveLogger } from './logger.js';
import { Metrics } from './metrics.js';
import {
  fingerprint,
  graphIdentity,
  type ModelSpec,
  modelOrDefault,
  readModelFolder,
  resolveModel,
  widthAfter,
} from './models/index.js';
import {
  callNative,
  type NativeAddon,
  type NativePipeline,
  type NativeTokenizer,
  native,
  type PipelineShape,
} from './native.js';
import { checkLoadOptions, type LoadOptions, type Truncate } from './options.js';
import { probeDevice, probeFirstLoad } from './probe/first-load.js';
import { CallScope, platformSignal } from './signals.js';
import type { Prompts } from './text/prompts.js';
import { needsRanges } from './vectors/check.js';
import { VectorCodec, type VectorConverter } from './vectors/codec.js';
import type { Dtype } from './vectors/dtype.js';
import { checkRanges } from './vectors/quantization.js';
import { Ranges } from './vectors/ranges.js';
import { checkMaxLength, findWanted } from './wanted-model.js';

/** Everything an Embedder works with. */
export interface EmbedderParts {
  engine: Engine;
  pipeline: NativePipeline;
  /** All that batches run on, `pipeline` among them. */
  pipelines: Pipelines;
  metrics: Metrics;
  events: DeviceEvents;
  prompts: Prompts;
  converter: VectorConverter;
  /** What calls use where they do not say. */
  defaults: {
    dimensions: number;
    normalize: boolean;
    truncate: Truncate;
    queryTimeoutMs: number;
    interactiveQueueTimeoutMs: number;
    ranges: Ranges | null;
  };
  /** Of the vectors that a cache keeps; `float32` where there is none. */
  keptDtype: Dtype;
  /** What comes between tokens and a vector. */
  pooling: Pick<ModelSpec, 'pooling' | 'modules'>;
  info: EmbedderInfo;
}

/** What loading reaches outside for; tests put their own in its place. */
export interface System {
  native(): NativeAddon;
  resolveModel: typeof resolveModel;
  readModelFolder: typeof readModelFolder;
  fingerprint: typeof fingerprint;
  graphIdentity: typeof graphIdentity;
  probeFirstLoad: typeof probeFirstLoad;
  probeDevice: typeof probeDevice;
}

const SYSTEM: System = {
  native,
  resolveModel,
  readModelFolder,
  fingerprint,
  graphIdentity,
  probeFirstLoad,
  probeDevice,
};

const DEFAULT_BUCKET = 16;
const DEFAULT_BATCH_TOKENS = 1_024;
const DEFAULT_MAX_BATCH_SIZE = 64;
const DEFAULT_QUERY_TIMEOUT_MS = 30_000;
const DEFAULT_INTERACTIVE_QUEUE_TIMEOUT_MS = 500;
/** Two minutes of work for a small model on a small machine. */
const DEFAULT_MAX_QUEUE = { texts: 32_000, tokens: 8_192_000 };

/** Loads a model. When the signal aborts, what is still being loaded is closed as soon as it has come. */
export async function load(model: string | undefined, options: LoadOptions, system = SYSTEM): Promise<EmbedderParts> {
  checkLoadOptions(options);
  const scope = new CallScope('Embedder.load', { signal: options.signal });
  scope.signal.throwIfAborted();
  // A copy of the options, as their owner may change them while the model is being loaded.
  const loading = loadParts(modelOrDefault(model), { ...options, signal: platformSignal(scope.signal) }, system);
  try {
    return await scope.race(loading);
  } catch (error) {
    loading.then(closeParts).catch(() => {});
    throw error;
  } finally {
    scope.end();
  }
}

/** The options with the signal of the call, which ends with the caller's. */
type Loading = LoadOptions & { signal: AbortSignal };

/** Frees what an Embedder works with, once nothing is under way. */
export async function closeParts({ engine, pipelines }: EmbedderParts): Promise<void> {
  engine.tokenizer.close();
  await pipelines.close();
  await engine.cache?.embeddings.close();
}

async function loadParts(model: string, options: Loading, system: System): Promise<EmbedderParts> {
  const { cacheDir, signal } = options;
  const addon = system.native();
  const logger = resolveLogger(options.logger);
  const ranges = typeof options.ranges === 'string' ? await Ranges.load(options.ranges) : (options.ranges ?? null);
  const { resolved, spec } = await findWanted(model, options, logger, system);
  const present = await callNative(() => addon.devices());
  const fingerprint = (variant: ModelSpec) => system.fingerprint(variant, { cacheDir, signal });
  const firstLoad = { spec, options, runtimeVersion: addon.runtimeVersion, logger, fingerprint };
  if (options.probe) await system.probeFirstLoad(firstLoad);
  const tokenizer = await callNative(() =>
    addon.loadTokenizer({ file: spec.tokenizerFile, lowerCase: spec.doLowerCase }),
  );
  const plan = planOptions(spec, options);
  const choosing = checkRoomForText(tokenizer, options).then(() =>
    openDevices({
      addon,
      spec,
      wanted: options.distribute
        ? distributedDevices(options.distribute, present)
        : wantedDevices(options.device ?? 'auto', options.fallback !== false),
      distributes: Boolean(options.distribute),
      shapes: options.shapes ?? 'dynamic',
      present,
      policy: options.fallback === false ? null : fallbackPolicy(options.fallback),
      tokenizer,
      plan,
      isTunable: (device) => isTunable(device, options),
      logger,
      parallelismOf: (device) => planParallelism(device, options, addon.availableCpus()),
      probeDevice: (device) => system.probeDevice(firstLoad, device),
      precision: options.precision ?? 'auto',
      activations: options.activations ?? 'auto',
      cacheDir: ovembedCacheDir(cacheDir),
      fingerprint,
      graphIdentity: (variant, ended) => system.graphIdentity(variant, { cacheDir, signal: ended }),
      signal,
    }),
  );
  const opened = await choosing.catch((error) => {
    tokenizer.close();
    throw error;
  });
  try {
    const parts = assemble({
      resolved,
      spec,
      opened,
      device: opened.device,
      tokenizer,
      options,
      logger,
      runtimeVersion: addon.runtimeVersion,
      performanceCpus: addon.performanceCpus(),
      trimHeap: () => addon.trimHeap(),
      converter: addon,
      ranges,
      ...opened.chosen,
    });
    if (options.cache) parts.engine.cache = windowCache(parts, options, await openCache(options.cache, logger));
    return parts;
  } catch (error) {
    tokenizer.close();
    await opened.runner.close();
    throw error;
  }
}

/** The cache as calls use it: with everything in its keys that decides the bits of a vector. */
function windowCache(parts: EmbedderParts, options: LoadOptions, embeddings: EmbeddingCache) {
  const { engine, info, pipeline, converter, keptDtype: dtype } = parts;
  const { fingerprint, precision, activations, buckets } = info;
  const several = info.devices.length > 1 && { devices: info.devices.map(({ device }) => device) };
  const ranges = needsRanges(dtype) ? parts.defaults.ranges : null;
  const digest = ranges?.digest ?? null;
  const context = {
    fingerprint,
    precision,
    activations,
    buckets,
    maxLength: engine.plan.maxLength,
    dtype,
    ranges: digest,
    ...several,
  };
  const codecOf = (dimensions: number) => new VectorCodec(dtype, dimensions, ranges, converter);
  const { prefix = DEFAULT_PREFIX } = options.cache || {};
  const { dimensions } = pipeline;
  return new WindowCache({ embeddings, prefix, context, dimensions, includePrompt: engine.includePrompt, codecOf });
}

/** Special tokens come with every text; a limit without room for more than them would cut every text to nothing. */
async function checkRoomForText(tokenizer: NativeTokenizer, { maxLength }: LoadOptions): Promise<void> {
  if (maxLength === undefined) return;
  const options = { maxLength: 0, offsets: false, addSpecialTokens: true };
  const encoding = await callNative(() => tokenizer.encode([''], options));
  const special = encoding.lengths[0] as number;
  encoding.release();
  if (maxLength <= special)
    throw invalidArgument('maxLength', `more than the ${special} special tokens of each text`, maxLength);
}

function planOptions(spec: ModelSpec, options: LoadOptions): PlanOptions {
  const buckets = [options.buckets ?? DEFAULT_BUCKET].flat();
  const plan = {
    buckets: [...new Set(buckets)].sort((a, b) => a - b),
    maxLength: spec.maxLength,
    batchTokens: options.batchTokens ?? DEFAULT_BATCH_TOKENS,
    maxBatchSize: options.maxBatchSize ?? DEFAULT_MAX_BATCH_SIZE,
  };
  return withinPositions(plan, spec.maxPositions);
}

/** Who sets one of them knows what the others should be. */
function isTunable({ device }: DevicePlan, { streams, batchTokens }: LoadOptions): boolean {
  return device === 'CPU' && streams === undefined && batchTokens === undefined;
}

/** Checks what only the loaded graph can tell, and puts the parts together. */
function assemble(loaded: Loaded): EmbedderParts {
  const { pipeline, spec, tokenizer, options } = loaded;
  const { maxPositions } = pipeline;
  checkMaxLength(options, maxPositions);
  checkWidth(spec, pipeline);
  if (pipeline.pooledInGraph) checkPooledInGraph(spec, options);
  const keptDtype = options.cache ? (options.cache.dtype ?? 'float32') : 'float32';
  if (needsRanges(keptDtype)) checkRanges(keptDtype, loaded.ranges);
  loaded.ranges?.checkUse({ fingerprint: loaded.fingerprint, dimensions: loaded.ranges.dimensions });
  const dimensions = options.dimensions ?? Math.min(spec.truncateDim ?? pipeline.dimensions, pipeline.dimensions);
  checkDimensions(dimensions, pipeline);
  const plan = withinPositions(unpaddedPlan(loaded), maxPositions);
  const pipelines = new Pipelines(loaded.opened.runner, latencyPipelines(loaded));
  const metrics = new Metrics();
  const scheduler = new Scheduler(pipelines, {
    plan,
    maxQueue: { ...DEFAULT_MAX_QUEUE, ...options.maxQueue },
    batchDelayMs: options.batchDelayMs ?? 0,
    observers: [metrics, new HeapTrims(loaded.trimHeap)],
  });
  return {
    engine: {
      tokenizer,
      scheduler,
      plan,
      includePrompt: spec.includePrompt,
      device: loaded.device.device,
      precision: loaded.choice.precision,
      activations: loaded.choice.activations,
      pooler: loaded.converter,
    },
    pipeline,
    pipelines,
    metrics,
    converter: loaded.converter,
    keptDtype,
    pooling: { pooling: spec.pooling, modules: spec.modules },
    events: loaded.opened.events,
    prompts: { named: spec.prompts, defaultName: spec.defaultPromptName },
    defaults: {
      dimensions,
      normalize: spec.normalize,
      truncate: options.truncate ?? cutOf(spec) ?? tokenizer.cut,
      queryTimeoutMs: options.timeoutMs ?? DEFAULT_QUERY_TIMEOUT_MS,
      interactiveQueueTimeoutMs: options.queueTimeoutMs ?? DEFAULT_INTERACTIVE_QUEUE_TIMEOUT_MS,
      ranges: loaded.ranges,
    },
    info: describeLoaded({ ...loaded, plan }, dimensions, plan.maxLength),
  };
}

/** As transformers has it: what tokenizer_config.json says goes before the direction in tokenizer.json. */
function cutOf({ truncationSide }: ModelSpec): Truncate | undefined {
  if (truncationSide === null) return undefined;
  return truncationSide === 'left' ? 'start' : 'end';
}

/** A graph without an attention mask takes padding for text: then no text is padded, unless the user wants buckets. */
function unpaddedPlan({ pipeline, plan, options, logger, source }: Loaded): PlanOptions {
  if (pipeline.masksPadding || options.buckets !== undefined) return plan;
  logger.info(
    `${source.file} has no input attention_mask, so texts are not padded: each length is a bucket of its own.`,
  );
  return { ...plan, buckets: [1] };
}

/** @throws OvembedError `ERR_INVALID_ARGUMENT` for more dimensions than the model has */
export function checkDimensions(dimensions: number, { dimensions: most }: NativePipeline): void {
  if (dimensions <= most) return;
  throw invalidArgument('dimensions', `at most ${most}, the dimensions of the model,`, dimensions);
}

/** What the files say of the width, which without modules of a size of their own nothing else has checked. */
function checkWidth({ folder, tokenDimensions, pooling, modules }: ModelSpec, pipeline: NativePipeline): void {
  if (tokenDimensions === null) return;
  const stated = widthAfter(modules, tokenDimensions * pooling.length);
  if (stated === pipeline.dimensions) return;
  const said = `The configuration of the modules in ${folder} says ${stated} dimensions`;
  throw new OvembedError('ERR_MODEL_INVALID', `${said}, but the network gives ${pipeline.dimensions}.`);
}

/** Such a graph takes no part of its pooling from outside. */
function checkPooledInGraph({ folder, includePrompt }: ModelSpec, { poolingType }: LoadOptions): void {
  if (poolingType !== undefined) {
    throw invalidArgument('poolingType', 'none, as the graph of this model pools by itself,', poolingType);
  }
  if (includePrompt) return;
  throw new OvembedError(
    'ERR_MODEL_UNSUPPORTED',
    `The pooling configuration of ${folder} leaves the prompt out (include_prompt: false), but the graph pools by itself. ` +
      'Export it with its token vectors (last_hidden_state) as output.',
  );
}

/** Each latency pipeline lays out the weights anew. For larger models that is too much memory for what it gains. */
const MOST_WEIGHTS_FOR_LATENCY = 256 * 1024 ** 2;

/** None for other devices, where streams mean something else. */
function latencyPipelines(loaded: Loaded): LatencyPipelines | undefined {
  const { pipeline, device, options, compileFor, logger, opened } = loaded;
  if (options.performance === 'throughput' || device.device !== 'CPU' || opened.isChain) return undefined;
  if (options.shapes === 'static') return undefined;
  if (loaded.weightsBytes > MOST_WEIGHTS_FOR_LATENCY) return undefined;
  const parallelism = latencyParallelism(pipeline.threads, loaded.performanceCpus);
  const load = async (shape: PipelineShape | null) => opened.through(await compileFor(parallelism, shape));
  return new LatencyPipelines(load, logger);
}
