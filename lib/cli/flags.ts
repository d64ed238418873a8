/** Command-line options as commander hands them over. */
import type { Dtype, InputType, LoadOptions, Truncate } from '../index.js';
import type { ProjectionName } from '../map/projection.js';
import type { CleanOptions } from '../text/index.js';
import type { CorpusFlags } from './corpus-flags.js';

/** Options of commands that read a model. */
export interface SourceFlags {
  model?: string;
  revision?: string;
  modelFile?: string;
  cacheDir?: string;
  offline?: boolean;
  json?: boolean;
  quiet?: boolean;
}

/** Options of commands that run a model. */
export interface CommonFlags extends SourceFlags {
  device?: string;
  precision?: NonNullable<LoadOptions['precision']>;
  activations?: NonNullable<LoadOptions['activations']>;
}

export interface InfoFlags extends CommonFlags {
  buckets?: number[];
}

export interface ConvertFlags extends SourceFlags {
  output: string;
  precision?: 'int8' | 'f32' | 'f16' | 'bf16';
  device?: 'NPU' | 'CPU';
  platform?: string;
  buckets?: number[];
}

export interface QuantizeFlags extends SourceFlags {
  output: string;
  calibration: string;
}

export interface VerifyFlags extends CommonFlags {
  reference?: string;
  texts?: string;
  pairs?: string;
}

/** What `embed` writes. */
export type Format = 'jsonl' | 'npy' | 'safetensors' | 'arrow' | 'parquet';

export interface EmbedFlags extends CommonFlags {
  inputFormat: 'auto' | 'lines' | 'jsonl';
  field: string;
  format?: Format;
  output?: string;
  into: string;
  columns?: string[];
  batchTokens?: number;
  clean?: CleanOptions;
  truncate: Truncate;
  dimensions?: number;
  dtype: Dtype;
  ranges?: string;
  saveRanges?: string;
  query?: boolean;
  inputType?: InputType;
  promptName?: string;
}

/** Options of commands that only handle files. */
export interface ModelFlags {
  revision?: string;
  cacheDir?: string;
  offline?: boolean;
  json?: boolean;
  quiet?: boolean;
}

/** Options of `ovembed cache`. */
export interface CacheFlags {
  disk?: string;
  redis?: string;
  prefix?: string;
  repair?: boolean;
  json?: boolean;
  quiet?: boolean;
}

/** Options of `ovembed index`. */
export interface IndexFlags extends CorpusFlags {
  checkpoint?: string;
  restart?: boolean;
  batchTokens?: number;
}

/** Options of `ovembed jobs`. */
export interface ServerFlags {
  redis?: string;
  prefix?: string;
  json?: boolean;
  quiet?: boolean;
}

/** Options of `ovembed jobs submit`. */
export interface SubmitFlags extends CorpusFlags, ServerFlags {
  jobId?: string;
  folder?: string;
  shardBytes?: number;
  attempts?: number;
  restart?: boolean;
}

/** Options of `ovembed jobs work`. */
export interface WorkFlags extends CommonFlags, ServerFlags {
  concurrency?: number;
  batchTokens?: number;
}

/** Options of `ovembed jobs status`. */
export interface StatusFlags extends ServerFlags {
  targetMinutes: number;
}

/** Options of `ovembed search`. */
export interface SearchFlags extends CommonFlags {
  index: string;
  count: number;
}

/** Options of `ovembed map`. */
export interface MapFlags {
  output: string;
  texts?: string;
  field: string;
  into: string;
  dtype?: Dtype;
  fields?: string[];
  color?: string;
  projection: ProjectionName;
  limit: number;
  textLength: number;
  seed: number;
  title?: string;
  json?: boolean;
  quiet?: boolean;
}
