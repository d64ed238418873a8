/**
 * At headings, then between blocks: paragraphs, lists, tables and fenced code are cut only if they do not fit, and then between
 * items, rows and lines. A heading stays with what follows it.
 */
import { collect } from '../collect.js';
import { type Block, blocks } from '../markdown/blocks.js';
import { shortened } from '../names.js';
import { sentences } from '../sentences.js';
import { at, spaces, words } from '../splitters.js';
import type { Strategy } from '../strategy.js';
import type { Scope } from '../structure.js';

const DEPTHS = 6;

export const markdown: Strategy = async ({ text, options: { locale }, call }) => {
  const found = await collect(blocks(text), call.signal);
  const { sections, between } = cutsOf(found);
  const parts = found.flatMap((block) => block.parts);
  const splitters = [...sections.map(at), at(between), at(parts), sentences(locale), spaces, words(locale)];
  return { splitters, hard: DEPTHS, overlap: DEPTHS + 2, scopes: scopesOf(found, text.length) };
};

/** Starts of sections by the depth of their headings, and of blocks that do not follow a heading. */
function cutsOf(found: readonly Block[]): { sections: number[][]; between: number[] } {
  const sections: number[][] = Array.from({ length: DEPTHS }, () => []);
  const between: number[] = [];
  let last: Block | undefined;
  for (const block of found) {
    if (block.kind !== 'heading') {
      if (last && last.kind !== 'heading') between.push(block.start);
    } else if (last && !isRightUnder(block, last)) {
      (sections[block.depth - 1] as number[]).push(block.start);
    }
    last = block;
  }
  return { sections, between };
}

/** Whether a heading follows the one of its chapter, with nothing between. */
function isRightUnder(block: Block, last: Block | undefined): boolean {
  return last?.kind === 'heading' && last.depth < block.depth;
}

/** Sections by heading. One right under the heading of its chapter begins where that does, as their chunk does. */
function scopesOf(found: readonly Block[], end: number): Scope[] {
  const scopes: Scope[] = [];
  const open: { scope: Scope; depth: number }[] = [];
  let last: Block | undefined;
  for (const block of found) {
    if (block.kind === 'heading') {
      while ((open.at(-1)?.depth ?? 0) >= block.depth) (open.pop() as { scope: Scope }).scope.end = block.start;
      const start = isRightUnder(block, last) ? (open.at(-1)?.scope.start ?? block.start) : block.start;
      const name = shortened(block.title);
      const scope = { start, end, name };
      scopes.push(scope);
      open.push({ scope, depth: block.depth });
    }
    last = block;
  }
  return scopes;
}
