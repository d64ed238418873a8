/** Typed reading of the small JSON files of a model. Every error names the file, the key, what was expected and what came. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { OvembedError } from '../errors.js';
import { ignoreMissing } from './files.js';

/** Far above any real configuration file; keeps a misnamed weights file from being parsed as JSON. */
const LARGEST_JSON_BYTES = 16 * 1024 * 1024;

/**
 * Reads `folder/name` as JSON.
 *
 * @returns the parsed value, or undefined if there is no such file
 * @throws OvembedError `ERR_MODEL_INVALID` if it is no regular file, too large, not UTF-8 or not JSON
 */
export async function readJson(folder: string, name: string): Promise<unknown> {
  const file = join(folder, name);
  const stats = await stat(file).catch(ignoreMissing);
  if (!stats) return undefined;
  if (!stats.isFile()) throw invalid(`Expected ${file} to be a JSON file, but it is a directory or a special file.`);
  if (stats.size > LARGEST_JSON_BYTES) {
    throw invalid(`Expected ${file} to be a small JSON file, but it has ${stats.size} bytes.`);
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await readFile(file)));
  } catch (cause) {
    const problem = (cause as Error).message;
    throw invalid(
      `${file} is not valid JSON (${problem}). The download may be incomplete; fetch the file again.`,
      cause,
    );
  }
}

/** Reads a JSON object; undefined if there is no such file. */
export async function readJsonObject(folder: string, name: string): Promise<JsonObject | undefined> {
  const value = await readJson(folder, name);
  return value === undefined ? undefined : JsonObject.from(value, join(folder, name));
}

/** Fields of a JSON object. A key that is absent and one that is `null` read alike, as they do in Python's configurations. */
export class JsonObject {
  private constructor(
    private readonly fields: Readonly<Record<string, unknown>>,
    /** Where the object stands, for messages: the file, and inside it the key. */
    readonly place: string,
  ) {}

  static from(value: unknown, place: string): JsonObject {
    if (isRecord(value)) return new JsonObject(value, place);
    throw invalid(`Expected a JSON object in ${place}, received ${show(value)}.`);
  }

  get keys(): string[] {
    return Object.keys(this.fields);
  }

  raw(key: string): unknown {
    return Object.hasOwn(this.fields, key) ? this.fields[key] : undefined;
  }

  string(key: string): string | undefined {
    return this.read(key, 'a string', (value) => typeof value === 'string');
  }

  boolean(key: string): boolean | undefined {
    return this.read(key, 'true or false', (value) => typeof value === 'boolean');
  }

  number(key: string): number | undefined {
    return this.read(key, 'a number', (value) => typeof value === 'number');
  }

  integer(key: string, lowest: number, highest: number): number | undefined {
    return this.read<number>(
      key,
      `a whole number from ${lowest} to ${highest}`,
      (value) => Number.isInteger(value) && (value as number) >= lowest && (value as number) <= highest,
    );
  }

  array(key: string): unknown[] | undefined {
    return this.read(key, 'a list', Array.isArray);
  }

  object(key: string): JsonObject | undefined {
    const value = this.read<Record<string, unknown>>(key, 'an object', isRecord);
    return value && new JsonObject(value, `"${key}" of ${this.place}`);
  }

  /** The value of a key that must be there. */
  required<T>(key: string, expected: string, value: T | undefined): T {
    if (value === undefined) throw this.invalid(key, expected);
    return value;
  }

  /** An `ERR_MODEL_INVALID` about one key. */
  invalid(key: string, expected: string): OvembedError {
    return invalid(`Expected ${expected} for "${key}" in ${this.place}, received ${show(this.raw(key))}.`);
  }

  /** An `ERR_MODEL_UNSUPPORTED` about one key. */
  unsupported(key: string, supported: string): OvembedError {
    return new OvembedError(
      'ERR_MODEL_UNSUPPORTED',
      `"${key}" is ${show(this.raw(key))} in ${this.place}, which ovembed does not support. Supported: ${supported}.`,
    );
  }

  private read<T>(key: string, expected: string, fits: (value: unknown) => boolean): T | undefined {
    const value = this.raw(key) ?? undefined;
    if (value === undefined || fits(value)) return value as T | undefined;
    throw this.invalid(key, expected);
  }
}

export function invalid(message: string, cause?: unknown): OvembedError {
  return new OvembedError('ERR_MODEL_INVALID', message, { cause });
}

/** A value as it stood in the file, short enough for a message. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  try {
    const text = JSON.stringify(value);
    return text.length > 100 ? `${text.slice(0, 100)}…` : text;
  } catch {
    return 'a value nested too deeply'; // JSON.parse goes deeper than JSON.stringify
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
