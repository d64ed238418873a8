/** What is read out of a line of WordNet. */
import { expect, test } from 'vitest';
import { parseSynset } from '../wordnet.mjs';

test.each([
  [
    '00001740 29 v 02 breathe 0 take_a_breath 0 001 * 00005041 v 0000 01 + 02 00 | draw air into, and expel; "I can breathe better now"; "so can I, as you see"  ',
    ['breathe', 'take a breath'],
    'draw air into, and expel',
    'I can breathe better now',
  ],
  ['00014490 00 s 01 wide(ip) 1 000 | broad: "wide"', ['wide'], 'broad', undefined],
  ['00014491 03 n 01 b 0 000 | the 2nd letter of the alphabet  ', ['b'], 'the 2nd letter of the alphabet', undefined],
])('%s', (line, words, definition, example) => {
  expect(parseSynset(line)).toEqual({ words, definition, example });
});
