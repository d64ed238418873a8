/** The blocks and sections of Markdown. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { marked } from 'marked';
import { describe, expect, test } from 'vitest';
import { blocks } from '../../../../lib/text/chunking/markdown/blocks.js';
import { Chunker, type ChunkerOptions } from '../../../../lib/text/index.js';
import { wordEmbedder } from './word-embedder.js';

const ROOT = join(import.meta.dirname, '../../../..');

const kinds = (text: string) =>
  [...blocks(text)].map(({ kind, start }, i, all) => [kind, text.slice(start, all[i + 1]?.start)]);

const chunk = (text: string, options: ChunkerOptions = {}) =>
  new Chunker(wordEmbedder(), { strategy: 'markdown', maxTokens: 40, ...options }).chunk(text);

describe('blocks', () => {
  test('of every kind', () => {
    const parts = [
      ['frontMatter', '---\ntitle: x\n# no heading\n---\n\n'],
      ['heading', '# One #\n'],
      ['text', 'Para\ngoes on\n\n'],
      ['heading', 'Set\n===\n\n'],
      ['code', '```js\n# no heading\n\n```\n\n'],
      ['list', '- a\n  # no\n\n  ```\n- no item\n  ```\n- b\n\n'],
      ['table', '| a | b |\n|---|---|\n| 1 | 2 |\n\n'],
      ['break', '* * *\n'],
      ['html', '<!-- a\n\n# no -->\n'],
      ['text', '> # quoted\n> b\n\n'],
      ['code', '~~~\nopen\n# to the end'],
    ] as const;
    expect(kinds(parts.map(([, text]) => text).join(''))).toEqual(parts);
  });

  test('headings of our own documents are those that marked finds', () => {
    const files = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'bench/README.md', 'native/tests/README.md'];
    files.push(...readdirSync(join(ROOT, 'docs')).map((file) => `docs/${file}`));
    for (const file of files.filter((name) => name.endsWith('.md'))) {
      const text = readFileSync(join(ROOT, file), 'utf8');
      const expected = marked
        .lexer(text)
        .flatMap((token) => (token.type === 'heading' ? [[token.depth, token.text]] : []));
      const found = [...blocks(text)]
        .filter(({ kind }) => kind === 'heading')
        .map(({ depth, title }) => [depth, title]);
      expect(found, file).toEqual(expected);
      expect(found.length, file).toBeGreaterThan(0);
    }
  });

  test('with Windows line ends', () => {
    expect(kinds('# A\r\n\r\ntext\r\n\r\n```\r\n# no\r\n```\r\n')).toEqual([
      ['heading', '# A\r\n\r\n'],
      ['text', 'text\r\n\r\n'],
      ['code', '```\r\n# no\r\n```\r\n'],
    ]);
  });
});

describe('sections', () => {
  const text = '# Top\n\n## A\n\none two\n\n### A1\n\nthree\n\n## B\n\nfour\n\n# Next\n\nfive\n';

  test('are chunks of their own, with the path of their headings', async () => {
    const chunks = await chunk(text);
    expect(chunks.map(({ text, headings }) => [text.replace(/\s+/g, ' ').trim(), headings.join(' > ')])).toEqual([
      ['# Top ## A one two', 'Top > A'],
      ['### A1 three', 'Top > A > A1'],
      ['## B four', 'Top > B'],
      ['# Next five', 'Next'],
    ]);
  });

  test('that are small come together, under the headings that they share', async () => {
    const chunks = await chunk(text, { minTokens: 9 });
    expect(chunks.map(({ headings }) => headings.join(' > '))).toEqual(['Top > A', '']);
    expect(chunks.map(({ text }) => text).join('')).toBe(text);
  });

  test('repeat nothing of the section in front', async () => {
    const chunks = await chunk(text, { overlapTokens: 5 });
    for (const { start, index } of chunks) expect(start).toBe(index === 0 ? 0 : chunks[index - 1]?.end);
  });
});

test('code, tables and lists are cut only if they do not fit, and then at lines and items', async () => {
  const code = `\`\`\`\n${'a b c\n'.repeat(5)}\`\`\`\n\n`;
  const list = `- one two three four\n`.repeat(12);
  const text = `# T\n\n${'word '.repeat(20)}\n\n${code}${list}`;
  const chunks = await chunk(text);
  expect(chunks.some((piece) => piece.text.includes(code.trim()))).toBe(true);
  for (const piece of chunks.slice(-2)) expect(piece.text).toMatch(/^- one/);
});
