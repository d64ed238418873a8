/** One vector for a document, of the vectors of its chunks. */
import { aBoolean, type Checks, checkOptions, oneOf } from '../checks.js';
import { type Embeddings, numbersOf } from '../embeddings.js';
import { invalidArgument } from '../errors.js';
import { callNativeNow, native } from '../native.js';

/** How the vectors of chunks become one. */
export interface DocumentVectorOptions {
  /** `'weighted'`: chunks count by their tokens, so that a short last one does not count as much as the others. Default. */
  pooling?: 'mean' | 'weighted';
  /** Whether the vector is scaled to length 1. Default `true`. */
  normalize?: boolean;
}

const CHECKS: Checks<DocumentVectorOptions> = { pooling: oneOf('mean', 'weighted'), normalize: aBoolean };

/**
 * The mean of the vectors of a document's chunks, as `embedChunks` gives them for it, or `embedDocuments` for their texts.
 * @param chunks of one document, at least one; of `float32`, `float16` or `bfloat16`
 * @throws OvembedError `ERR_INVALID_ARGUMENT` for none, and for vectors of other types
 */
export function documentVector(
  chunks: Pick<Embeddings, 'data' | 'length' | 'dimensions' | 'tokens'> & { dtype: string },
  options: DocumentVectorOptions = {},
): Float32Array {
  checkOptions(options, CHECKS, 'documentVector');
  const { pooling = 'weighted', normalize = true } = options;
  const { length, dimensions, tokens, dtype } = chunks;
  if (!['float32', 'float16', 'bfloat16'].includes(dtype)) {
    throw invalidArgument('documentVector', 'vectors of float32, float16 or bfloat16', dtype);
  }
  if (length === 0) throw invalidArgument('documentVector', 'the vectors of at least one chunk', chunks);
  const vectors = numbersOf(chunks as Embeddings) as Float32Array;
  const target = new Float32Array(dimensions);
  const weights = pooling === 'weighted' ? tokens : null;
  const all = { starts: Uint32Array.of(0), lengths: Uint32Array.of(length) };
  callNativeNow(() => native().poolVectors(vectors, target, { dimensions, ...all, weights, normalize }));
  return target;
}
