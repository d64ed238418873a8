/** `ovembed/vectors`: element types, similarity and files of embeddings. Importing it does not load the native addon. */
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
