/** Time grows with the length of a text alone, whatever it holds. */
import { describe, expect, test } from 'vitest';
import { Chunker } from '../../../../lib/text/index.js';
import { wordEmbedder } from './word-embedder.js';

const filled = (piece: string) => (length: number) =>
  piece
    .repeat(Math.ceil(length / piece.length))
    .slice(0, length)
    .toWellFormed();
const INPUTS: Record<string, (length: number) => string> = {
  'nested quotes': filled('> '),
  brackets: filled('['),
  'nested braces': (length) => '{'.repeat(length / 2) + '}'.repeat(length / 2),
  tags: filled('<div>'),
  'back-ticks': filled('`'),
  'fences that end nowhere': filled('```\n~~~\n'),
  'combining marks': (length) => `a${'\u0301'.repeat(length - 1)}`,
  'a line without spaces': filled('a'),
  'U+FDFA': filled('\ufdfa'),
  'blank lines': filled('\n'),
  'blank lines with spaces': filled('\n   \t '),
  dashes: (length) => `${'-'.repeat(length - 1)}x`,
  'rows of a table': filled('|-'),
  'lists in lists': filled('- '),
  'full stops': filled('. '),
  abbreviations: filled('Dr. '),
  'joined emoji': filled('👩‍👩‍👧'),
  flags: filled('🇩🇪'),
};
const STRATEGIES = ['recursive', 'sentence', 'markdown', 'code', 'fixed'] as const;
const LENGTH = process.env.OVEMBED_TEST_FULL ? 500_000 : 10_000;
const TRIES = 3;

/** Fewest milliseconds of the processor. */
async function time(text: string, strategy: (typeof STRATEGIES)[number]): Promise<number> {
  const chunker = new Chunker(wordEmbedder(), { strategy, ...(strategy === 'code' && { language: 'ts' }) });
  let fewest = Infinity;
  for (let i = 0; i < TRIES; i++) {
    const before = process.cpuUsage();
    const chunks = await chunker.chunk(text);
    const { user, system } = process.cpuUsage(before);
    fewest = Math.min(fewest, (user + system) / 1000);
    expect(chunks.at(-1)?.end).toBe(text.length);
  }
  return fewest;
}

describe.each(STRATEGIES)('%s', (strategy) => {
  test.each(Object.keys(INPUTS))('%s', { timeout: 120_000 }, async (name) => {
    const make = INPUTS[name] as (length: number) => string;
    // Noise of some milliseconds shall not decide; what grows with the square takes seconds.
    const [once, twice] = [await time(make(LENGTH), strategy), await time(make(2 * LENGTH), strategy)];
    expect(twice).toBeLessThan(2.5 * once + 25);
  });
});
