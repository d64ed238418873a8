/** Search in small vectors first, and once more among what was found in larger ones. */
import { anAbortSignal, aPositiveInteger, type Checks, checkOptions } from '../checks.js';
import { OvembedError } from '../errors.js';
import { checkFloat32Vectors } from './check.js';
import type { Vectors } from './dtype.js';
import { type FlatIndex, NO_ROW, type SearchResult } from './flat-index.js';

/** Options of `searchTwoStep`. */
export interface TwoStepOptions {
  /** Hits wanted for each query; default 10. */
  k?: number | undefined;
  /** The first step finds this many times `k` rows for the second; default 4. sentence-transformers' `rescore_multiplier`. */
  rescoreMultiplier?: number | undefined;
  /** Gives the search up; it then rejects with `signal.reason`. */
  signal?: AbortSignal | undefined;
}

const OPTIONS: Checks<TwoStepOptions> = {
  k: aPositiveInteger,
  rescoreMultiplier: aPositiveInteger,
  signal: anAbortSignal,
};

/**
 * The rows of two indexes of the same texts that are closest to each query: found in `first`, which is usually of bits and
 * so a thirty-second in size, and rescored by `second`.
 * @param queries float32
 * @returns scores as `second` has them
 * @throws OvembedError as `FlatIndex.search`; `ERR_INVALID_ARGUMENT` if one index has more rows than the other
 */
export async function searchTwoStep(
  first: FlatIndex,
  second: FlatIndex,
  queries: Vectors<'float32'> | Float32Array,
  options: TwoStepOptions = {},
): Promise<SearchResult> {
  checkOptions<TwoStepOptions>(options, OPTIONS, 'searchTwoStep');
  const { k = 10, rescoreMultiplier = 4, signal } = options;
  if (first.length !== second.length) {
    const message = `Expected two indexes of the same texts, received one of ${first.length} rows and one of ${second.length}.`;
    throw new OvembedError('ERR_INVALID_ARGUMENT', message);
  }
  const { data, ...shape } = checkFloat32Vectors(queries, first.dimensions);
  // Both steps see the same, whatever happens to the array meanwhile.
  const asked = { ...shape, data: data.slice() };
  const found = await first.search(asked, { k: Math.min(k * rescoreMultiplier, NO_ROW), signal });
  if (found.k === 0) return found;
  return second.search(asked, { k, candidates: rowsOf(found), signal });
}

function rowsOf({ indices, k }: SearchResult): Uint32Array[] {
  return Array.from({ length: indices.length / k }, (_, query) => indices.subarray(query * k, (query + 1) * k));
}
