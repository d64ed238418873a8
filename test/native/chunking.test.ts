/** Chunks by real tokenizers: WordPiece (all-MiniLM-L6-v2), Unigram, byte-level BPE, BPE with byte fallback. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Embedder } from '../../lib/index.js';
import { CHUNK_STRATEGIES } from '../../lib/text/chunking/options.js';
import { sentences } from '../../lib/text/chunking/sentences.js';
import { type Chunk, Chunker, type ChunkerOptions } from '../../lib/text/index.js';
import { tinyModels, writeTinyModel } from '../../scripts/models/make-tiny.mjs';
import { fixture, miniLM, ROOT, temporaryFolder } from './support.js';

interface Document {
  tokens: number;
  offsets: number;
  pieces: [start: number, end: number, tokens: number][];
}

const texts = fixture<string[]>('oracle/all-MiniLM-L6-v2/texts.json');
const oracle = fixture<{ prompt: string; documents: number[][]; expected: Record<string, Document[]> }>(
  'chunking/counts.json',
);
const documents = oracle.documents.map((rows) => rows.map((row) => texts[row]).join('\n\n'));
const KINDS = ['minilm', 'unigram', 'byte-bpe', 'byte-fallback'] as const;
const folder = temporaryFolder();
const embedders: Record<string, Embedder> = {};
const runs = process.env.OVEMBED_TEST_FULL ? 300 : 20;

beforeAll(async () => {
  for (const kind of KINDS) {
    const model = kind === 'minilm' ? miniLM() : join(folder, kind);
    if (kind !== 'minilm') {
      const { prompts } = tinyModels;
      writeTinyModel({ ...prompts, bert: { ...prompts.bert, vocabulary: 2048 } }, model);
      copyFileSync(join(ROOT, `test/fixtures/chunking/${kind}.tokenizer.json`), join(model, 'tokenizer.json'));
    }
    embedders[kind] = await Embedder.load(model, { precision: 'f32', cacheDir: folder });
  }
});
afterAll(() => Promise.all(Object.values(embedders).map((embedder) => embedder.close())));

describe.each(KINDS)('%s', (kind) => {
  const expected = oracle.expected[kind] as Document[];

  test('counts and offsets are those of the HF fast tokenizer', async () => {
    const embedder = embedders[kind] as Embedder;
    for (const [i, text] of documents.entries()) {
      const { tokens, offsets, pieces } = expected[i] as Document;
      const [encoded] = await embedder.tokenize([text], { addSpecialTokens: false });
      expect(encoded?.ids.length).toBe(tokens);
      expect(crc32(JSON.stringify([...(encoded?.offsets ?? [])]))).toBe(offsets);
      const cut = pieces.map(([start, end]) => oracle.prompt + text.slice(start, end));
      expect([...(await embedder.countTokens(cut))]).toEqual(pieces.map(([, , count]) => count));
    }
  });

  test.each(CHUNK_STRATEGIES.filter((strategy) => kind === 'minilm' || strategy !== 'semantic'))(
    '%s: nothing is lost, no limit passed, every count exact',
    async (strategy) => {
      const embedder = embedders[kind] as Embedder;
      const separator = fc.constantFrom(' ', '\n', '\n\n', '', '  \n \n', '. ', '\n\n# ', '\n- ', '\t');
      const piece = fc.tuple(fc.constantFrom(...texts.filter((text) => text.length < 3000)), separator);
      await fc.assert(
        fc.asyncProperty(
          fc.array(piece, { minLength: 1, maxLength: 12 }),
          fc.record({ maxTokens: fc.integer({ min: 32, max: 48 }), overlapTokens: fc.constantFrom(0, 0, 4, 12) }),
          fc.constantFrom(0, 12),
          fc.constantFrom('', 'query: ', 'Represent this 文: '),
          async (parts, limits, minTokens, prompt) => {
            const text = parts.flat().join('');
            await check(embedder, text, { strategy, ...limits, minTokens, prompt });
          },
        ),
        { numRuns: strategy === 'semantic' ? Math.ceil(runs / 5) : runs, seed: 8 },
      );
    },
  );
});

async function check(embedder: Embedder, text: string, options: ChunkerOptions): Promise<void> {
  const { maxTokens = 0, overlapTokens = 0, prompt = '' } = options;
  const chunks = await new Chunker(embedder, options).chunk(text);
  let end = 0;
  for (const [index, chunk] of chunks.entries()) {
    expect(chunk.index).toBe(index);
    expect(chunk.text).toBe(text.slice(chunk.start, chunk.end));
    expect(chunk.tokens).toBeLessThanOrEqual(maxTokens);
    expect(chunk.start).toBeLessThanOrEqual(end);
    expect(chunk.end).toBeGreaterThan(end);
    if (overlapTokens === 0) expect(chunk.start).toBe(end);
    end = chunk.end;
  }
  expect(end).toBe(text.length);
  const counts = await embedder.countTokens(chunks.map((chunk) => prompt + chunk.text));
  expect(chunks.map(({ tokens }) => tokens)).toEqual([...counts]);
  await checkOverlaps(embedder, text, chunks, overlapTokens);
}

async function checkOverlaps(embedder: Embedder, text: string, chunks: Chunk[], most: number): Promise<void> {
  const repeated = chunks.slice(1).map(({ start }, i) => text.slice(start, chunks[i]?.end));
  const [special = 0] = await embedder.countTokens(['']);
  for (const count of await embedder.countTokens(repeated)) expect(count - special).toBeLessThanOrEqual(most);
}

describe('as they are embedded', () => {
  test('the tokens of a chunk are what the call says that it read', async () => {
    const embedder = embedders.minilm as Embedder;
    for (const strategy of CHUNK_STRATEGIES) {
      const prompt = 'passage: ';
      const chunks = await new Chunker(embedder, { strategy, maxTokens: 50, prompt }).chunk(documents[0] as string);
      const result = await embedder.embedDocuments(
        chunks.map(({ text }) => text),
        { prompt },
      );
      expect(chunks.map(({ tokens }) => tokens)).toEqual([...result.tokens]);
      expect(result.truncated).not.toContain(1);
    }
  });

  test("the model's prompt for documents is counted unless another is named", async () => {
    writeTinyModel(tinyModels.prompts, join(folder, 'prompts'));
    await using embedder = await Embedder.load(join(folder, 'prompts'), { precision: 'f32', cacheDir: folder });
    const text = 'the river stone and the garden in winter. '.repeat(20);
    for (const options of [{}, { inputType: 'query' }, { promptName: 'query' }, { prompt: '' }] as const) {
      const chunks = await new Chunker(embedder, { maxTokens: 20, ...options }).chunk(text);
      const { tokens } = await embedder.embedDocuments(
        chunks.map((chunk) => chunk.text),
        options,
      );
      expect(chunks.map((chunk) => chunk.tokens)).toEqual([...tokens]);
      expect(Math.max(...tokens)).toBeLessThanOrEqual(20);
    }
    await expect(new Chunker(embedder, { maxTokens: 4 }).chunk(text)).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
    });
  });
});

test('overlaps are whole sentences', async () => {
  const text = Array.from(
    { length: 200 },
    (_, i) => `Sentence ${i} tells of ${'rivers and '.repeat(i % 7)}stones.`,
  ).join(' ');
  const starts = new Set(sentences(undefined)(text, 0, text.length));
  for (const kind of KINDS) {
    const chunks = await new Chunker(embedders[kind] as Embedder, {
      strategy: 'sentence',
      maxTokens: 48,
      overlapTokens: 24,
    }).chunk(text);
    const overlapping = chunks.filter(({ start }, i) => i > 0 && start < (chunks[i - 1] as Chunk).end);
    if (kind === 'minilm') expect(overlapping.length).toBeGreaterThan(chunks.length / 2);
    for (const { start } of overlapping) expect(starts).toContain(start);
  }
});

test('a character with more tokens than there is room is named, not cut', async () => {
  const embedder = embedders['byte-bpe'] as Embedder;
  const options = { maxTokens: 4, prompt: '' };
  await expect(new Chunker(embedder, options).chunk('ab𒀀c')).rejects.toMatchObject({
    code: 'ERR_INPUT_TOO_LONG',
    message: expect.stringContaining('U+12000 at position 2'),
  });
});
