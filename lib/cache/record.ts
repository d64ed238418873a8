/**
 * A vector as it is kept: one form for all levels, which carries what a computation would tell and can be checked.
 *
 *     offset  bytes  (little-endian)
 *          0      4  magic, 'OVE1': changes with the form
 *          4      1  element type, see DTYPES
 *          5      1  1 if the text was cut
 *          6      2  windows that the text was read in, 65,535 at most; 0 for one
 *          8      4  dimensions
 *         12      4  tokens that the model read
 *         16      4  tokens before the text was cut
 *         20     32  the key's SHA-256, so that a record under a foreign key is noticed
 *         52      n  values
 *     52 + n      4  CRC-32 of all before
 */
import { crc32 } from 'node:zlib';
import { arrayOf, bytesPerRow, type Dtype, elementsPerRow, type VectorArray } from '../vectors/dtype.js';

const MAGIC = 0x3145564f;
const HEADER_BYTES = 52;
const CHECKSUM_BYTES = 4;
const KEY_BYTES = 32;
const KEY_DIGITS = 2 * KEY_BYTES;

/** Element types by the number that stands for them in a record; numbers are never given anew. */
const DTYPES: readonly Dtype[] = ['float32', 'float16', 'bfloat16', 'int8', 'uint8', 'binary', 'ubinary'];

/** A vector and what was read of its text. */
export interface CachedEmbedding {
  data: VectorArray;
  /** Element type of `data`. Default `float32`. */
  dtype?: Dtype;
  /** Width of the vector. Default: the length of `data`. */
  dimensions?: number;
  tokens: number;
  originalTokens: number;
  truncated: boolean;
  /** Windows that the text was read in. Default 1. */
  chunks?: number;
}

/** @param key as CacheKeys makes it */
export function encodeRecord(key: string, embedding: CachedEmbedding): Uint8Array {
  const {
    data,
    dtype = 'float32',
    dimensions = data.length,
    tokens,
    originalTokens,
    truncated,
    chunks = 1,
  } = embedding;
  const record = new Uint8Array(HEADER_BYTES + data.byteLength + CHECKSUM_BYTES);
  const view = new DataView(record.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint8(4, DTYPES.indexOf(dtype));
  view.setUint8(5, truncated ? 1 : 0);
  view.setUint16(6, chunks > 1 ? Math.min(chunks, 0xffff) : 0, true);
  view.setUint32(8, dimensions, true);
  view.setUint32(12, tokens, true);
  view.setUint32(16, originalTokens, true);
  record.set(digestOf(key), 20);
  record.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), HEADER_BYTES);
  const end = record.length - CHECKSUM_BYTES;
  view.setUint32(end, crc32(record.subarray(0, end)), true);
  return record;
}

/**
 * What a record holds; undefined if it is damaged, of another form, of another key, or of another width or element type.
 * @param dimensions that the call expects
 * @param dtype that the cache keeps
 */
export function decodeRecord(
  record: Uint8Array,
  key: string,
  dimensions: number,
  dtype: Dtype = 'float32',
): CachedEmbedding | undefined {
  if (record.length !== HEADER_BYTES + bytesPerRow(dtype, dimensions) + CHECKSUM_BYTES) return undefined;
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  const end = record.length - CHECKSUM_BYTES;
  if (view.getUint32(end, true) !== crc32(record.subarray(0, end))) return undefined;
  if (view.getUint32(0, true) !== MAGIC || DTYPES[view.getUint8(4)] !== dtype) return undefined;
  if (view.getUint32(8, true) !== dimensions || !hasKey(record, key)) return undefined;
  // A copy: the bytes need not be aligned, and belong to the level.
  const data = arrayOf(dtype, elementsPerRow(dtype, dimensions));
  new Uint8Array(data.buffer).set(record.subarray(HEADER_BYTES, end));
  const truncated = view.getUint8(5) === 1;
  const form = dtype === 'float32' ? {} : { dtype, dimensions };
  const chunks = view.getUint16(6, true);
  const windows = chunks > 0 ? { chunks } : {};
  const counts = { tokens: view.getUint32(12, true), originalTokens: view.getUint32(16, true), truncated };
  return { data, ...form, ...counts, ...windows };
}

/** What an intact record says of itself, whatever its key; undefined if it is damaged or of another form. */
export function inspectRecord(record: Uint8Array): { dtype: string; dimensions: number; digest: string } | undefined {
  if (record.length < HEADER_BYTES + CHECKSUM_BYTES) return undefined;
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  const end = record.length - CHECKSUM_BYTES;
  if (view.getUint32(end, true) !== crc32(record.subarray(0, end)) || view.getUint32(0, true) !== MAGIC)
    return undefined;
  const dtype = DTYPES[view.getUint8(4)];
  const digest = Buffer.from(record.subarray(20, 20 + KEY_BYTES)).toString('hex');
  return dtype && { dtype, dimensions: view.getUint32(8, true), digest };
}

/** The 32 bytes that a key's last 64 digits stand for. */
function digestOf(key: string): Buffer {
  return Buffer.from(key.slice(-KEY_DIGITS), 'hex');
}

function hasKey(record: Uint8Array, key: string): boolean {
  return digestOf(key).equals(record.subarray(20, 20 + KEY_BYTES));
}
