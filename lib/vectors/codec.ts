/** Between float32, which is what models give, and the element type that a result or a cache has. */
import { callNativeNow, type NativeAddon } from '../native.js';
import { arrayOf, type Dtype, type DtypeArrays, elementsPerRow } from './dtype.js';
import type { Ranges } from './ranges.js';

/** What of the addon converts vectors. */
export type VectorConverter = Pick<NativeAddon, 'quantizeVectors' | 'dequantizeVectors'>;

/** Vectors of one width and element type. `float32` costs nothing: arrays pass through as they are, not copied. */
export class VectorCodec<D extends Dtype = Dtype> {
  readonly dtype: D;
  readonly dimensions: number;
  /** Elements of an encoded vector. */
  readonly elementsPerRow: number;
  readonly #converter: VectorConverter;
  readonly #ranges: Float32Array | null;

  /** @param ranges of `dimensions` dimensions; needed by `int8` and `uint8` */
  constructor(dtype: D, dimensions: number, ranges: Ranges | null, converter: VectorConverter) {
    this.dtype = dtype;
    this.dimensions = dimensions;
    this.elementsPerRow = elementsPerRow(dtype, dimensions);
    this.#converter = converter;
    this.#ranges = ranges?.values ?? null;
  }

  encode(vectors: Float32Array): DtypeArrays[D] {
    if (this.dtype === 'float32') return vectors as DtypeArrays[D];
    const encoded = arrayOf(this.dtype, (vectors.length / this.dimensions) * this.elementsPerRow);
    this.encodeInto(vectors, encoded);
    return encoded;
  }

  decode(vectors: DtypeArrays[D]): Float32Array {
    if (this.dtype === 'float32') return vectors as Float32Array;
    const decoded = new Float32Array((vectors.length / this.elementsPerRow) * this.dimensions);
    this.decodeInto(vectors, decoded);
    return decoded;
  }

  /** @param target of the size that the vectors take */
  encodeInto(vectors: Float32Array, target: DtypeArrays[D]): void {
    callNativeNow(() => this.#converter.quantizeVectors(vectors, target, this.#conversion));
  }

  decodeInto(vectors: DtypeArrays[D], target: Float32Array): void {
    callNativeNow(() => this.#converter.dequantizeVectors(vectors, target, this.#conversion));
  }

  get #conversion() {
    return { dtype: this.dtype, dimensions: this.dimensions, ranges: this.#ranges };
  }
}
