/** The ends of each dimension, between which int8 and uint8 have their 256 steps: found over vectors, and kept in a file. */
import { createHash, randomUUID } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { checkObject } from '../checks.js';
import { invalidArgument, OvembedError } from '../errors.js';
import { checkFloat32Vectors, type Float32Vectors } from './check.js';
import { RangeFinder } from './range-finder.js';

const FORMAT = 'ovembed-ranges';
const VERSION = 1;

/** Values that are looked at between two turns of the event loop: a few milliseconds. */
const SLICE_VALUES = 1 << 20;

/** What vectors ranges were found over, so that they are not used for others. */
export interface RangesOrigin {
  /** Of the vector space, as `embedder.info.fingerprint` tells it. Default: unknown, and no embedder takes the ranges. */
  fingerprint?: string;
  /** Whether the vectors had been scaled to length 1. Default: unknown, which fits both. */
  normalize?: boolean;
}

/** What vectors are quantised for. */
interface RangesUse {
  fingerprint?: string;
  dimensions: number;
  normalize?: boolean;
}

/** The ends of each dimension of a model's vectors, between which `int8` and `uint8` have their 256 steps. */
export class Ranges {
  /** The lowest value of each dimension. A view: not to be written to. */
  readonly min: Float32Array;
  /** The highest. */
  readonly max: Float32Array;
  /** Of the vector space; null: unknown. */
  readonly fingerprint: string | null;
  /** Whether the vectors had been scaled to length 1; null: unknown. */
  readonly normalize: boolean | null;
  /** @internal all of `min`, then all of `max` */
  readonly values: Float32Array;

  private constructor(values: Float32Array, { fingerprint, normalize }: RangesOrigin) {
    const dimensions = values.length / 2;
    this.values = values;
    this.min = values.subarray(0, dimensions);
    this.max = values.subarray(dimensions);
    this.fingerprint = fingerprint ?? null;
    this.normalize = normalize ?? null;
  }

  /** Width of the vectors. */
  get dimensions(): number {
    return this.min.length;
  }

  /** SHA-256 of the ends, in hexadecimal: ranges of one digest quantise alike. */
  get digest(): string {
    return createHash('sha256').update(new Uint8Array(this.values.buffer)).digest('hex');
  }

  /**
   * The ranges of vectors, as sentence-transformers finds them in `calibration_embeddings`. Large matrices are looked at in
   * slices, between which the event loop turns.
   * @param options `dimensions` is needed for a `Float32Array`
   * @throws OvembedError `ERR_INVALID_ARGUMENT` for fewer than two vectors, and for NaN and infinities
   */
  static async of(vectors: Float32Vectors, options: RangesOrigin & { dimensions?: number } = {}): Promise<Ranges> {
    checkObject(options, 'Ranges.of');
    const { data, dimensions } = checkFloat32Vectors(vectors, options.dimensions);
    const finder = new RangeFinder(dimensions);
    const step = Math.max(1, Math.floor(SLICE_VALUES / dimensions)) * dimensions;
    for (let at = 0; at < data.length; at += step) {
      if (at > 0) await nextTurn();
      finder.add(data.subarray(at, at + step));
    }
    return Ranges.found(finder, options);
  }

  /** @internal */
  static found(finder: RangeFinder, origin: RangesOrigin): Ranges {
    return new Ranges(finder.finish(), origin);
  }

  /**
   * Ranges that are known, such as sentence-transformers' array of shape (2, dimensions).
   * @throws OvembedError `ERR_INVALID_ARGUMENT` unless both lists have the same length and each `min` is at most its `max`
   */
  static from(ends: { min: ArrayLike<number>; max: ArrayLike<number> }, origin: RangesOrigin = {}): Ranges {
    checkObject(origin, 'Ranges.from');
    const { min, max } = (ends ?? {}) as Partial<typeof ends>;
    const length = lengthOf(min, 'min');
    if (length === 0 || lengthOf(max, 'max') !== length) {
      throw invalidArgument('max', `as many values as min has (${length}, at least 1)`, ends.max.length);
    }
    const values = new Float32Array(2 * length);
    values.set(ends.min);
    values.set(ends.max, length);
    // False as well for what is no number.
    const fits = (d: number) => Math.fround((values[length + d] as number) - (values[d] as number)) < Infinity;
    for (let d = 0; d < length; d++) {
      if (fits(d) && (values[d] as number) <= (values[length + d] as number)) continue;
      const message = `Expected min to be at most max, both finite, received ${values[d]} and ${values[length + d]}`;
      throw new OvembedError('ERR_INVALID_ARGUMENT', `${message} for dimension ${d}.`);
    }
    return new Ranges(values, origin);
  }

