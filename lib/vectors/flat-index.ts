/** Exact search over vectors in native memory, on native threads. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  anAbortSignal,
  aPositiveInteger,
  type Check,
  type Checks,
  checkOptions,
  isPositiveInteger,
  oneOf,
} from '../checks.js';
import { invalidArgument, OvembedError } from '../errors.js';
import { callNative, callNativeNow, type NativeFlatIndex, native } from '../native.js';
import { CallScope } from '../signals.js';
import { checkVectors } from './check.js';
import {
  arrayOf,
  bytesPerRow,
  DTYPES,
  type Dtype,
  elementsPerRow,
  isPacked,
  type VectorArray,
  type Vectors,
} from './dtype.js';
import { Ranges } from './ranges.js';

/**
 * How vectors are compared. `dot` and `cosine` are similarities (larger is closer), `euclidean` and `hamming` distances
 * (smaller is closer); `hamming` is for packed bits, and nothing else is.
 */
export const METRICS = ['dot', 'cosine', 'euclidean', 'hamming'] as const;
/** See {@link METRICS}. */
export type Metric = (typeof METRICS)[number];

/** The ends of each dimension that 8-bit vectors were quantised by. */
export interface CodeRanges {
  /** The lowest value of each dimension. */
  readonly min: Float32Array;
  /** The highest. */
  readonly max: Float32Array;
}

/** What a `FlatIndex` holds, and how it compares. */
export interface FlatIndexOptions {
  /** Width of a vector, in dimensions; with packed bits a row has an eighth as many bytes. */
  dimensions: number;
  /** What the index holds. Default `'float32'`. */
  dtype?: Dtype | undefined;
  /** Default `'hamming'` for packed bits, else `'dot'`, which of vectors of length 1 is the cosine. */
  metric?: Metric | undefined;
  /**
   * For `int8` and `uint8`: scores are then those of the values that the codes stand for. Without them codes count as the
   * numbers they are, as in sentence-transformers' rescoring, which is right if all dimensions have like ranges.
   */
  ranges?: CodeRanges | undefined;
}

/** Options of a search. */
export interface SearchOptions {
  /** Hits wanted for each query; default 10. */
  k?: number | undefined;
  /** Only these rows are looked at: one list for all queries, or a list for each. */
  candidates?: Uint32Array | readonly Uint32Array[] | undefined;
  /** Gives the search up between two blocks of rows; it then rejects with `signal.reason`. */
  signal?: AbortSignal | undefined;
}

/** What stands in `indices` where a query has fewer candidates than another; its score is NaN. */
export const NO_ROW = 0xffffffff;

/** Hits of all queries of a search. */
export interface SearchResult {
  /** Hits for each query: as many as wanted, or as there are. */
  readonly k: number;
  /** Rows of the index, queries × k, row-major: the best first, of equal scores the lower index. */
  readonly indices: Uint32Array;
  /** Their similarities or distances, likewise. Rows whose score is NaN come after all others. */
  readonly scores: Float32Array;
}

/** Copied in one turn of the event loop: a millisecond or so, norms and new memory included. */
const SLICE_BYTES = 1 << 20;

const MOST_DIMENSIONS = 2 ** 32 - 1;

const aWidth: Check = (value, name) => {
  if (isPositiveInteger(value) && value <= MOST_DIMENSIONS) return;
  throw invalidArgument(name, `an integer from 1 to ${MOST_DIMENSIONS}`, value);
};

const OPTIONS: Checks<FlatIndexOptions> = {
  dimensions: aWidth,
  dtype: oneOf(...DTYPES),
  metric: oneOf(...METRICS),
  ranges: (value, name) => {
    const { min, max } = (value ?? {}) as Partial<CodeRanges>;
    const fits = [min, max].every((ends) => ends instanceof Float32Array);
    if (!fits) throw invalidArgument(name, '{ min, max }, a Float32Array each', value);
  },
};

