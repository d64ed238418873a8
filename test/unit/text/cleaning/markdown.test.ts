import fc from 'fast-check';
import { marked } from 'marked';
import { describe, expect, it } from 'vitest';
import { htmlToText, markdownToText } from '../../../../lib/text/index.js';
import { expectMapped, sourceOf } from './maps.js';
import { WORDS } from './scripts.js';

it.each([
  ['headings', '# A *b*\n\nC\n===\n\n## D ##', 'A b\n\nC\n\nD'],
  ['emphasis and code', '*a* **b _c_** ~~d~~ ``e ` f`` snake_case', 'a b c d e ` f snake_case'],
  [
    'links and images',
    '[a *b*](u "t") ![c](v) <https://d.e> [f][g] http://h.i\n\n[g]: x',
    'a b c https://d.e f http://h.i',
  ],
  ['escapes and entities', '\\*a\\* &amp; &copy; &nada; [x \\[y\\]](z)', '*a* & © &nada; x [y]'],
  ['a line break between escaped brackets', '[\\[a\\]  \nb](u)', '[a]\nb'],
  ['line breaks', 'a\nb  \nc\\\nd', 'a b\nc\nd'],
  ['lists', '- a\n- b\n  - c\n\n3. d\n4. e\n\n- [x] f', 'a\nb\nc\n\n3. d\n4. e\n\nf'],
  ['a loose list', '- a\n\n  b\n\n- c', 'a\n\nb\n\nc'],
  ['quotes', '> a\n> b\n>\n> > c\n\nd', 'a b\n\nc\n\nd'],
  ['tables', '| a | b \\| c |\n|--|:-:|\n| *1* | 2 | 3 |', 'a\tb | c\n1\t2\t3'],
  ['HTML', '<div>\na <b>b</b>\n</div>\n\nc <i>d</i><br>e<script>f</script>', 'a b\n\nc d\ne'],
  ['front matter', '---\ntitle: x\n---\n# A', 'A'],
  ['no front matter', '---\n\nA\n\n---\nB', 'A\n\nB'],
  ['carriage returns', 'a\r\nb\r\n\r\nc', 'a b\n\nc'],
])('shows %s', (_, source, expected) => {
  const cleaned = markdownToText(source);
  expect(cleaned.text).toBe(expected);
  expectMapped(source, cleaned);
});

describe('code blocks', () => {
  const source = 'a\n\n```js\nif (x)\n  y();\n```\n\n> ~~~\n> z\n> ~~~\n\n    w\n      v\n\nb `c`';

  it('are kept as they are, left out, or replaced', () => {
    expect(markdownToText(source).text).toBe('a\n\nif (x)\n  y();\n\nz\n\nw\n  v\n\nb c');
    expect(markdownToText(source, { code: 'drop' }).text).toBe('a\n\nb c');
    expect(markdownToText(source, { code: { replace: '[code]' } }).text).toBe('a\n\n[code]\n\n[code]\n\n[code]\n\nb c');
  });

  it('map to their lines', () => {
    const cleaned = markdownToText(source);
    expectMapped(source, cleaned);
    expect(sourceOf(source, cleaned, 'y();')).toBe('y();');
    expect(sourceOf(source, cleaned, 'w\n  v')).toBe('w\n      v');
  });
});

