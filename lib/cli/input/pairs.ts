/** Files of texts, and of pairs of texts with a score, read whole: what a comparison needs is small. */
import { extname } from 'node:path';
import { type Line, splitLines } from '../../corpus/readers/lines.js';
import type { TextPair } from '../../verify/topics.js';
import { InputError } from '../failures.js';
import { findInputs, readChunks } from './files.js';
import { jsonLineParser, lineError, parseTextLine } from './records.js';

/** A text on every line, or JSON Lines with a field `text`. */
export async function readTexts(path: string): Promise<string[]> {
  const parse = isJson(path) ? jsonLineParser('text', '') : parseTextLine;
  const texts = await readLines(path, (line, name) => parse(line, name).text);
  if (texts.length < 2) throw new InputError(`${path}: expected at least two texts`);
  return texts;
}

/** TSV of text, text and score; or JSON Lines with the fields `a`, `b` and `score`. */
export async function readPairs(path: string): Promise<TextPair[]> {
  const pairs = await readLines(path, isJson(path) ? parseJsonPair : parseTsvPair);
  if (pairs.length < 3) throw new InputError(`${path}: expected at least three pairs, as fewer have no correlation`);
  return pairs;
}

const isJson = (path: string) => ['.jsonl', '.ndjson'].includes(extname(path).toLowerCase());

async function readLines<T>(path: string, parse: (line: Line, name: string) => T): Promise<T[]> {
  const [file] = await findInputs([path]);
  if (!file) return [];
  const results: T[] = [];
  for await (const line of splitLines(readChunks(file, new AbortController().signal), lineError(file.name))) {
    results.push(parse(line, file.name));
  }
  return results;
}

function parseTsvPair(line: Line, name: string): TextPair {
  const { text, place } = parseTextLine(line, name);
  const columns = text.split('\t');
  const [a, b, score] = columns;
  if (columns.length !== 3 || !a || !b || !score) {
    throw new InputError(`${place}: expected text, text and score with a tab between, found ${columns.length} columns`);
  }
  return { a, b, score: finite(Number(score), place) };
}

function parseJsonPair(line: Line, name: string): TextPair {
  const a = jsonLineParser('a', '')(line, name);
  const b = jsonLineParser('b', '')(line, name);
  const { score } = JSON.parse(`${a.openObject}}`) as { score?: unknown };
  return { a: a.text, b: b.text, score: finite(score, a.place) };
}

function finite(score: unknown, place: string): number {
  if (typeof score === 'number' && Number.isFinite(score)) return score;
  throw new InputError(`${place}: the score must be a number`);
}