const candidateLists: Check = (value, name) => {
  const lists = Array.isArray(value) ? value : [value];
  const fits = lists.every((list) => list instanceof Uint32Array);
  if (!fits) throw invalidArgument(name, 'a Uint32Array, or one for each query', value);
};
const SEARCH_OPTIONS: Checks<SearchOptions> = {
  k: aPositiveInteger,
  candidates: candidateLists,
  signal: anAbortSignal,
};

const DEFAULT_K = 10;
let nextJob = 1;

/**
 * Vectors in native memory, every one of which a search compares with the query; as FAISS' IndexFlat. Calls may run side by
 * side: a search sees the rows of all `add` calls that were done when it began, and neither more rows nor `close`
 * disturb it. Results are the same, to the bit, whatever the number of threads.
 */
export class FlatIndex {
  /** Width of a vector. */
  readonly dimensions: number;
  /** What it holds. */
  readonly dtype: Dtype;
  /** How vectors are compared. */
  readonly metric: Metric;
  readonly #index: NativeFlatIndex;
  #length = 0;
  #closed = false;
  #adding: Promise<void> = Promise.resolve();

  /** @throws OvembedError `ERR_INVALID_ARGUMENT` if options do not fit each other; `ERR_NATIVE_LOAD` */
  constructor(options: FlatIndexOptions) {
    checkOptions(options, OPTIONS, 'FlatIndex');
    aWidth(options.dimensions, 'dimensions');
    const { dimensions, dtype = 'float32', ranges } = options;
    this.dimensions = dimensions;
    this.dtype = dtype;
    this.metric = options.metric ?? (isPacked(dtype) ? 'hamming' : 'dot');
    const { metric } = this;
    const ends = ranges && { ranges: concatenated(ranges, dimensions) };
    this.#index = callNativeNow(() => native().createFlatIndex({ dimensions, dtype, metric, ...ends }));
  }

  /** Number of vectors that a search sees. */
  get length(): number {
    return this.#length;
  }

  /** Native memory that is taken; 0 after `close`. */
  get bytes(): number {
    return this.#closed ? 0 : this.#index.bytes;
  }

  /**
   * Copies vectors to the end, in slices between turns of the event loop; they are seen once all are there. Calls take
   * effect in their order. Don't change the array before it is done.
   * @param vectors of the index's own dtype and width: `Vectors` (such as `Embeddings`), or the typed array alone
   * @throws OvembedError `ERR_INVALID_ARGUMENT`, `ERR_CLOSED`, `ERR_OUT_OF_MEMORY`; nothing is added then
   */
  async add(vectors: Vectors | VectorArray): Promise<void> {
    const { dimensions, dtype } = this;
    const { data, length } = vectorsFor(vectors, dimensions, [dtype]);
    const added = this.#adding.then(() => this.#write(data, length));
    this.#adding = added.catch(() => {});
    return added;
  }

