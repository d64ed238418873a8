/**
 * What callers hand in: copied when the call is made, so that later changes by the caller change nothing, and checked
 * before anything is computed. Checking yields to the event loop every few milliseconds, however long the list.
 */

import { describe, OvembedError } from './errors.js';
import type { StopSignal } from './signals.js';
import { TimeSlice } from './time-slice.js';

/** Ids of the model's vocabulary: exactly what the model reads, special tokens included. */
export type TokenIds = readonly number[] | Uint32Array;

/** A text, or its token ids. */
export type Input = string | TokenIds;

/** A checked input as the tokenizer takes it. */
export type ModelInput = string | Uint32Array;

/** What an input may be in one call. */
export interface InputRules {
  vocabSize: number;
  /** Why token ids cannot be taken; undefined where they can. */
  noTokenIds?: string | undefined;
}

/** Characters and ids looked at between two looks at the clock; about 0.1 ms of work. */
const UNITS_PER_LOOK = 50_000;

/** An input costs this much more than its characters: array access, type checks, calls. */
const UNITS_PER_INPUT = 16;

/**
 * Copies a list of inputs.
 * @param where names the call in the message
 */
export function snapshot(input: readonly Input[], where: string): Input[] {
  if (!Array.isArray(input)) {
    const received = `received ${describe(input)}`;
    const message = `Expected an array of strings or of token ids for ${where}, ${received}. One text goes in as [text].`;
    throw new OvembedError('ERR_INVALID_ARGUMENT', message);
  }
  const copy = input.slice();
  for (let i = 0; i < copy.length; i++) if (typeof copy[i] !== 'string') copy[i] = copyOf(copy[i]);
  return copy;
}

/** An input that its caller cannot change any more. Strings are immutable, so only lists of ids are copied. */
export function copyOf(input: Input): Input {
  return isTokenIds(input) ? input.slice() : input;
}

/**
 * Checks a snapshot in slices of some milliseconds, and turns it in place into what the tokenizer takes.
 * @throws OvembedError `ERR_INVALID_ARGUMENT` with the index of the first input that does not fit
 */
export async function checkInputs(items: Input[], rules: InputRules, signal: StopSignal): Promise<ModelInput[]> {
  const slice = new TimeSlice();
  let units = 0;
  for (let i = 0; i < items.length; i++) {
    const checked = checkInput(items[i], rules, i);
    items[i] = checked;
    units += checked.length + UNITS_PER_INPUT;
    if (units < UNITS_PER_LOOK) continue;
    units = 0;
    if (slice.isOver) await slice.next(signal);
  }
  return items as ModelInput[];
}

/**
 * Checks one input. Empty and white-space texts are valid, as in sentence-transformers, and so is U+0000.
 * @param index its place in the caller's list; undefined for a single input
 */
export function checkInput(item: unknown, { vocabSize, noTokenIds }: InputRules, index?: number): ModelInput {
  const name = index === undefined ? 'The input' : `The input at index ${index}`;
  if (typeof item === 'string') {
    if (!item.isWellFormed()) throw loneSurrogate(item, name);
    return item;
  }
  const expected = noTokenIds ? 'a string' : 'a string or token ids';
  if (!isTokenIds(item)) throw invalid(`${name} must be ${expected}, received ${describe(item)}.`);
  if (noTokenIds) throw invalid(`${name} must be a string: ${noTokenIds}.`);
  if (index === undefined && typeof item[0] === 'string') {
    throw invalid(
      `${name} must be one text or its token ids, received an array of texts. embedDocuments takes several.`,
    );
  }
  return checkTokenIds(item, vocabSize, name);
}

function checkTokenIds(ids: TokenIds, vocabSize: number, name: string): Uint32Array {
  if (ids.length === 0) throw invalid(`${name} holds no token ids; a text without content is ''.`);
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i] as number;
    if (Number.isInteger(id) && id >= 0 && id < vocabSize) continue;
    throw invalid(`${name} must hold integers from 0 to ${vocabSize - 1}, received ${describe(id)} at position ${i}.`);
  }
  return ids instanceof Uint32Array ? ids : Uint32Array.from(ids);
}

function isTokenIds(item: unknown): item is TokenIds {
  return Array.isArray(item) || item instanceof Uint32Array;
}

/** Such a string has no UTF-8 form. Guessing a replacement would embed another text than the caller's. */
function loneSurrogate(text: string, name: string): OvembedError {
  const position = text.search(/\p{Surrogate}/u);
  return invalid(
    `${name} has a lone surrogate at UTF-16 position ${position}, which no tokenizer can read. ` +
      'Pass text.toWellFormed() to put U+FFFD in its place, or mend what cut the text there.',
  );
}

function invalid(message: string): OvembedError {
  return new OvembedError('ERR_INVALID_ARGUMENT', message);
}
