import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkInput, checkInputs, snapshot } from '../../../lib/input.js';

const RULES = { vocabSize: 100 };
const LIVE = new AbortController().signal;

describe('checkInput', () => {
  test.each([[''], [' \t\n'], ['a\0b'], ['\u{1f600}'], ['\uFFFD']])('takes the text %j as it is', (text) => {
    expect(checkInput(text, RULES)).toBe(text);
  });

  test('takes token ids as numbers or as Uint32Array', () => {
    expect(checkInput([0, 99], RULES)).toEqual(Uint32Array.of(0, 99));
    expect(checkInput(Uint32Array.of(5), RULES)).toEqual(Uint32Array.of(5));
  });

  test.each([
    ['a\ud800b', 1],
    ['\udc00', 0],
    ['\u{1f600}\udc00', 2],
    ['\udc00\ud800', 0],
  ])('refuses the lone surrogate of %j and says where it is', (text, position) => {
    expect(() => checkInput(text, RULES, 7)).toThrow(`index 7 has a lone surrogate at UTF-16 position ${position}`);
  });

  test('finds the first lone surrogate wherever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (before, after) => {
        expect(() => checkInput(`${before}\udc00${after}`, RULES)).toThrow(`UTF-16 position ${before.length},`);
      }),
    );
  });

  test.each([[null], [undefined], [7], [true], [{}], [new Float32Array(2)], [Symbol.iterator]])(
    'refuses %o',
    (value) => {
      expect(() => checkInput(value, RULES, 3)).toThrow('The input at index 3 must be a string or token ids');
    },
  );

  test.each([[[100]], [[-1]], [[1.5]], [['1']], [[Number.NaN]], [[2 ** 32]], [[undefined]], [Uint32Array.of(100)]])(
    'refuses the ids %o',
    (ids) => expect(() => checkInput(ids, RULES, 0)).toThrow('must hold integers from 0 to 99'),
  );

  test('says where texts in the place of one text go', () => {
    expect(() => checkInput(['a', 'b'], RULES)).toThrow('received an array of texts. embedDocuments takes several.');
  });

  test('refuses a row of no ids', () => expect(() => checkInput([], RULES, 2)).toThrow('index 2 holds no token ids'));
});

describe('snapshot', () => {
  test.each([['a text'], [new Set(['a'])], [undefined], [Uint32Array.of(1)]])('takes no %o for a list', (value) => {
    expect(() => snapshot(value as never, 'embed')).toThrow('Expected an array of strings or of token ids for embed');
  });
});

describe('checkInputs', () => {
  test('names the index of what does not fit, holes included', async () => {
    const holes: string[] = ['a'];
    holes[2] = 'c';
    await expect(checkInputs(snapshot(holes, 'embed'), RULES, LIVE)).rejects.toThrow('index 1');
  });

  test('lets the event loop turn while it checks a long list', async () => {
    const texts = Array.from({ length: 400 }, (_, i) => `${i}é\u4e00`.repeat(25_000));
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await checkInputs(texts, RULES, LIVE);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
  });

  test('stops when the call is over', async () => {
    const caller = new AbortController();
    const texts = Array.from({ length: 400 }, () => '\u4e00'.repeat(100_000));
    const checking = checkInputs(texts, RULES, caller.signal);
    caller.abort('enough');
    await expect(checking).rejects.toBe('enough');
  });
});