  /** Writes a JSON file, beside its place and then renamed. Rejects with the error of the file system. */
  async save(file: string): Promise<void> {
    const { fingerprint, normalize, dimensions, min, max } = this;
    const ends = { min: Array.from(min), max: Array.from(max) };
    const content = { format: FORMAT, version: VERSION, fingerprint, normalize, dimensions, ...ends };
    const draft = `${file}.${randomUUID()}.tmp`;
    try {
      await writeFile(draft, `${JSON.stringify(content)}\n`);
      await rename(draft, file);
    } finally {
      await rm(draft, { force: true }).catch(() => {});
    }
  }

  /**
   * Reads what `save` wrote. Rejects with the error of the file system if it cannot be read.
   * @throws OvembedError `ERR_INVALID_ARGUMENT` for a file of another kind or version
   */
  static async load(file: string): Promise<Ranges> {
    const text = await readFile(file, 'utf8');
    const content = parse(text, file);
    if (content.format !== FORMAT) throw unfit(file, `a file of the format ${FORMAT}`, content.format);
    if (content.version !== VERSION) throw unfit(file, `version ${VERSION} of the format`, content.version);
    const { fingerprint, normalize, dimensions, min, max } = content;
    if (!isOriginal(fingerprint, 'string')) throw unfit(file, 'a fingerprint or null', fingerprint);
    if (!isOriginal(normalize, 'boolean')) throw unfit(file, 'normalize of true, false or null', normalize);
    if (!isNumbers(min, dimensions)) throw unfit(file, `${dimensions} numbers in min`, min);
    if (!isNumbers(max, dimensions)) throw unfit(file, `${dimensions} numbers in max`, max);
    const origin = { ...(fingerprint === null ? {} : { fingerprint }), ...(normalize === null ? {} : { normalize }) };
    return Ranges.from({ min, max }, origin);
  }

  /**
   * @internal
   * @throws OvembedError `ERR_INVALID_ARGUMENT` if they were found over other vectors than they are used for
   */
  checkUse({ fingerprint, dimensions, normalize }: RangesUse): void {
    if (fingerprint !== undefined && fingerprint !== this.fingerprint) {
      const own =
        this.fingerprint === null ? 'of no known model' : `of a model with the fingerprint ${this.fingerprint}`;
      throw misused(`are ${own}, but the model's is ${fingerprint}`);
    }
    if (dimensions !== this.dimensions) {
      throw misused(`are of vectors of ${this.dimensions} dimensions, but the vectors have ${dimensions}`);
    }
    if (normalize !== undefined && this.normalize !== null && normalize !== this.normalize) {
      throw misused(`are of vectors with normalize: ${this.normalize}, but these have normalize: ${normalize}`);
    }
  }
}

function lengthOf(list: ArrayLike<number> | undefined, name: string): number {
  const isList = typeof list === 'object' && list !== null && Number.isSafeInteger(list.length);
  if (isList && Array.prototype.every.call(list, (one) => typeof one === 'number')) return list.length;
  throw invalidArgument(name, 'a list of numbers', list);
}

function misused(what: string): OvembedError {
  const remedy = 'Calibrate anew, with the model, dimensions and normalize that the vectors have.';
  return new OvembedError('ERR_INVALID_ARGUMENT', `The ranges ${what}. ${remedy}`);
}

function parse(text: string, file: string): Record<string, unknown> {
  try {
    const content: unknown = JSON.parse(text);
    return typeof content === 'object' && content !== null ? (content as Record<string, unknown>) : {};
  } catch (cause) {
    const message = `${file} is not valid JSON (${(cause as Error).message}): it is no file of ranges, or damaged.`;
    throw new OvembedError('ERR_INVALID_ARGUMENT', message, { cause });
  }
}

function unfit(file: string, expected: string, actual: unknown): OvembedError {
  return invalidArgument(file, expected, actual);
}

function isOriginal<T extends 'string' | 'boolean'>(
  value: unknown,
  type: T,
): value is (T extends 'string' ? string : boolean) | null {
  return value === null || typeof value === type;
}

function isNumbers(value: unknown, length: unknown): value is number[] {
  return Array.isArray(value) && value.length === length && value.every((one) => typeof one === 'number');
}
