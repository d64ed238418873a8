/** Checks of options: every check names the option, what was expected and what came. */
import { invalidArgument, OvembedError } from './errors.js';

/** Throws `ERR_INVALID_ARGUMENT` unless the value fits; `name` is the option's. */
export type Check = (value: unknown, name: string) => void;

/** One check per option; its keys are the valid ones. */
export type Checks<T> = { readonly [K in keyof Required<T>]: Check };

/**
 * Checks an options object. An option that is `undefined` counts as not given.
 * @param where names the call in messages, such as `Embedder.load`
 * @param others valid options that were taken out before, for the message
 * @throws OvembedError `ERR_INVALID_ARGUMENT` for a key that is unknown or a value that does not fit
 */
export function checkOptions<T extends object>(
  options: T,
  checks: Checks<T>,
  where: string,
  others: readonly string[] = [],
): void {
  checkObject(options, where);
  for (const [key, value] of Object.entries(options)) {
    if (!Object.hasOwn(checks, key)) throw unknownOption(key, [...others, ...Object.keys(checks)], where);
    if (value !== undefined) checks[key as keyof T](value, key);
  }
}

/** @throws OvembedError `ERR_INVALID_ARGUMENT` for options that are no object */
export function checkObject(options: unknown, where: string): void {
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) return;
  throw invalidArgument(`the options of ${where}`, 'an object', options);
}

function unknownOption(key: string, valid: readonly string[], where: string): OvembedError {
  const nearest = nearestTo(key, valid);
  const hint = nearest ? ` Did you mean ${nearest}?` : '';
  const message = `Unknown option ${JSON.stringify(key)} for ${where}.${hint} Valid options: ${valid.join(', ')}.`;
  return new OvembedError('ERR_INVALID_ARGUMENT', message);
}

const MOST_EDITS = 0.4;

/** The candidate with the fewest edits, if that is at most two in five of its letters; case does not count. */
export function nearestTo(word: string, candidates: readonly string[]): string | undefined {
  let best: { candidate: string; edits: number } | undefined;
  for (const candidate of candidates) {
    const edits = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (edits <= candidate.length * MOST_EDITS && edits < (best?.edits ?? Infinity)) best = { candidate, edits };
  }
  return best?.candidate;
}

/** Levenshtein's distance, one row of the table at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}

export const aString: Check = (value, name) => {
  if (typeof value !== 'string') throw invalidArgument(name, 'a string', value);
};

export const aNonEmptyString: Check = (value, name) => {
  if (typeof value !== 'string' || value === '') throw invalidArgument(name, 'a string that is not empty', value);
};

/** A text that is put in front of others, so it must be as well-formed as they are. */
export const aText: Check = (value, name) => {
  aString(value, name);
  if (!(value as string).isWellFormed()) throw invalidArgument(name, 'a string without lone surrogates', value);
};

export const aBoolean: Check = (value, name) => {
  if (typeof value !== 'boolean') throw invalidArgument(name, 'true or false', value);
};

export const aFunction: Check = (value, name) => {
  if (typeof value !== 'function') throw invalidArgument(name, 'a function', value);
};

export function oneOf(...choices: readonly string[]): Check {
  const expected = `one of ${choices.map((choice) => `'${choice}'`).join(', ')}`;
  return (value, name) => {
    if (!choices.includes(value as string)) throw invalidArgument(name, expected, value);
  };
}

export const aPositiveInteger: Check = (value, name) => {
  if (!isPositiveInteger(value)) throw invalidArgument(name, 'an integer of at least 1', value);
};

/** Both ends included. */
export function anInteger(least: number, most: number): Check {
  return (value, name) => {
    const fits = Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
    if (!fits) throw invalidArgument(name, `an integer from ${least} to ${most}`, value);
  };
}

/** A list that may be empty, each of whose items fits. */
export function listOf(check: Check): Check {
  return (value, name) => {
    if (!Array.isArray(value)) throw invalidArgument(name, 'a list', value);
    for (const [i, item] of value.entries()) check(item, `${name}[${i}]`);
  };
}

export function isPositiveInteger(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}

export const aDuration: Check = (value, name) => {
  if (typeof value !== 'number' || !(value >= 0)) {
    throw invalidArgument(name, 'a number of milliseconds of at least 0 (0 or Infinity: no limit)', value);
  }
};

/** By its members rather than `instanceof`, so that a signal of another realm (a test runner, a vm context) is fine. */
export const anAbortSignal: Check = (value, name) => {
  const signal = value as Partial<AbortSignal> | null;
  if (typeof signal?.aborted !== 'boolean' || typeof signal.addEventListener !== 'function') {
    throw invalidArgument(name, 'an AbortSignal', value);
  }
};
