/** Texts to tokens and back, without the model. */

import { cutWindows } from '../batching/windows.js';
import type { ModelInput } from '../input.js';
import { callNative, type EncodeOptions, type NativeEncoding, type NativeTokenizer } from '../native.js';
import type { StopSignal } from '../signals.js';

/** The tokens of one text. */
export interface TokenizedText {
  /** One id per token. */
  ids: Uint32Array;
  /** Start and end of each token in the text, in UTF-16 units: two values per token; 0, 0 for special tokens. */
  offsets: Uint32Array;
  /** 1 for a token that the tokenizer's template added. */
  specialTokensMask: Uint8Array;
}

/** Encodes texts without cutting them. */
export async function tokenize(
  tokenizer: NativeTokenizer,
  texts: readonly ModelInput[],
  addSpecialTokens: boolean,
  signal: StopSignal,
): Promise<TokenizedText[]> {
  const options = { maxLength: 0, offsets: true, addSpecialTokens };
  const windows = await encodeAll(tokenizer, texts, options, signal, splitRows);
  return windows.flat();
}

/** Tokens per text, special tokens counted, before any cut. */
export async function countTokens(
  tokenizer: NativeTokenizer,
  texts: readonly ModelInput[],
  signal: StopSignal,
): Promise<Uint32Array> {
  const options = { maxLength: 0, offsets: false, addSpecialTokens: true };
  const counts = new Uint32Array(texts.length);
  await encodeAll(tokenizer, texts, options, signal, ({ lengths }, first) => counts.set(lengths, first));
  return counts;
}

/** The text of token ids, as the tokenizer's decoder writes it. */
export async function decode(
  tokenizer: NativeTokenizer,
  ids: Uint32Array,
  skipSpecialTokens: boolean,
): Promise<string> {
  const [text = ''] = await callNative(() => tokenizer.decode([ids], skipSpecialTokens));
  return text;
}

/** The tokens of each row of an encoding. */
export function splitRows(encoding: NativeEncoding): TokenizedText[] {
  const { ids, offsets, specialTokensMask } = encoding.tokens();
  let end = 0;
  return Array.from(encoding.lengths, (length) => {
    const start = end;
    end += length;
    return {
      ids: ids.slice(start, end),
      offsets: offsets.slice(2 * start, 2 * end),
      specialTokensMask: specialTokensMask.slice(start, end),
    };
  });
}

async function encodeAll<T>(
  tokenizer: NativeTokenizer,
  texts: readonly ModelInput[],
  options: EncodeOptions,
  signal: StopSignal,
  take: (encoding: NativeEncoding, first: number) => T,
): Promise<T[]> {
  const results: T[] = [];
  for (const { first, inputs } of cutWindows(texts)) {
    signal.throwIfAborted();
    const encoding = await callNative(() => tokenizer.encode(inputs, options));
    try {
      results.push(take(encoding, first));
    } finally {
      encoding.release();
    }
  }
  return results;
}
