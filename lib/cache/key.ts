/**
 * Names of cached vectors: SHA-256 over everything that decides a vector's bits. Never of a text that was normalised in any
 * way: texts that differ in one character have different keys.
 */
import { createHash, hash as hashOnce } from 'node:crypto';
import type { Activations } from '../devices/computation.js';
import type { ModelInput } from '../input.js';
import type { Precision } from '../native.js';
import type { Truncate } from '../options.js';
import type { Dtype } from '../vectors/dtype.js';

/** What the vectors of a call have in common, wherever they are computed. */
export interface VectorContext {
  /** Of the vector space. */
  fingerprint: string;
  /** UTF-16 units of the prompt that pooling leaves out; 0 where it takes part. */
  excludedPromptLength: number;
  truncate: Truncate;
  maxLength: number;
  normalize: boolean;
  dimensions: number;
  /** What the vectors are kept as, and the digest of the ranges that it needs; null: none. */
  dtype: Dtype;
  ranges: string | null;
}

/** And what decides their last bits. */
export interface KeyContext extends VectorContext {
  precision: Precision;
  activations: Activations;
  /** Where a vector may come from, if there are several: each may compute in a precision of its own. */
  devices?: readonly string[];
  /** Lengths to which texts are padded: they decide the last bits. */
  buckets: readonly number[];
}

const SEPARATOR = '\0';

/** What the keys of a cache begin with. */
export const keyPrefix = (prefix: string) => `${prefix}:v1:`;

/** Makes the keys of one call. */
export class CacheKeys {
  readonly #prefix: string;
  /** Digest of the context: what goes in front of each input, so that an input is hashed once and in one piece. */
  readonly #context: string;

  constructor(prefix: string, context: VectorContext | KeyContext) {
    this.#prefix = keyPrefix(prefix);
    const fields = Object.keys(context).sort();
    const values = fields.map((field) => [field, context[field as keyof VectorContext]]);
    this.#context = createHash('sha256').update(JSON.stringify(values)).digest('hex');
  }

  /** @param input what the model reads: a text with its prompt in front, or token ids */
  keyOf(input: ModelInput): string {
    if (typeof input === 'string')
      return this.#prefix + hashOnce('sha256', `${this.#context}text${SEPARATOR}${input}`, 'hex');
    const ids = new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
    return this.#prefix + createHash('sha256').update(`${this.#context}ids${SEPARATOR}`).update(ids).digest('hex');
  }
}
