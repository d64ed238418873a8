/**
 * At declarations, by the parsers of Lezer (the editor CodeMirror's); languages that have none, and code that is nested too deeply
 * for them, at blank lines in front of what is not indented.
 */

import type { Parser, PartialParse, Tree } from '@lezer/common' with { 'resolution-mode': 'import' };
import { TimeSlice } from '../../../time-slice.js';
import { type Declarations, declarations, LEVELS } from '../code/declarations.js';
import { parserFor } from '../code/languages.js';
import { collect } from '../collect.js';
import { at, behind, lines, paragraphs, spaces, words } from '../splitters.js';
import type { Strategy } from '../strategy.js';

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

/** States of the parser, some per level of nesting. Far more take its time out of proportion (8 s for 10,000 minus signs). */
const DEEPEST = 600;

/** Of the LR parser's first stack, three numbers a state; 0 where a parser has none. */
function depthOf(parse: PartialParse): number {
  const [first] = (parse as { stacks?: { stack?: number[] }[] }).stacks ?? [];
  return (first?.stack?.length ?? 0) / 3;
}

async function treeOf(parser: Parser, text: string, signal: AbortSignal | undefined): Promise<Tree> {
  const parse = parser.startParse(text);
  const slice = new TimeSlice();
  for (;;) {
    const tree = parse.advance();
    if (tree) return tree;
    if (depthOf(parse) > DEEPEST)
      throw new RangeError('The code is nested too deeply to be parsed in time linear in it.');
    if (slice.isOver) await slice.next(signal);
  }
}
