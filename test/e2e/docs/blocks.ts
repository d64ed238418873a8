/** The code blocks of the documents, and what a comment before a block says of it (CONTRIBUTING.md, "Code in documents"). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { globSync } from 'tinyglobby';

export const ROOT = join(import.meta.dirname, '../../..');

/** What is done with a language. `shown`: no program, nothing to run. */
const KINDS = {
  module: ['js', 'mjs', 'javascript', 'ts', 'mts', 'typescript'],
  shell: ['sh', 'bash', 'shell'],
  data: ['json', 'jsonc', 'jsonl', 'yaml', 'yml'],
  shown: ['', 'text', 'mermaid', 'diff'],
} as const;
export type Kind = keyof typeof KINDS | 'other';

/** Why a block is not run here; in a comment right before it. */
export interface Marker {
  /**
   * `not run`: types or options are checked. `not checked`: nor that. `long`: the same as `not run` but in full tests.
   * `tested by`: another test runs it.
   */
  word: 'not run' | 'not checked' | 'long' | 'tested by';
  /** A reason, or the path of the test. */
  what: string;
}

export interface Block {
  page: string;
  /** Of the block's first line of code, from 1. */
  line: number;
  language: string;
  kind: Kind;
  code: string;
  marker: Marker | undefined;
}

const IS_FULL = process.env.OVEMBED_TEST_FULL === '1';
const FENCE = /^( *)(`{3,})([\w-]*)[^\n]*\n([\s\S]*?)^\1\2 *$/gm;
const MARKER = /<!--\s*(not run|not checked|long|tested by):\s*([^>]+?)\s*-->\s*$/;

export function blocksOf(page: string, text: string): Block[] {
  return [...text.matchAll(FENCE)].map((match) => {
    const [whole, indent = '', , language = '', code = ''] = match;
    const before = text.slice(0, match.index);
    const [, word, what = ''] = MARKER.exec(before) ?? [];
    const kind = Object.entries(KINDS).find(([, names]) => (names as readonly string[]).includes(language))?.[0];
    return {
      page,
      line: before.split('\n').length + whole.slice(0, whole.indexOf('\n') + 1).split('\n').length - 1,
      language,
      kind: (kind ?? 'other') as Kind,
      code: indent ? code.replaceAll(new RegExp(`^${indent}`, 'gm'), '') : code,
      marker:
        word && !(word === 'long' && IS_FULL)
          ? { word: word as Marker['word'], what: what.replaceAll(/\s+/g, ' ') }
          : undefined,
    };
  });
}

const PAGES = ['*.md', 'docs/**/*.md', 'examples/**/*.md', 'bench/*.md', 'native/**/*.md'];

/** The blocks of all documents, by page. */
export function pages(): Map<string, Block[]> {
  const paths = globSync(PAGES, { cwd: ROOT, ignore: ['**/node_modules/**'] }).sort();
  const entries = paths.map((page) => [page, blocksOf(page, readFileSync(join(ROOT, page), 'utf8'))] as const);
  return new Map(entries.filter(([, blocks]) => blocks.length > 0));
}
