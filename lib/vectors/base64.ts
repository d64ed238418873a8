/** Vectors as base64 of their little-endian bytes: what OpenAI's `encoding_format: 'base64'` has for float32. */
import { invalidArgument } from '../errors.js';
import { arrayOf, bytesPerRow, type Dtype, type DtypeArrays, isVectorArray, type VectorArray } from './dtype.js';

/** All processors that OpenVINO runs on are little-endian, so the bytes are those of memory. */
export function toBase64(vector: VectorArray): string {
  if (!isVectorArray(vector)) throw invalidArgument('the vector', 'a typed array as a dtype has', vector);
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64');
}

/**
 * The alphabet of RFC 4648, padded, with zeros in the bits that no byte takes. `Buffer.from` would leave out what it does not
 * know.
 */
const BASE64 = /^[A-Za-z0-9+/]*(?:[AQgw]==|[AEIMQUYcgkosw048]=)?$/;

/**
 * @param dtype element type of the bytes; default `float32`
 * @returns a new typed array
 * @throws OvembedError `ERR_INVALID_ARGUMENT` if it is no base64, or not of whole elements
 */
export function fromBase64<D extends Dtype = 'float32'>(text: string, dtype: D = 'float32' as D): DtypeArrays[D] {
  if (typeof text !== 'string' || text.length % 4 !== 0 || !BASE64.test(text)) {
    throw invalidArgument('the vector', 'base64 with padding', text);
  }
  const bytes = Buffer.from(text, 'base64');
  const size = bytesPerRow(dtype, 1);
  if (bytes.length % size !== 0) {
    throw invalidArgument(
      'the vector',
      `base64 of whole elements of ${size} bytes (${dtype})`,
      `${bytes.length} bytes`,
    );
  }
  const vector = arrayOf(dtype, bytes.length / size);
  new Uint8Array(vector.buffer).set(bytes);
  return vector as DtypeArrays[D];
}
