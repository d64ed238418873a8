/** Cleaning on the way to the model: what `clean` in the options of an embedding call does. */

import type { Source } from '../batching/stream.js';
import { type Check, checkObject } from '../checks.js';
import { invalidArgument } from '../errors.js';
import type { Input } from '../input.js';
import type { StopSignal } from '../signals.js';
import { TimeSlice } from '../time-slice.js';
import type { CleanOptions } from './cleaning/clean.js';
import type { FilterOptions } from './cleaning/filter.js';

/** Steps that change texts. Filters leave texts out, and every input of a call has its vector. */
export type CleanSteps = Omit<CleanOptions, keyof FilterOptions>;

const FILTERS: readonly (keyof FilterOptions)[] = ['minChars', 'maxChars', 'languages'];

/** The steps themselves are checked by `clean`, which is loaded when it is needed. */
export const areCleanSteps: Check = (value, name) => {
  checkObject(value, name);
  const filter = FILTERS.find((key) => key in (value as object));
  if (filter) throw invalidArgument(name, 'steps that change texts: no filters', filter);
};

/** Cleans a snapshot in place, in slices of some milliseconds. Token ids stay as they are. */
export async function cleanInputs(inputs: Input[], steps: CleanSteps, signal: StopSignal): Promise<void> {
  const { clean } = await import('./cleaning/clean.js');
  const slice = new TimeSlice();
  for (const [i, input] of inputs.entries()) {
    if (typeof input === 'string') inputs[i] = clean(input, steps).text;
    if (slice.isOver) await slice.next(signal);
  }
}

/** The same for a stream. What is no text is left to be told of by the stream. */
export async function* cleanSource(source: Source, steps: CleanSteps): AsyncGenerator<Input, void, undefined> {
  const { clean } = await import('./cleaning/clean.js');
  for await (const input of source) yield typeof input === 'string' ? clean(input, steps).text : input;
}
