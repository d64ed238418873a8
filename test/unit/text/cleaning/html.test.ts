import fc from 'fast-check';
import { expect, it } from 'vitest';
import { htmlToText } from '../../../../lib/text/index.js';
import { expectMapped, sourceOf } from './maps.js';
import { WORDS } from './scripts.js';

const SHOWN = [
  'p',
  'div',
  'b',
  'a',
  'h2',
  'ul',
  'li',
  'table',
  'tr',
  'td',
  'pre',
  'blockquote',
  'span',
  'textarea',
  'svg',
];
const HIDDEN = ['script', 'style', 'noscript', 'template', 'iframe'];

/** A document, and the words that it shows, in order. */
interface Piece {
  html: string;
  words: string[];
}

const word = fc.constantFrom(...WORDS).map((one) => ({ html: ` ${one} `, words: [one] }));
const { piece } = fc.letrec<{ piece: Piece }>((tie) => ({
  piece: fc.oneof(
    { maxDepth: 5 },
    word,
    fc.constantFrom('<br>', '<!-- hidden -->', '<hr/>', '\n', '<img src=a>').map((html) => ({ html, words: [] })),
    fc.constantFrom(...HIDDEN).map((tag) => ({ html: `<${tag}>hidden</${tag}>`, words: [] })),
    fc
      .tuple(fc.constantFrom(...SHOWN), fc.array(tie('piece'), { maxLength: 4 }), fc.boolean())
      .map(([tag, parts, closes]) => {
        const words = parts.flatMap((part) => part.words);
        const inner = parts.map((part) => part.html).join('');
        // Raw text: tags in it would be text.
        if (tag === 'textarea') return { html: `<textarea>${words.join(' ')}</textarea>`, words };
        return { html: `<${tag} title="hidden">${inner}${closes ? `</${tag}>` : ''}`, words };
      }),
  ),
}));

it('keeps every word that is shown, in order, and maps it to its place', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), (parts) => {
      const source = parts.map((part) => part.html).join('');
      const words = parts.flatMap((part) => part.words);
      const cleaned = htmlToText(source);
      expectMapped(source, cleaned);
      expect(cleaned.text.split(/[ \t\n]+/).filter(Boolean)).toEqual(words);
      let at = 0;
      for (const one of words) {
        at = cleaned.text.indexOf(one, at);
        expect(sourceOf(source, cleaned, one, at)).toBe(one);
        at += one.length;
      }
    }),
    { numRuns: 300 },
  );
});

it.each([
  ['blocks', '<h1>A</h1><p>b\n c</p><div>d</div><div>e</div>f', 'A\n\nb c\n\nd\ne\nf'],
  ['line breaks', 'a<br>b<br><br>c', 'a\nb\n\nc'],
  ['lists', '<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>d', 'a\nb\nc\n\nd'],
  ['tables', '<table><tr><th>a<th>b<tr><td>1<td>2</table>', 'a\tb\n1\t2'],
  ['preformatted text', '<p>a</p><pre>\n x\n  y\n</pre>b', 'a\n\n x\n  y\n\nb'],
  [
    'entities',
    'a&nbsp;b &lt;c&gt; &#x1F600;&amp;&notanentity; &nada; &NotEqualTilde;',
    'a\u00A0b <c> 😀&¬anentity; &nada; \u2242\u0338',
  ],
  ['text that is no tag', '1 < 2 && a <3 b', '1 < 2 && a <3 b'],
  ['inline elements within words', 'un<b>believ</b>able', 'unbelievable'],
  ['the end of an open tag', 'a <b class="x', 'a'],
])('shows %s', (_, source, expected) => {
  const cleaned = htmlToText(source);
  expect(cleaned.text).toBe(expected);
  expectMapped(source, cleaned);
});

it('maps an entity to its source', () => {
  const source = '<p>fish &amp; chips</p>';
  expect(sourceOf(source, htmlToText(source), '&')).toBe('&amp;');
  expect(sourceOf(source, htmlToText(source), 'fish & chips')).toBe('fish &amp; chips');
});

it('takes the title and alternative texts, or leaves them', () => {
  const source = '<head><title>T &amp; t</title></head><p>a <img src="b" alt="c &lt; d"> <img alt=e></p>';
  expect(htmlToText(source).text).toBe('T & t\n\na c < d e');
  expect(htmlToText(source, { title: false, alt: false }).text).toBe('a');
  expect(sourceOf(source, htmlToText(source), 'c < d')).toBe('c &lt; d');
});
