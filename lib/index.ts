/** The public surface of ovembed. Importing it does nothing: the native addon is loaded by the first `Embedder.load`. */
export { EmbeddingStream, type Source, type StreamItem } from './batching/stream.js';
export type { Priority } from './batching/work.js';
export type { EmbedderCache, WarmOptions, WarmResult } from './cache/embedder-cache.js';
export type { CacheLevel, CacheWrite } from './cache/level.js';
export type { CacheOptions } from './cache/options.js';
export type { CacheLevelStats } from './cache/stats.js';
export type { Activations, AskedActivations } from './devices/computation.js';
export type { DeviceCounts, DeviceInfo, DeviceState } from './devices/device.js';
export type { DeviceEventMap } from './devices/events.js';
export type { FallbackOptions } from './devices/fallback-options.js';
export { Embedder } from './embedder.js';
export { Embeddings, type EmbeddingsData, type RunMetadata, type Timings } from './embeddings.js';
export { ERROR_CODES, OvembedError, type OvembedErrorCode } from './errors.js';
export type { EmbedderInfo } from './info.js';
export type { Input, TokenIds } from './input.js';
export type { Logger } from './logger.js';
export type { HistogramSnapshot, MetricsSnapshot } from './metrics.js';
export { DEFAULT_MODEL, type DownloadProgress } from './models/index.js';
export type { FloatPrecision, ModelSource, PoolingType, Precision } from './native.js';
export type {
  CalibrateOptions,
  DecodeOptions,
  EmbedChunksOptions,
  EmbedListOptions,
  EmbedOptions,
  InputOptions,
  InputType,
  LimitOptions,
  LoadOptions,
  SharedLoadOptions,
  StreamOptions,
  TokenizeOptions,
  Truncate,
} from './options.js';
export type { ConnectOptions } from './remote/connection.js';
export type { RemoteEmbedder } from './remote/remote-embedder.js';
export type { EmbedderStatus, QueueStatus } from './status.js';
export type { CleanSteps } from './text/clean-inputs.js';
export type { ChunkedText } from './text/late-chunking.js';
export type { RecordOptions } from './text/record-options.js';
export type { RecordFailure, RecordReport } from './text/records.js';
export type { TokenEmbeddings } from './text/token-embeddings.js';
export type { TokenizedText } from './text/tokenization.js';
export type { TextEmbedder } from './text-embedder.js';
export type { Dtype, DtypeArrays, VectorArray, Vectors } from './vectors/dtype.js';
export { Ranges, type RangesOrigin } from './vectors/ranges.js';
