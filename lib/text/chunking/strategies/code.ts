/**
 * At declarations, by the parsers of Lezer (the editor CodeMirror's); languages that have none, and code that takes a parser out
 * of the stack, at blank lines in front of what is not indented.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Parser, Tree } from '@lezer/common' with { 'resolution-mode': 'import' };
import { type Declarations, declarations, LEVELS } from '../code/declarations.js';
import { parserFor } from '../code/languages.js';
import { collect } from '../collect.js';
import { at, behind, lines, paragraphs, spaces, words } from '../splitters.js';
import type { Strategy } from '../strategy.js';

const SLICE_MS = 4;

export const code: Strategy = async ({ text, options, call }) => {
  const weaker = [paragraphs, lines, spaces, words(options.locale)];
  const parser = await parserFor(call.language ?? options.language, call.fileName);
  const found = parser && (await parsed(parser, text, call.signal));
  if (!found) return { splitters: [behindBlocks, ...weaker], overlap: 2 };
  return { splitters: [...found.cuts.map(at), ...weaker], overlap: LEVELS + 1, scopes: found.scopes };
};

/** Blank lines in front of a line that is neither indented nor the end of something. */
const behindBlocks = behind(/\n(?:[^\S\n]*\n)+(?=[^\s)\]}])/g);

async function parsed(
  parser: Parser,
  text: string,
  signal: AbortSignal | undefined,
): Promise<Declarations | undefined> {
  const found: Declarations = { cuts: Array.from({ length: LEVELS }, () => []), scopes: [] };
  try {
    await collect(declarations(await treeOf(parser, text, signal), text, found), signal);
  } catch (error) {
    // The trees of Lezer are built by recursion.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  return found;
}

async function treeOf(parser: Parser, text: string, signal: AbortSignal | undefined): Promise<Tree> {
  const parse = parser.startParse(text);
  let sliceEnd = performance.now() + SLICE_MS;
  for (;;) {
    const tree = parse.advance();
    if (tree) return tree;
    if (performance.now() < sliceEnd) continue;
    await nextTurn();
    signal?.throwIfAborted();
    sliceEnd = performance.now() + SLICE_MS;
  }
}