const word = fc.constantFrom(...WORDS);
const sentence = fc.array(word, { minLength: 1, maxLength: 5 });
const inline = fc.tuple(sentence, fc.constantFrom('', '*', '**', '~~', '`', '[', '![', '<b>')).map(([words, mark]) => {
  const text = words.join(' ');
  if (mark === '[' || mark === '![') return { text: `${mark}${text}](hidden)`, words };
  if (mark === '<b>') return { text: `<b>${text}</b>`, words };
  return { text: mark + text + mark, words };
});
const paragraph = fc.array(inline, { minLength: 1, maxLength: 4 }).map((parts) => ({
  lines: parts.map((part) => part.text),
  words: parts.flatMap((part) => part.words),
}));
const { block } = fc.letrec<{ block: { lines: string[]; words: string[] } }>((tie) => {
  const blocks = fc.array(tie('block'), { minLength: 1, maxLength: 3 }).map((parts) => ({
    lines: parts.flatMap((part) => [...part.lines, '']).slice(0, -1),
    words: parts.flatMap((part) => part.words),
  }));
  const prefixed = (first: string, others: string) =>
    blocks.map(({ lines, words }) => ({ lines: lines.map((line, i) => (i === 0 ? first : others) + line), words }));
  return {
    block: fc.oneof(
      { maxDepth: 4 },
      paragraph,
      sentence.map((words) => ({ lines: [`## ${words.join(' ')}`], words })),
      sentence.map((words) => ({ lines: ['```hidden', ...words, '```'], words })),
      sentence.map((words) => ({
        lines: [`|${words.join('|')}|`, `|${'-|'.repeat(words.length)}`, `|${words.join('|')}|`],
        words: [...words, ...words],
      })),
      prefixed('> ', '> '),
      prefixed('- ', '  '),
      prefixed('7. ', '   '),
    ),
  };
});

it('keeps every word of a document in order, and maps it to its place', () => {
  fc.assert(
    fc.property(fc.array(block, { minLength: 1, maxLength: 4 }), (blocks) => {
      const source = blocks.flatMap(({ lines }) => [...lines, '']).join('\n');
      const cleaned = markdownToText(source);
      expectMapped(source, cleaned);
      let at = 0;
      for (const one of blocks.flatMap(({ words }) => words)) {
        const place = cleaned.text.indexOf(one, at);
        expect(place, `${one} in ${JSON.stringify(cleaned.text)}`).toBeGreaterThanOrEqual(at);
        expect(sourceOf(source, cleaned, one, place)).toBe(one);
        at = place + one.length;
      }
      expect(cleaned.text).not.toContain('hidden');
    }),
    { numRuns: 200 },
  );
});

it("shows what marked's own HTML shows, whatever the markup is", () => {
  const bits = [
    '> ',
    '- ',
    '1. ',
    '    ',
    '\n',
    '\n\n',
    ' ',
    '*',
    '**',
    '_',
    '`',
    '```\n',
    '[',
    '](u)',
    '|',
    '|-|\n',
    '===\n',
    '# ',
    '<b>',
    '</b>',
    '<div>\n',
    '&amp;',
    '\\',
    '\t',
    '~~',
    'http://x.y',
    '[x] ',
    ...WORDS,
  ];
  const text = fc.array(fc.constantFrom(...bits), { maxLength: 30 }).map((parts) => parts.join(''));
  const wordsOf = (shown: string) => [...shown.matchAll(/[\p{L}\p{N}]+/gu)].map(([one]) => one);
  fc.assert(
    fc.property(text, (source) => {
      const rest: string[] = wordsOf(markdownToText(source).text);
      for (const one of wordsOf(htmlToText(marked.parse(source, { async: false })).text)) {
        const place = rest.indexOf(one);
        expect(place, `${one} of ${JSON.stringify(source)}`).not.toBe(-1);
        rest.splice(0, place + 1);
      }
    }),
    { numRuns: 500 },
  );
});

it('reads what is too deep for the lexer as text', () => {
  const source = `${'> '.repeat(5000)}deep\n\n${'- '.repeat(3000)}deeper`;
  const cleaned = markdownToText(source);
  expect(cleaned.text).toMatch(/^deep\n\n[- ]*deeper$/);
  expectMapped(source, cleaned);
});

it('reads a long document as a short one', () => {
  const section =
    '## Head\n\nText *of* it.\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```\ncode\n\n# no head\n```\n\n';
  const once = markdownToText(section).text;
  expect(markdownToText(section.repeat(100)).text).toBe(Array(100).fill(once).join('\n\n'));
});
