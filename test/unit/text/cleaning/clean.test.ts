import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CleanOptions, clean, loadLanguageDetector, trimBoilerplate } from '../../../../lib/text/index.js';
import { expectMapped, sourceOf } from './maps.js';
import { WORDS } from './scripts.js';

const EVERYTHING: CleanOptions = {
  wellFormed: true,
  invisible: true,
  normalize: 'NFKC',
  typography: true,
  boilerplate: { lines: ['foo'], edges: [/^bar/], repeated: 2 },
  whitespace: true,
};

describe('clean', () => {
  it('does nothing that is not asked for', () => {
    const source = '<b>\0“ﬁ”…</b>  \uD800';
    expect(clean(source, {})).toMatchObject({ text: source });
    expect(clean(source, { html: false, whitespace: false, typography: false }).text).toBe(source);
  });

  it('takes its steps in an order that makes them fit', () => {
    const source = '<p>&ldquo;A&shy;B&rdquo;&nbsp;&#65308;i&#65310; e&#x200B;&#x301;</p>';
    const cleaned = clean(source, { ...EVERYTHING, html: true });
    expect(cleaned.text).toBe('"AB" <i> é');
    expect(sourceOf(source, cleaned, 'B"')).toBe('B&rdquo;');
    expectMapped(source, cleaned);
  });

  it('never throws, and maps whatever it makes back to the source', () => {
    const bits = [
      '> ',
      '- ',
      '\n',
      '\n\n',
      '*',
      '`',
      '```\n',
      '[',
      '](u)',
      '[a]: b\n',
      '|',
      '|-|\n',
      '---\n',
      '<',
      '>',
      '<div>',
      '</div>',
      '<pre>',
      '<script>',
      '<!--',
      '-->',
      '&amp;',
      '&#1;',
      '\\',
      '\t',
      '\0',
      '\uFEFF',
      '\r',
      '<img alt="',
      '"',
      '<td>',
      '<ul>',
      '<title>',
      '\uD800',
      '“',
      '—',
      '\u00A0',
      '+++\n',
      'foo',
      'bar',
      ...WORDS,
    ];
    const text = fc.oneof(
      fc.array(fc.constantFrom(...bits), { maxLength: 40 }).map((parts) => parts.join('')),
      fc.string({ unit: 'binary', maxLength: 60 }),
    );
    const markup = fc.constantFrom<CleanOptions>(
      {},
      { html: true },
      { markdown: true },
      { markdown: { code: 'drop' } },
    );
    fc.assert(
      fc.property(text, markup, fc.boolean(), (source, options, all) => {
        expectMapped(source, clean(source, all ? { ...EVERYTHING, ...options } : options));
      }),
      { numRuns: process.env.OVEMBED_TEST_FULL ? 10_000 : 500 },
    );
  });

  it.each([
    [{ htm: true }, /Unknown option "htm" for clean\. Did you mean html\?/],
    [{ html: { alts: true } }, /Unknown option "alts" for option html of clean/],
    [{ normalize: 'NFD' }, /one of 'NFC', 'NFKC' for normalize/],
    [{ whitespace: 'line' }, /one of 'lines', 'single' for whitespace/],
    [{ html: true, markdown: true }, /exclude each other/],
    [{ markdown: { code: 'hide' } }, /'keep', 'drop' or \{ replace: a string \} for code/],
    [{ boilerplate: { repeated: 1 } }, /at least 2 for repeated/],
    [{ boilerplate: true }, /an object for the options of option boilerplate/],
    [{ minChars: 0 }, /at least 1 for minChars/],
    [{ languages: { allow: ['English'] } }, /ISO 639-1/],
    [{ languages: { allow: ['en'] } }, /a function for languages.detect/],
  ])('refuses %o', (options, message) => {
    expect(() => clean('a', options as CleanOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', message: expect.stringMatching(message) }),
    );
  });

  it('refuses what is no text', () => {
    expect(() => clean(1 as unknown as string, {})).toThrow(/Expected a string for the text of clean, received 1/);
  });
});

describe('trimBoilerplate', () => {
  const page = (n: number) => `ACME  report\n\nText of page ${n}.\n- ${n} -\n`;
  const source = `Cookies?\n\n${page(1)}${page(2)}${page(2)}Imprint\n`;

  it('takes lines wherever they are, or at the ends alone, and repetitions but the first', () => {
    const kept = (options: object) => trimBoilerplate(source, options).text;
    expect(kept({ lines: [/^- \d+ -$/, 'ACME report'] })).toBe(
      'Cookies?\n\n\nText of page 1.\n\nText of page 2.\n\nText of page 2.\nImprint\n',
    );
    expect(kept({ edges: ['Imprint', /cookies/i, 'ACME report'] }).trim()).toBe(
      source.slice(source.indexOf('Text'), source.indexOf('Imprint')).trim(),
    );
    expect(kept({ repeated: 3 })).toBe(source.replace(/(?<=- \d -\n)ACME {2}report\n/g, ''));
    expect(kept({ lines: [], edges: [] })).toBe(source);
    expectMapped(source, trimBoilerplate(source, { repeated: 2, edges: [/./] }));
  });

  it('does not keep the state of an expression that has one', () => {
    const pattern = /x/g;
    expect(trimBoilerplate('x\nx\nx\ny', { lines: [pattern] }).text).toBe('y');
    expect(pattern.lastIndex).toBe(0);
  });
});

describe('filters', () => {
  it('give a reason, and the text', () => {
    expect(clean(' ab ', { whitespace: true, minChars: 3 })).toMatchObject({
      text: 'ab',
      rejected: { reason: 'minChars', message: 'The cleaned text has 2 characters, fewer than 3.' },
    });
    expect(clean('abcd', { maxChars: 3 }).rejected?.reason).toBe('maxChars');
    expect(clean('abc', { minChars: 3, maxChars: 3 })).not.toHaveProperty('rejected');
  });

  it('ask the detector that is handed in', () => {
    const detect = (text: string) => ({
      language: text.includes('der') ? 'de' : 'en',
      isReliable: () => text.length > 4,
    });
    const languages = { allow: ['en'], detect };
    expect(clean('in der Stadt', { languages }).rejected).toEqual({
      reason: 'language',
      message: 'The text is in "de", not in en.',
    });
    expect(clean('in the city', { languages }).rejected).toBeUndefined();
    expect(clean('der', { languages }).rejected).toBeUndefined();
    expect(clean('der', { languages: { ...languages, unsure: 'reject' } }).rejected?.message).toMatch(/not certain/);
  });

  it('tell languages apart by eld', async () => {
    const detect = await loadLanguageDetector();
    const languages = { allow: ['en', 'fr'], detect };
    expect(clean('The quick brown fox jumps over the lazy dog.', { languages }).rejected).toBeUndefined();
    expect(clean('Der schnelle braune Fuchs springt über den faulen Hund.', { languages }).rejected?.reason).toBe(
      'language',
    );
  });
});
