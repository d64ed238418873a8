/** Documents: links lead somewhere, every page is in the index, and every error code and option of load is explained. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { marked, type Token, type Tokens } from 'marked';
import { globSync } from 'tinyglobby';
import { describe, expect, test } from 'vitest';
import { isOvembedErrorCode } from '../../../lib/errors.js';

const ROOT = join(import.meta.dirname, '../../..');
const PATTERNS = ['*.md', 'docs/**/*.md', 'examples/**/*.md', 'bench/*.md', 'native/tests/*.md'];
const PAGES = globSync(PATTERNS, { cwd: ROOT, ignore: ['**/node_modules/**'] }).sort();
const tokensOf = (page: string) => marked.lexer(readFileSync(join(ROOT, page), 'utf8'));

test.each(PAGES)('links of %s lead to files and headings that are there', (page) => {
  const broken = linksOf(tokensOf(page)).filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? page : relative(ROOT, join(ROOT, dirname(page), path));
    if (!existsSync(join(ROOT, target))) return true;
    return anchor !== undefined && !anchorsOf(target).includes(anchor);
  });
  expect(broken).toEqual([]);
});

test('docs/README.md leads to every document', () => {
  const linked = linksOf(tokensOf('docs/README.md')).map((link) => relative(ROOT, join(ROOT, 'docs', link)));
  const documents = PAGES.filter((page) => page.startsWith('docs/') && page !== 'docs/README.md');
  expect(documents.filter((page) => !linked.includes(page))).toEqual([]);
});

describe('docs/guides/troubleshooting.md', () => {
  const explained = headingsOf('docs/guides/troubleshooting.md').filter((title) => title.startsWith('ERR_'));
  const source = readFileSync(join(ROOT, 'lib/errors.ts'), 'utf8');
  const codes = source.match(/(?<=^ {2}')ERR_\w+(?=',$)/gm) ?? [];

  test('explains every error code once, and no other', () => {
    expect(codes.length).toBeGreaterThan(10);
    expect(codes.every(isOvembedErrorCode)).toBe(true);
    expect([...explained].sort()).toEqual([...codes].sort());
  });
});

test('docs/options.md has every option of load, and no other', () => {
  const source = readFileSync(join(ROOT, 'lib/options.ts'), 'utf8');
  const checks = /const LOAD_CHECKS[^{]*\{\n(.*?)\n\};/s.exec(source)?.[1] ?? '';
  const options = checks.match(/(?<=^ {2})\w+(?=:|,$)/gm) ?? [];
  expect(options.length).toBeGreaterThan(30);
  const table = tokensOf('docs/options.md').find(({ type }) => type === 'table') as Tokens.Table;
  const explained = table.rows.flatMap(([cell]) => cell?.text.match(/\w+/g) ?? []);
  // `daemon` is taken out before the rest is checked.
  expect([...explained].sort()).toEqual([...options, 'daemon'].sort());
});

function linksOf(tokens: readonly Token[]): string[] {
  const links: string[] = [];
  void marked.walkTokens([...tokens], (token) => {
    if (token.type === 'link' || token.type === 'image') links.push(token.href);
  });
  return links;
}

function headingsOf(page: string): string[] {
  return tokensOf(page).flatMap((token) => (token.type === 'heading' ? [token.text as string] : []));
}

/** As GitHub names headings; of equal ones the later have a number. */
function anchorsOf(page: string): string[] {
  const seen = new Map<string, number>();
  return headingsOf(page).map((title) => {
    const slug = title
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{M}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-');
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  });
}
