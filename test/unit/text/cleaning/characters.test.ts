import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  normalizeUnicode,
  normalizeWhitespace,
  plainTypography,
  removeInvisible,
  replaceLoneSurrogates,
} from '../../../../lib/text/index.js';
import { expectMapped, sourceOf } from './maps.js';
import { SCRIPTS, WORDS } from './scripts.js';

const FORMS = ['NFC', 'NFKC'] as const;
const words = fc.array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 12 });
const unit = fc.constantFrom(
  ...WORDS,
  ' ',
  '\u0301',
  '\u0323',
  '\u3099',
  'e',
  'ᄀ',
  '\u1161',
  'ㅏ',
  '\u{16D67}',
  '\uD800',
  'ﷺ',
);
const text = fc.array(unit, { maxLength: 60 }).map((units) => units.join(''));

describe('normalizeUnicode', () => {
  it('gives what String.normalize gives', () => {
    fc.assert(
      fc.property(text, fc.constantFrom(...FORMS), (source, form) => {
        const cleaned = normalizeUnicode(source, form);
        expect(cleaned.text).toBe(source.normalize(form));
        expectMapped(source, cleaned);
      }),
      { numRuns: 500 },
    );
  });

  it('knows of every character whether it may join the one before it', () => {
    const bases = ['a', 'ᄀ', '가', 'か', 'ｶ', 'ক', '\u{16D63}', '\u{11099}'];
    const wrong: string[] = [];
    for (let codepoint = 0x80; codepoint <= 0x10ffff; codepoint++) {
      const character = String.fromCodePoint(codepoint);
      if (/\p{Unassigned}|\p{Surrogate}|\p{Private_Use}/u.test(character)) continue;
      for (const form of FORMS) {
        const alone = character.normalize(form);
        const apart = bases.map((base) => base.normalize(form) + alone).join('\n');
        const source = bases.map((base) => base + character).join('\n');
        const joined = source.normalize(form);
        if (joined !== apart && normalizeUnicode(source, form).text !== joined) wrong.push(codepoint.toString(16));
      }
    }
    expect(wrong).toEqual([]);
  }, 60_000);

  it('maps each word of each script to itself in the source', () => {
    for (const [script, list] of Object.entries(SCRIPTS)) {
      const source = list.join(' | ');
      for (const form of FORMS) {
        const cleaned = normalizeUnicode(source, form);
        let at = 0;
        for (const word of list) {
          const normal = word.normalize(form);
          at = cleaned.text.indexOf(normal, at);
          expect(sourceOf(source, cleaned, normal, at), `${script} ${word}`).toBe(word);
          at += normal.length;
        }
      }
    }
  });

  it('maps U+FDFA, 18 characters in NFKC, to its one', () => {
    const { text, map } = normalizeUnicode('a ﷺ b', 'NFKC');
    expect(text).toHaveLength(22);
    expect(map.sourceRange(10, 12)).toEqual({ start: 2, end: 3 });
    expect(map.sourceRange(20, 22)).toEqual({ start: 3, end: 5 });
  });

  it('bounds runs of marks as the Stream-Safe Text Format does, and loses none', () => {
    const source = `a${'\u0301\u0323'.repeat(5000)}b`;
    const cleaned = normalizeUnicode(source, 'NFC');
    expectMapped(source, cleaned);
    const count = (marked: string) => [...marked.normalize('NFD').matchAll(/\p{M}/gu)].length;
    expect(count(cleaned.text)).toBe(10000);
  });
});

describe('removeInvisible', () => {
  it.each([
    ['nulls and controls', 'a\0b\x07c\x7Fd\x9Be', 'abcde'],
    ['soft hyphens', 'co\u00ADop', 'coop'],
    ['zero width space, word joiner and byte order mark', '\uFEFFa\u200Bb\u2060c', 'abc'],
    ['controls of direction', '\u202Eabc\u202C \u2067d\u2069\u200F', 'abc d'],
    ['tags that hide text', 'a\u{E0068}\u{E0069}b', 'ab'],
    ['joiners where nothing joins', 'a\u200Db\u200Cc 1\u200D', 'abc 1'],
  ])('leaves out %s', (_, source, expected) => {
    const cleaned = removeInvisible(source);
    expect(cleaned.text).toBe(expected);
    expectMapped(source, cleaned);
  });

  it('keeps white space, and what changes how text is read', () => {
    const kept = [
      'a\tb\r\nc\fd',
      'می\u200Cخواهم',
      'क्\u200Dष',
      'ශ්\u200Dරී',
      '👩\u200D🚀',
      '👩🏽\u200D🚀',
      '❤\uFE0F\u200D🔥',
      '🏳\uFE0F\u200D🌈',
    ];
    for (const source of [...kept, ...WORDS]) expect(removeInvisible(source).text).toBe(source);
  });

  it('is done after one time', () => {
    const invisible = fc.constantFrom(
      '\u200C',
      '\u200D',
      '\u200B',
      '\0',
      '\u{1F3F4}',
      '\u{E0067}',
      '\u{E007F}',
      '👩',
      '🏽',
      'क',
      'a',
      '\u094D',
    );
    fc.assert(
      fc.property(fc.array(invisible, { maxLength: 20 }), (units) => {
        const once = removeInvisible(units.join(''));
        expectMapped(units.join(''), once);
        expect(once.text).not.toMatch(/[\0\u200B]/);
      }),
    );
  });
});

it('replaceLoneSurrogates gives what toWellFormed gives', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('\uD83D', '\uDE00', 'a', '😀'), { maxLength: 12 }), (units) => {
      const source = units.join('');
      const cleaned = replaceLoneSurrogates(source);
      expect(cleaned.text).toBe(source.toWellFormed());
      expectMapped(source, cleaned);
    }),
  );
});

it('plainTypography does what it is asked for', () => {
  const source = '“Don’t”—it’s 3–4…';
  expect(plainTypography(source).text).toBe('"Don\'t" - it\'s 3-4...');
  expect(plainTypography(source, { dashes: false, ellipses: false }).text).toBe('"Don\'t"—it\'s 3–4…');
  expect(plainTypography(source, { quotes: false, dashes: false, ellipses: false }).text).toBe(source);
  expect(plainTypography('— Oui\nnon —').text).toBe('- Oui\nnon -');
});

it('normalizeWhitespace keeps every word, apart by what was between them', () => {
  const space = fc.array(fc.constantFrom(' ', '\t', '\u00A0', '\u3000', '\n', '\r\n', '\u2028', '\x85'), {
    minLength: 1,
    maxLength: 5,
  });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(space, words), { maxLength: 6 }),
      fc.constantFrom('lines', 'single'),
      (parts, form) => {
        const source = parts.map(([spaces, [word]]) => spaces.join('') + word).join('');
        const cleaned = normalizeWhitespace(source, form);
        expectMapped(source, cleaned);
        expect(cleaned.text.split(/[ \n]+/).filter(Boolean)).toEqual(parts.map(([, [word]]) => word));
        expect(cleaned.text).toMatch(form === 'single' ? /^(\S+( \S+)*)?$/ : /^(\S+(( |\n\n?)\S+)*)?$/);
        expect(normalizeWhitespace(cleaned.text, form).text).toBe(cleaned.text);
      },
    ),
  );
});
