/** `ovembed/vectors`: element types, similarity and files of embeddings. Importing it does not load the native addon. */

export { fromBase64, toBase64 } from './base64.js';
export type { Float32Vectors } from './check.js';
export {
  bytesPerRow,
  DTYPES,
  type Dtype,
  type DtypeArrays,
  elementsPerRow,
  type VectorArray,
  type Vectors,
} from './dtype.js';
export { readArrow, writeArrow } from './files/arrow.js';
export type { ColumnFile, ReadColumnsOptions, WriteColumnsOptions } from './files/columns.js';
export { readNpy, writeNpy } from './files/npy.js';
export { readParquet, writeParquet } from './files/parquet.js';
export {
  type ReadSafetensorsOptions,
  readSafetensors,
  type WriteSafetensorsOptions,
  writeSafetensors,
} from './files/safetensors.js';
export type { ReadOptions } from './files/shape.js';
export type { SourceOptions, TextColumn, VectorRow, VectorSource } from './files/source.js';
export {
  type CodeRanges,
  FlatIndex,
  type FlatIndexOptions,
  METRICS,
  type Metric,
  NO_ROW,
  type SearchOptions,
  type SearchResult,
} from './flat-index.js';
export { dequantize, type QuantizeOptions, quantize } from './quantization.js';
export { Ranges, type RangesOrigin } from './ranges.js';
export { type BitVector, cosine, dot, euclidean, hamming, type NumberVector } from './similarity.js';
export { searchTwoStep, type TwoStepOptions } from './two-step.js';
