/** What a line of input says: the text to embed, and what is to be kept beside its vector. */

import type { Line } from '../../corpus/readers/lines.js';
import { describe } from '../../errors.js';
import { InputError } from '../failures.js';

/** One text of the input. */
export interface InputRecord {
  text: string;
  /** The JSON object of the line without its closing brace; new fields are appended to it as they are. */
  openObject: string;
  /** The fields of the object beside the vector, as JSON.parse has them. */
  fields: Readonly<Record<string, unknown>>;
  /** `file:line`. */
  place: string;
  /** Bytes of all input up to the end of this record. */
  end: number;
}

/** Turns one line into a record; `end` is filled in by the reader. */
export type LineParser = (line: Line, file: string) => Omit<InputRecord, 'end'>;

/** Every line is a text, also an empty one, so that there are as many vectors as lines. */
export const parseTextLine: LineParser = (line, file) => {
  const place = `${file}:${line.number}`;
  const text = decode(line, place);
  return { text, openObject: `{"text":${JSON.stringify(text)}`, fields: { text }, place };
};

/**
 * Every line is a JSON object with a text in one of its fields.
 * @param field the field of the text
 * @param into the field that the vector will get, which must be free
 */
export function jsonLineParser(field: string, into: string): LineParser {
  return (line, file) => {
    const place = `${file}:${line.number}`;
    const source = decode(line, place).trim();
    const object = parseObject(source, place);
    // The line itself is kept, not what JSON.parse made of it, which rounds large numbers and drops repeated keys.
    const openObject = source.slice(0, -1).trimEnd();
    return { text: textOf(object, field, into, place), openObject, fields: object, place };
  };
}

/** Makes errors about a line of a file. */
export const lineError = (file: string) => (number: number, problem: string) =>
  new InputError(`${file}:${number}: ${problem}`);

function parseObject(source: string, place: string): Record<string, unknown> {
  if (source === '') throw new InputError(`${place}: the line is empty; every line must be a JSON object`);
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch (error) {
    throw new InputError(`${place}: not valid JSON (${(error as Error).message})`);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new InputError(`${place}: expected a JSON object, found ${describe(value)}`);
}

function textOf(object: Record<string, unknown>, field: string, into: string, place: string): string {
  const name = JSON.stringify(field);
  if (!Object.hasOwn(object, field)) {
    const fields = Object.keys(object).map((key) => JSON.stringify(key));
    const there = fields.length > 0 ? `there are ${fields.slice(0, 10).join(', ')}` : 'the object is empty';
    throw new InputError(`${place}: there is no field ${name} (--field); ${there}`);
  }
  if (Object.hasOwn(object, into)) {
    throw new InputError(`${place}: there is a field ${JSON.stringify(into)} already; name another one with --into`);
  }
  const text = object[field];
  if (typeof text !== 'string')
    throw new InputError(`${place}: the field ${name} must be a string, not ${describe(text)}`);
  if (!text.isWellFormed()) throw new InputError(`${place}: the field ${name} has a lone surrogate (half a character)`);
  return text;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const BYTE_ORDER_MARK = '\uFEFF';

function decode({ bytes, number }: Line, place: string): string {
  let text: string;
  try {
    text = UTF8.decode(bytes);
  } catch {
    throw new InputError(`${place}: not valid UTF-8`);
  }
  return number === 1 && text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
}
