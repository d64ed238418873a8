/** Texts to tokens, on this thread or on another one, whichever costs the event loop less. */

import type { ModelInput } from '../input.js';
import { callNative, callNativeNow, type EncodeOptions, type NativeEncoding, type NativeTokenizer } from '../native.js';
import type { StopSignal } from '../signals.js';

/**
 * Up to this many characters are tokenised at once on the JavaScript thread: some 20 µs of work, where the way to another
 * thread and back takes 100 µs, a good part of them on the JavaScript thread.
 */
const AT_ONCE_CHARACTERS = 1_024;
const AT_ONCE_INPUTS = 4;

let nextJob = 1;

/** Encodes inputs. When the signal aborts, inputs that have not been reached are left out, and it rejects. */
export function encode(
  tokenizer: NativeTokenizer,
  inputs: readonly ModelInput[],
  options: Omit<EncodeOptions, 'job'>,
  signal: StopSignal,
): NativeEncoding | Promise<NativeEncoding> {
  if (isShort(inputs)) return callNativeNow(() => tokenizer.encodeNow(inputs, options));
  return encodeElsewhere(tokenizer, inputs, options, signal);
}

async function encodeElsewhere(
  tokenizer: NativeTokenizer,
  inputs: readonly ModelInput[],
  options: Omit<EncodeOptions, 'job'>,
  signal: StopSignal,
): Promise<NativeEncoding> {
  const job = nextJob++;
  const onAbort = () => tokenizer.cancel(job);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await callNative(() => tokenizer.encode(inputs, { ...options, job }));
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function isShort(inputs: readonly ModelInput[]): boolean {
  return inputs.length <= AT_ONCE_INPUTS && inputs.reduce((sum, { length }) => sum + length, 0) <= AT_ONCE_CHARACTERS;
}
