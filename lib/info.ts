/** What an embedder says of itself. */
import type { ChosenPipeline } from './devices/choose-pipeline.js';
import type { Activations } from './devices/computation.js';
import type { DeviceInfo } from './devices/device.js';
import type { OpenedDevices } from './devices/open-devices.js';
import type { DevicePlan } from './devices/plan.js';
import type { Logger } from './logger.js';
import type { ModelSpec, ResolvedModel } from './models/index.js';
import type { ModelSource, NativeTokenizer, PoolingType, Precision } from './native.js';
import type { LoadOptions, Truncate } from './options.js';
import type { VectorPooler } from './text/long-input.js';
import type { VectorConverter } from './vectors/codec.js';
import type { Ranges } from './vectors/ranges.js';

/** What an embedder is, and why it is so. */
export interface EmbedderInfo {
  /** The model's name on the hub, or its folder. */
  readonly model: string;
  /** The model's commit; null for a folder. */
  readonly revision: string | null;
  /** Names the vector space: vectors of two embedders can be compared if their fingerprints are equal. */
  readonly fingerprint: string;
  /** Width of a vector, unless a call cuts it further. */
  readonly dimensions: number;
  /** Width of a token vector (`embedTokens`); null where the model's graph gives none. */
  readonly tokenDimensions: number | null;
  /** Longest text in tokens, special tokens counted; 0: no limit. */
  readonly maxTokens: number;
  /** What happens to a longer text, unless a call says otherwise. */
  readonly truncate: Truncate;
  /** A list where what several give is put side by side. */
  readonly pooling: PoolingType | readonly PoolingType[];
  /** Whether vectors are scaled to length 1. */
  readonly normalize: boolean;
  /** How the model's authors compare its vectors: `cosine`, `dot`, `euclidean`, `manhattan`; null: not stated. */
  readonly similarityFunction: string | null;
  /** Prompts by name. */
  readonly prompts: Readonly<Record<string, string>>;
  /** `int8`: that of the weights. */
  readonly precision: Precision;
  /** Element type of the activations; vectors have the same bits only where this and the precision are the same. */
  readonly activations: Activations;
  /** Why it is computed in that precision: asked for, remembered or measured, with the figures. */
  readonly precisionReason: string;
  /** The first that could be loaded, as OpenVINO names it. */
  readonly device: string;
  /** The full name that its plugin gives, such as that of the processor. */
  readonly deviceName: string;
  /** Why this device. */
  readonly deviceReason: string;
  /** All devices that were asked for, in order of preference, as they are at the moment. */
  readonly devices: readonly DeviceInfo[];
  /** Batches that the first device runs side by side. */
  readonly streams: number;
  /** Threads of all its streams; of the CPU. */
  readonly threads: number;
  /** Lengths to which texts are padded, in tokens; multiples of the last beyond it. */
  readonly buckets: readonly number[];
  /** Most tokens of a batch, padding counted. */
  readonly batchTokens: number;
  /** What the measurement of streams and batches found, or why there was none. */
  readonly tuningReason: string;
  /** Version of the OpenVINO runtime. */
  readonly runtimeVersion: string;
  /** Format of the weights that were loaded. */
  readonly source: ModelSource['kind'];
  /** Whether the compiled model came from the cache. */
  readonly fromBlob: boolean;
}

/** What has been loaded. */
export interface Loaded extends ChosenPipeline {
  resolved: ResolvedModel;
  spec: ModelSpec;
  device: DevicePlan;
  opened: OpenedDevices;
  tokenizer: NativeTokenizer;
  options: LoadOptions;
  logger: Logger;
  runtimeVersion: string;
  performanceCpus: number;
  trimHeap(): void;
  converter: VectorConverter & VectorPooler;
  /** Of the load options. */
  ranges: Ranges | null;
}

/** What is told to users. */
export function describeLoaded(loaded: Loaded, dimensions: number, maxTokens: number): EmbedderInfo {
  const { resolved, spec, pipeline, choice, device } = loaded;
  return Object.freeze({
    model: resolved.id ?? resolved.folder,
    revision: resolved.revision,
    fingerprint: loaded.fingerprint,
    dimensions,
    tokenDimensions: pipeline.pooledInGraph ? null : pipeline.hiddenSize,
    maxTokens,
    truncate: loaded.options.truncate ?? loaded.tokenizer.cut,
    pooling: spec.pooling.length === 1 ? (spec.pooling[0] as PoolingType) : Object.freeze([...spec.pooling]),
    normalize: spec.normalize,
    similarityFunction: spec.similarityFunction,
    prompts: Object.freeze({ ...spec.prompts }),
    precision: choice.precision,
    activations: choice.activations,
    precisionReason: choice.reason,
    device: device.device,
    deviceName: device.fullName,
    deviceReason: device.reason,
    get devices() {
      return loaded.opened.describe();
    },
    streams: pipeline.streams,
    threads: pipeline.threads,
    buckets: Object.freeze([...loaded.plan.buckets]),
    batchTokens: loaded.plan.batchTokens,
    tuningReason: loaded.tuningReason,
    runtimeVersion: loaded.runtimeVersion,
    source: loaded.source.kind,
    fromBlob: pipeline.fromBlob,
  });
}
