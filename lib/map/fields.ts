/** What the records beside vectors say, as fields of a map. */
import { toBase64 } from '../vectors/base64.js';
import { type Field, NO_LABEL } from './data.js';

/** More distinct values than these tell nothing as colours. */
const MOST_LABELS = 100;
/** A text that repeats so seldom is one of its own for nearly every point. */
const FEWEST_PER_LABEL = 2;
const LONGEST_VALUE = 200;

/**
 * A field of its values, by what they are: numbers, few distinct values, or texts.
 * @param values of each point; null and undefined: it has none
 */
export function fieldOf(name: string, values: readonly unknown[]): Field {
  const there = values.filter((value) => value !== null && value !== undefined);
  const numbers = there.every((value) => typeof value === 'number' && Number.isFinite(value));
  const shown = values.map(asText);
  const distinct = new Set(shown);
  distinct.delete(null);
  // Years and stars are few; so are numbers of a class.
  if (numbers && there.length > 0 && distinct.size > 12) return numberField(name, values as (number | null)[]);
  const isFew = distinct.size <= MOST_LABELS && distinct.size * FEWEST_PER_LABEL <= there.length;
  return isFew && distinct.size > 0 ? categoryField(name, shown) : { kind: 'text', name, values: shown };
}

function numberField(name: string, values: readonly (number | null | undefined)[]): Field {
  const numbers = Float32Array.from(values, (value) => value ?? Number.NaN);
  const known = numbers.filter((value) => !Number.isNaN(value));
  const min = known.reduce((least, value) => Math.min(least, value), Infinity);
  const max = known.reduce((most, value) => Math.max(most, value), -Infinity);
  return { kind: 'number', name, min, max, values: toBase64(numbers) };
}

function categoryField(name: string, values: readonly (string | null)[]): Field {
  const frequency = new Map<string, number>();
  for (const value of values) if (value !== null) frequency.set(value, (frequency.get(value) ?? 0) + 1);
  const sorted = [...frequency].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const codeOf = new Map(sorted.map(([label], code) => [label, code]));
  const codes = Uint16Array.from(values, (value) => (value === null ? NO_LABEL : (codeOf.get(value) as number)));
  const [labels, counts] = [sorted.map(([label]) => label), sorted.map(([, count]) => count)];
  return { kind: 'category', name, labels, counts, codes: toBase64(codes) };
}

function asText(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  const text = typeof value === 'string' ? value : (JSON.stringify(value, withBigInts) ?? '');
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
}

const withBigInts = (_: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);