  async #write(data: VectorArray, rows: number): Promise<void> {
    const { dimensions, dtype } = this;
    const width = elementsPerRow(dtype, dimensions);
    const slice = Math.max(1, Math.floor(SLICE_BYTES / bytesPerRow(dtype, dimensions)));
    for (let row = 0; row < rows; row += slice) {
      if (row > 0) await nextTurn();
      if (data.length !== rows * width)
        throw invalidArgument('vectors', 'an array that stays until it is added', 'another');
      const part = data.subarray(row * width, Math.min(row + slice, rows) * width);
      callNativeNow(() => this.#index.write(this.#length + row, part));
    }
    callNativeNow(() => this.#index.publish(this.#length + rows));
    this.#length += rows;
  }

  /**
   * The rows closest to each query.
   * @param queries `Vectors`, or one or more vectors in a typed array: float32, or the index's dtype. float32 is compared with
   *   the values that int8 and uint8 stand for, and made bits where the index holds bits.
   * @returns hits of all queries, the best first
   * @throws OvembedError `ERR_INVALID_ARGUMENT`, `ERR_CLOSED`, `ERR_OUT_OF_MEMORY`; an abort rejects with `signal.reason`
   */
  async search(queries: Vectors | VectorArray, options: SearchOptions = {}): Promise<SearchResult> {
    checkOptions(options, SEARCH_OPTIONS, 'search');
    const { dimensions } = this;
    const { data, dtype, length } = vectorsFor(queries, dimensions, queryDtypes(this.dtype));
    const { k = DEFAULT_K, signal } = options;
    const candidates = listsFor(options.candidates, length);
    const job = nextJob++;
    const scope = new CallScope('search', { signal });
    scope.signal.throwIfAborted();
    scope.signal.addEventListener('abort', () => this.#index.cancel(job));
    try {
      const wanted = { dtype, k: Math.min(k, NO_ROW), job, ...(candidates && { candidates }) };
      return await scope.race(callNative(() => this.#index.search(data, wanted)));
    } finally {
      scope.end();
    }
  }

  /** Frees the native memory once searches under way are done; later calls are `ERR_CLOSED`. Garbage collection does likewise. */
  close(): void {
    this.#closed = true;
    this.#index.close();
  }

  /** As `close()`, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * What was handed in, checked; an array alone is of the first of the dtypes that it can hold.
 * @throws OvembedError `ERR_INVALID_ARGUMENT`
 */
function vectorsFor(vectors: Vectors | VectorArray, dimensions: number, dtypes: readonly Dtype[]): Vectors {
  const checked = checkVectors(ArrayBuffer.isView(vectors) ? wrapped(vectors, dimensions, dtypes) : vectors);
  if (!dtypes.includes(checked.dtype))
    throw invalidArgument('vectors', `vectors of ${dtypes.join(' or ')}`, checked.dtype);
  if (checked.dimensions === dimensions) return checked;
  throw invalidArgument('vectors', `vectors of ${dimensions} dimensions`, checked.dimensions);
}

function wrapped(data: VectorArray, dimensions: number, dtypes: readonly Dtype[]): Vectors {
  const dtype = dtypes.find((candidate) => data instanceof arrayOf(candidate, 0).constructor);
  if (dtype !== undefined)
    return { data, dtype, dimensions, length: Math.floor(data.length / elementsPerRow(dtype, dimensions)) };
  const names = dtypes.map((candidate) => `a ${arrayOf(candidate, 0).constructor.name} of ${candidate}`);
  throw invalidArgument('vectors', names.join(' or '), data);
}

/** Both kinds of bits are the same bits. */
function queryDtypes(dtype: Dtype): Dtype[] {
  const own: Dtype[] =
    dtype === 'binary' ? ['binary', 'ubinary'] : dtype === 'ubinary' ? ['ubinary', 'binary'] : [dtype];
  return own.includes('float32') ? own : [...own, 'float32'];
}

/** All min, then all max: finite, and no min above its max. */
function concatenated({ min, max }: CodeRanges, dimensions: number): Float32Array {
  for (const [name, ends] of Object.entries({ min, max })) {
    if (ends.length === dimensions) continue;
    const message = `Expected ${dimensions} values for ranges.${name}, received ${ends.length}.`;
    throw new OvembedError('ERR_INVALID_ARGUMENT', message);
  }
  return Ranges.from({ min, max }).values;
}

/** One list for all queries, or as many as there are queries. */
function listsFor(candidates: SearchOptions['candidates'], queries: number): readonly Uint32Array[] | undefined {
  if (candidates === undefined) return undefined;
  if (!Array.isArray(candidates)) return [candidates as Uint32Array];
  if (candidates.length === queries) return candidates;
  const message = `Expected candidates for ${queries} queries, received ${candidates.length} lists.`;
  throw new OvembedError('ERR_INVALID_ARGUMENT', message);
}
