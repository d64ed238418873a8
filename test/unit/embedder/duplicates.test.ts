/** Equal inputs of a call are computed once, with a cache or without, and every one is answered as if it had been. */
import { describe, expect, test } from 'vitest';
import type { LoadOptions } from '../../../lib/options.js';
import { FakeWorld, textsOf, vectorOf } from '../fake-native.js';
import { loadFake } from '../load-fake.js';

async function loaded(options: LoadOptions = {}) {
  const world = new FakeWorld();
  const computed: string[] = [];
  world.onInfer = (parts) => {
    computed.push(...textsOf(parts));
  };
  const embedder = await loadFake(world, { precision: 'f32', streams: 1, ...options });
  computed.length = 0;
  return { world, embedder, computed };
}

describe.each([
  ['without a cache', {}],
  ['with a cache', { cache: {} }],
] as [string, LoadOptions][])('%s', (_, options) => {
  test('a list computes each text once, whatever windows the equal ones would be in', async () => {
    const { embedder, computed } = await loaded({ ...options, maxQueue: { texts: 4 } });
    const texts = Array.from({ length: 40 }, (_, i) => `text ${((i >> 1) * (i >> 1)) % 11}`);
    const result = await embedder.embedDocuments(texts);
    expect(computed.length).toBe(new Set(texts).size);
    expect([...result]).toEqual(texts.map((text) => vectorOf(text)));
    expect(result.metadata).toMatchObject({ cacheHits: 0, duplicates: 40 - new Set(texts).size });
  });

  test('each is answered as a computed one: tokens, cut, usage', async () => {
    const { embedder } = await loaded({ ...options, maxLength: 10 });
    const [short, long] = ['abc', 'x'.repeat(20)];
    const result = await embedder.embed([long, short, long, long, short]);
    const alone = await Promise.all([long, short, long, long, short].map((text) => embedder.embed([text])));
    expect([...result.tokens]).toEqual(alone.map(({ tokens }) => tokens[0]));
    expect([...result.originalTokens]).toEqual(alone.map(({ originalTokens }) => originalTokens[0]));
    expect([...result.truncated]).toEqual([1, 0, 1, 1, 0]);
    expect(result.usage.tokens).toBe(alone.reduce((sum, { usage }) => sum + usage.tokens, 0));
  });

  test('token ids are compared by their values, and are no text', async () => {
    const { embedder, computed } = await loaded(options);
    const result = await embedder.embed([[97, 98], 'ab', Uint32Array.of(97, 98), 'ab', [97]]);
    expect(computed.length).toBe(3);
    expect(result.at(2)).toEqual(result.at(0));
    expect(result.at(3)).toEqual(result.at(1));
  });

  test('an error names the first of the equal inputs', async () => {
    const { embedder, world } = await loaded({ ...options, maxLength: 10, maxQueue: { texts: 2 } });
    world.poison.add('bad');
    await expect(embedder.embed(['a', 'a', 'b', 'c', 'c', 'c', 'bad', 'bad'])).rejects.toThrow('the input at index 6');
    const long = 'x'.repeat(20);
    const texts = ['a', 'a', 'd', 'e', 'e', long, long];
    await expect(embedder.embed(texts, { truncate: 'error' })).rejects.toThrow('The input at index 5');
  });

  test('a stream computes each text of a window once, in order or not', async () => {
    const { embedder, computed } = await loaded(options);
    const texts = Array.from({ length: 120 }, (_, i) => `text ${i % 7}`);
    for (const ordered of [true, false]) {
      computed.length = 0;
      const seen: number[] = [];
      for await (const { index, embedding, tokens } of embedder.stream(texts, { ordered, batchSize: 40 })) {
        expect(embedding).toEqual(vectorOf(texts[index] as string));
        expect(tokens).toBeGreaterThan(0);
        seen.push(index);
      }
      if (ordered) expect(seen).toEqual([...texts.keys()]);
      expect(seen.sort((a, b) => a - b)).toEqual([...texts.keys()]);
      expect(computed.length).toBeLessThanOrEqual(3 * 7);
    }
  });
});

test('vectors of tokens are not shared: each is its own array', async () => {
  const { embedder } = await loaded();
  const [first, second] = await embedder.embedTokens(['abc', 'abc']);
  expect(second?.data).toEqual(first?.data);
  expect(second?.data.buffer).not.toBe(first?.data.buffer);
});
