/** Chunks where tokens are words, so that limits can be counted by hand. */
import { describe, expect, test } from 'vitest';
import { CHUNK_STRATEGIES } from '../../../../lib/text/chunking/options.js';
import { type ChunkEmbedder, Chunker, type ChunkerOptions } from '../../../../lib/text/index.js';
import { wordEmbedder } from './word-embedder.js';

const chunk = async (
  text: string,
  options: ChunkerOptions,
  embedder: ChunkEmbedder = wordEmbedder({ topics: ['cat', 'sun'] }),
) => (await new Chunker(embedder, options).chunk(text)).map((piece) => piece.text);

test('the empty text has no chunks; white space alone is a text', async () => {
  for (const strategy of CHUNK_STRATEGIES) {
    expect(await chunk('', { strategy })).toEqual([]);
    expect(await chunk(' \n\n ', { strategy })).toEqual([' \n\n ']);
  }
});

test('options in the place of the embedder are told', () => {
  const message = 'Expected an Embedder for the first argument of Chunker, received an object of type Object.';
  expect(() => new Chunker({ maxTokens: 20 } as never)).toThrow(message);
});

test('maxTokens counts special tokens and prompt, and is what the model reads unless given', async () => {
  const embedder = wordEmbedder({ maxTokens: 6, prompts: { query: '', document: 'doc: ' } });
  const chunks = await new Chunker(embedder).chunk('a b c d e');
  expect(chunks.map(({ text, tokens }) => [text, tokens])).toEqual([
    ['a b ', 6],
    ['c d ', 6],
    ['e', 5],
  ]);
  expect(new Chunker(wordEmbedder({ maxTokens: 0 })).maxTokens).toBe(512);
});

test.each<[string, ChunkerOptions]>([
  ['strategy', { strategy: 'words' as 'fixed' }],
  ['maxTokens', { maxTokens: 513 }],
  ['overlapTokens', { maxTokens: 10, overlapTokens: 10 }],
  ['minTokens', { maxTokens: 10, minTokens: 11 }],
  ['separators', { strategy: 'markdown', separators: ['\n'] }],
  ['separators', { strategy: 'sentence', separators: [''] }],
  ['locale', { locale: 'no such' }],
  ['breakpointPercentile', { strategy: 'semantic', breakpointPercentile: 101 }],
  ['overlap', { overlap: 3 } as ChunkerOptions],
])('%s that does not fit is named: %o', (name, options) => {
  expect(() => new Chunker(wordEmbedder(), options)).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', message: expect.stringContaining(name) }),
  );
});

test('a lone surrogate, an unknown option, an abort', async () => {
  const chunker = new Chunker(wordEmbedder());
  await expect(chunker.chunk('a\ud800')).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
  await expect(chunker.chunk('a', { filename: 'x' } as object)).rejects.toThrow('fileName?');
  const reason = new Error('enough');
  await expect(chunker.chunk('a', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});

describe('recursive', () => {
  test('ends at the strongest place that is in reach', async () => {
    const text = 'one two. three four.\n\nfive six. seven eight nine ten.\nlast';
    expect(await chunk(text, { maxTokens: 10 })).toEqual([
      'one two. three four.\n\n',
      'five six. seven eight nine ten.\n',
      'last',
    ]);
  });

  test('separators in place of its own', async () => {
    expect(await chunk('a b;c d;e f', { separators: [';'], maxTokens: 6 })).toEqual(['a b;', 'c d;', 'e f']);
    expect(await chunk('a b c d e f', { separators: [';', ''], maxTokens: 6 })).toEqual(['a b c d ', 'e f']);
  });
});

describe('sentence', () => {
  test('as many as fit; one that is too long at words', async () => {
    const text = 'A b. C d. One two three four five six seven. E.';
    expect(await chunk(text, { strategy: 'sentence', maxTokens: 8 })).toEqual([
      'A b. C d. ',
      'One two three four five six ',
      'seven. E.',
    ]);
  });

  test('separators in place of the Unicode rules', async () => {
    const options = { strategy: 'sentence', separators: ['。', ';;', ';'], maxTokens: 6 } as const;
    expect(await chunk('A. b;; c. d;', { ...options, maxTokens: 7 })).toEqual(['A. b;; ', 'c. d;']);
    expect((await chunk('A. b; c. d; e', options)).join('')).toBe('A. b; c. d; e');
  });

  test('overlaps are whole sentences of the chunk in front', async () => {
    const text = 'A b. C d. E f. G h. I j.';
    expect(await chunk(text, { strategy: 'sentence', maxTokens: 11, overlapTokens: 5 })).toEqual([
      'A b. C d. E f. ',
      'E f. G h. I j.',
    ]);
  });
});

test('minTokens: what is left at the end is not smaller', async () => {
  const text = 'a b c d e f g h i j';
  expect(await chunk(text, { strategy: 'fixed', maxTokens: 10 })).toEqual(['a b c d e f g h ', 'i j']);
  expect(await chunk(text, { strategy: 'fixed', maxTokens: 10, minTokens: 7 })).toEqual(['a b c d e ', 'f g h i j']);
});

describe('semantic', () => {
  const text = 'The cat eats. A cat runs. My cat sits. The sun sets. A sun burns. My sun rises.';

  test('ends where the vectors of sentences part', async () => {
    const chunks = await chunk(text, { strategy: 'semantic', breakpointPercentile: 75 });
    expect(chunks.join('')).toBe(text);
    expect(chunks.length).toBeGreaterThan(1);
    expect(chunks.some((piece) => /cat/.test(piece) && !/sun/.test(piece))).toBe(true);
  });

  test('needs vectors', () => {
    const { embed: _, ...rest } = wordEmbedder();
    expect(() => new Chunker(rest, { strategy: 'semantic' })).toThrow('embed()');
  });
});

/** A tokenizer that sees more in pieces than in the whole: every text has so many tokens more. */
function harsh(more: number): ChunkEmbedder & { calls: { counted: number } } {
  const words = wordEmbedder();
  return {
    ...words,
    countTokens: async (texts) =>
      (await words.countTokens(texts)).map((count, i) => count + (texts[i] === '' ? 0 : more)),
  };
}

test('chunks that turn out too long are planned anew, in few counts', async () => {
  const text = 'one two three four five six seven. '.repeat(500);
  for (const options of [{}, { overlapTokens: 9 }] as const) {
    const embedder = harsh(3);
    const chunks = await new Chunker(embedder, { maxTokens: 40, strategy: 'sentence', ...options }).chunk(text);
    expect(Math.max(...chunks.map(({ tokens }) => tokens))).toBeLessThanOrEqual(40);
    expect(embedder.calls.counted).toBeLessThan(4 * chunks.length);
  }
});

test('the event loop is left alone', async () => {
  const text = 'The quick brown fox. '.repeat(20_000);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  for (const strategy of ['sentence', 'markdown'] as const) await new Chunker(wordEmbedder(), { strategy }).chunk(text);
  clearInterval(timer);
  expect(ticks).toBeGreaterThan(10);
});
