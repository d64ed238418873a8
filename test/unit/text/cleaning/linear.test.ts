import { expect, it } from 'vitest';
import { type CleanOptions, clean } from '../../../../lib/text/index.js';
import { expectMapped } from './maps.js';

/** What takes quadratic time where a text is gone through again for each of its parts. */
const HOSTILE: Readonly<Record<string, string>> = {
  quotes: '> ',
  'lines of quotes': '> > > a\nb\n',
  brackets: '[',
  links: '[a](',
  tags: '<b>',
  'open tags': '<a b="',
  'closing tags': '</p>',
  comments: '<!--',
  'back-ticks': '`',
  code: '``a`',
  stars: '*a_b**c',
  underlines: 'a\n-\n',
  lists: '- ',
  references: '&#0',
  marks: '\u0301\u0323',
  'one long word': 'x',
  spaces: ' ',
  'U+FDFA': 'ﷺ',
  joiners: '\u200D',
  quotation: '“',
};

const ALL: CleanOptions = { wellFormed: true, invisible: true, normalize: 'NFKC', typography: true, whitespace: true };
const UNITS = process.env.OVEMBED_TEST_FULL ? 250_000 : 20_000;

/** Milliseconds of this process, on whatever core, the least of some runs. */
function cost(text: string, options: CleanOptions, runs = 3): number {
  let least = Infinity;
  for (let i = 0; i < runs; i++) {
    const before = process.cpuUsage();
    clean(text, options);
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1000);
  }
  return least;
}

/** As slow as a linear step may be on a loaded machine; a quadratic one takes 16 times as long for 4 times the text. */
function isLinear(unit: string, options: CleanOptions): boolean {
  const text = (units: number) => unit.repeat(units / unit.length);
  for (let attempt = 0; attempt < 3; attempt++) {
    if (cost(text(UNITS * 4), options) <= 8 * Math.max(cost(text(UNITS), options), 2)) return true;
  }
  return false;
}

it.each(Object.entries(HOSTILE))(
  'takes linear time for %s',
  (_, unit) => {
    for (const markup of ['html', 'markdown'] as const) {
      expect(isLinear(unit, { ...ALL, [markup]: true }), markup).toBe(true);
    }
  },
  120_000,
);

it('takes a megabyte of each without an error', () => {
  for (const unit of ['> ', '<b>', '`', '\u0301\u0323', 'x', 'ﷺ']) {
    const source = unit.repeat(1_000_000 / unit.length);
    for (const markup of ['html', 'markdown'] as const) {
      const cleaned = clean(source, { ...ALL, [markup]: true });
      expect(cleaned.map.sourceLength).toBe(source.length);
      if (unit === 'x') expect(cleaned.text).toBe(source);
      if (unit === '`') expectMapped(source, cleaned);
    }
  }
}, 120_000);
