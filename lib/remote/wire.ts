/**
 * Vectors between two processes of ovembed: the bytes as they are in memory, so that neither side formats or parses numbers.
 * Layout, little-endian as all processors that OpenVINO runs on: uint32 length of the head; the head, JSON; then the typed
 * arrays, one after the other.
 */
import { Embeddings, type RunMetadata, type Timings } from '../embeddings.js';
import { OvembedError } from '../errors.js';
import type { TokenEmbeddings } from '../text/token-embeddings.js';
import { arrayOf, type Dtype, type DtypeArrays, elementsPerRow } from '../vectors/dtype.js';

export const VECTORS_TYPE = 'application/vnd.ovembed.vectors';

const HEAD_BYTES = 4;

/** What stands in front of the bytes of vectors. */
interface Head {
  length: number;
  dimensions: number;
  dtype: Dtype;
  timings: Timings;
  metadata: RunMetadata;
}

export function encodeEmbeddings(result: Embeddings<Dtype>): Buffer {
  const { length, dimensions, dtype, timings, metadata, data, tokens, originalTokens, truncated, chunks } = result;
  return encode({ length, dimensions, dtype, timings, metadata } satisfies Head, [
    tokens,
    originalTokens,
    truncated,
    chunks,
    data,
  ]);
}

/** @throws OvembedError `ERR_DEVICE_FAILED` for bytes that are not whole */
export function decodeEmbeddings<D extends Dtype>(bytes: Buffer): Embeddings<D> {
  const { head, read } = decode<Head>(bytes);
  const { length, dimensions, dtype } = head;
  const tokens = read(new Uint32Array(length));
  const originalTokens = read(new Uint32Array(length));
  const truncated = read(new Uint8Array(length));
  const chunks = read(new Uint32Array(length));
  const data = read(arrayOf(dtype, length * elementsPerRow(dtype, dimensions))) as DtypeArrays[D];
  return new Embeddings({ ...head, dtype: dtype as D, tokens, originalTokens, truncated, chunks, data });
}

/** What stands in front of the bytes of token vectors; timings and metadata are shared by the texts of a call. */
interface TokensHead {
  texts: (Pick<TokenEmbeddings, 'tokens' | 'dimensions' | 'originalTokens' | 'truncated' | 'promptLength'> & {
    ids: number;
  })[];
  timings: Timings;
  metadata: RunMetadata;
}

export function encodeTokenEmbeddings(results: readonly TokenEmbeddings[]): Buffer {
  const [first] = results;
  const texts = results.map(({ tokens, dimensions, originalTokens, truncated, promptLength, ids }) => {
    return { tokens, dimensions, originalTokens, truncated, promptLength, ids: ids.length };
  });
  const head = { texts, timings: first?.timings, metadata: first?.metadata };
  return encode(
    head,
    results.flatMap(({ ids, offsets, specialTokensMask, data }) => [ids, offsets, specialTokensMask, data]),
  );
}

/** @throws OvembedError `ERR_DEVICE_FAILED` for bytes that are not whole */
export function decodeTokenEmbeddings(bytes: Buffer): TokenEmbeddings[] {
  const { head, read } = decode<TokensHead>(bytes);
  const { texts, timings, metadata } = head;
  return texts.map(({ ids, ...text }) => ({
    ...text,
    ids: read(new Uint32Array(ids)),
    offsets: read(new Uint32Array(2 * ids)),
    specialTokensMask: read(new Uint8Array(ids)),
    data: read(new Float32Array(text.tokens * text.dimensions)),
    timings,
    metadata,
  }));
}

function encode(head: object, parts: readonly NodeJS.TypedArray[]): Buffer {
  const text = Buffer.from(JSON.stringify(head));
  const size = Buffer.alloc(HEAD_BYTES);
  size.writeUInt32LE(text.length);
  return Buffer.concat([size, text, ...parts.map(bytesOf)]);
}

/** @returns the head, and what fills arrays with the bytes that follow it, one after the other */
function decode<H>(bytes: Buffer): { head: H; read<T extends NodeJS.TypedArray>(into: T): T } {
  let at = bytes.length < HEAD_BYTES ? Infinity : HEAD_BYTES + bytes.readUInt32LE(0);
  if (at > bytes.length) throw cutShort();
  const head = parseAnswer(bytes.subarray(HEAD_BYTES, at)) as H;
  const read = <T extends NodeJS.TypedArray>(into: T): T => {
    const end = at + into.byteLength;
    if (end > bytes.length) throw cutShort();
    bytesOf(into).set(bytes.subarray(at, end));
    at = end;
    return into;
  };
  return { head, read };
}

const bytesOf = ({ buffer, byteOffset, byteLength }: NodeJS.TypedArray) => Buffer.from(buffer, byteOffset, byteLength);

/** @throws OvembedError `ERR_DEVICE_FAILED` for what is no JSON */
export function parseAnswer(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new OvembedError('ERR_DEVICE_FAILED', 'The answer is not that of a server of ovembed.', { cause });
  }
}

const cutShort = () => new OvembedError('ERR_DEVICE_FAILED', 'The answer of the server was cut short.');
