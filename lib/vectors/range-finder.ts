/** Finds the ends of each dimension over vectors that come one after the other. */
import { OvembedError } from '../errors.js';

/** Fewer vectors have no range. */
const FEWEST_VECTORS = 2;

export class RangeFinder {
  readonly dimensions: number;
  /** Lowest values, then highest. */
  readonly #values: Float32Array;
  #vectors = 0;

  constructor(dimensions: number) {
    this.dimensions = dimensions;
    this.#values = new Float32Array(2 * dimensions);
    this.#values.fill(Infinity, 0, dimensions).fill(-Infinity, dimensions);
  }

  /**
   * @param vectors one or more, row-major
   * @throws OvembedError `ERR_INVALID_ARGUMENT` for NaN and infinities
   */
  add(vectors: Float32Array): void {
    const { dimensions } = this;
    const ends = this.#values;
    for (let i = 0, d = 0; i < vectors.length; i++) {
      const value = vectors[i] as number;
      if (value < (ends[d] as number)) ends[d] = value;
      if (value > (ends[dimensions + d] as number)) ends[dimensions + d] = value;
      // Also of a NaN, which is neither less nor greater.
      if (value - value !== 0) this.#rejectNonFinite(i);
      if (++d === dimensions) d = 0;
    }
    this.#vectors += vectors.length / dimensions;
  }

  /** @throws OvembedError `ERR_INVALID_ARGUMENT` for fewer than two vectors */
  finish(): Float32Array {
    if (this.#vectors >= FEWEST_VECTORS) return this.#values;
    throw new OvembedError(
      'ERR_INVALID_ARGUMENT',
      `Expected at least ${FEWEST_VECTORS} vectors to find ranges, received ${this.#vectors}. ` +
        'Take some hundred texts that are like those to be embedded.',
    );
  }

  #rejectNonFinite(position: number): never {
    const row = this.#vectors + Math.floor(position / this.dimensions);
    const message = `Expected finite values to find ranges, but the vector at index ${row} holds NaN or an infinity.`;
    throw new OvembedError('ERR_INVALID_ARGUMENT', message);
  }
}
