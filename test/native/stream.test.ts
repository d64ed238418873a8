/** Streams on the real engine: as many texts as a list that nobody would hold in memory. */
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Embedder } from '../../lib/index.js';
import { tinyModels, writeTinyModel } from '../../scripts/models/make-tiny.mjs';
import { temporaryFolder } from './support.js';

const TEXTS = 20_000;
const MEGABYTE = 1_000_000;
const WORDS = ['river', 'stone', 'the', 'of', 'mill', 'under', 'a', 'long'];

/** Texts of 1 to 30 words, none like another. */
function text(index: number): string {
  const words = Array.from({ length: 1 + ((index * 7) % 30) }, (_, i) => WORDS[(index + i * i) % WORDS.length]);
  return `${index} ${words.join(' ')}`;
}

function* texts(count = TEXTS): Generator<string> {
  for (let i = 0; i < count; i++) yield text(i);
}

async function* inBursts(): AsyncGenerator<string> {
  let i = 0;
  for (const one of texts()) {
    if (++i % 700 === 0) await nextTurn();
    yield one;
  }
}

const folder = temporaryFolder();
writeTinyModel(tinyModels.mean, join(folder, 'mean'));
let embedder: Embedder;
beforeAll(async () => {
  embedder = await Embedder.load(join(folder, 'mean'), { precision: 'f32', cacheDir: folder });
});
afterAll(() => embedder.close());

describe(`a stream of ${TEXTS} texts`, () => {
  let list: Uint32Array;
  beforeAll(async () => {
    list = new Uint32Array((await embedder.embedDocuments([...texts()])).data.buffer);
  });

  test.each([
    ['a sync source', texts, true],
    ['a source that answers in bursts', inBursts, true],
    ['order of completion', texts, false],
  ] as const)('has the bits of embedDocuments, each text once: %s', async (_, source, ordered) => {
    const width = list.length / TEXTS;
    const seen = new Uint8Array(TEXTS);
    const wrong: number[] = [];
    let next = 0;
    for await (const { index, embedding } of embedder.stream(source(), { inputType: 'document', ordered })) {
      if (ordered && index !== next++) throw new Error(`index ${index} came in the place of ${next - 1}`);
      seen[index] = (seen[index] as number) + 1;
      const bits = new Uint32Array(embedding.buffer, embedding.byteOffset, width);
      if (bits.some((value, i) => value !== list[index * width + i])) wrong.push(index);
    }
    expect(wrong).toEqual([]);
    expect(seen.every((times) => times === 1)).toBe(true);
  });
});

describe('memory does not grow with the length of a source', () => {
  /** 160 MB in all, so that holding them would show; token ids, since these take no time. */
  function* longInputs(count: number): Generator<Uint32Array> {
    for (let i = 0; i < count; i++) yield new Uint32Array(2_000).fill(1 + (i % 50));
  }

  /** The most that is resident while a stream is read. */
  async function peak(count: number, ordered: boolean): Promise<number> {
    let most = 0;
    for await (const { index } of embedder.stream(longInputs(count), { ordered, batchSize: 128 })) {
      if (index % 500 !== 0) continue;
      globalThis.gc?.();
      most = Math.max(most, process.memoryUsage.rss());
    }
    return most;
  }

  test.each([true, false])('ordered: %s', async (ordered) => {
    const before = await peak(4_000, ordered);
    const after = await peak(TEXTS, ordered);
    expect(after - before).toBeLessThan(30 * MEGABYTE);
  });
});

test('a stream that is left stops its batches, and the engine goes on', async () => {
  for await (const { index } of embedder.stream(texts(), { batchSize: 2_000 })) if (index === 10) break;
  expect(embedder.status().inFlight).toEqual({ batches: 0, texts: 0 });
  expect(await embedder.embedQuery(text(1))).toHaveLength(32);
});
