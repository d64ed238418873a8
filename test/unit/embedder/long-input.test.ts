/** Texts longer than the model reads: which tokens it is given, and what one vector is made of. */
import { describe, expect, test } from 'vitest';
import type { EmbedOptions } from '../../../lib/index.js';
import { FakeWorld, textsOf, vectorOf, WIDTH } from '../fake-native.js';
import { loadFake } from '../load-fake.js';

/** Ten characters between two special tokens. */
const MAX = 12;
const LONG = 'abcdefghijklmnopqrstuvwxy';
const WINDOWS = ['abcdefghij', 'klmnopqrst', 'uvwxy'];
const CHUNK = { truncate: 'chunk' } as const;

function mean(windows: readonly string[], weights: readonly number[], normalize = true): number[] {
  const vectors = windows.map((window) => vectorOf(window, { normalize: false }));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const sums = Array.from({ length: WIDTH }, (_, d) =>
    vectors.reduce((sum, vector, i) => sum + ((vector[d] as number) * (weights[i] as number)) / total, 0),
  );
  const norm = normalize ? Math.hypot(...sums) : 1;
  return sums.map((value) => value / norm);
}

function expectClose(actual: ArrayLike<number> | undefined, expected: readonly number[]): void {
  expect(Array.from(actual ?? [])).toEqual(expected.map((value) => expect.closeTo(value, 6)));
}

describe("truncate: 'chunk'", () => {
  test('gives the mean of the windows, weighted by their tokens, and says what was read', async () => {
    await using embedder = await loadFake(new FakeWorld(), { maxLength: MAX });
    const result = await embedder.embed(['short', LONG, '', LONG.slice(0, 10)], CHUNK);
    expectClose(result.at(1), mean(WINDOWS, [10, 10, 5]));
    expect([...result.tokens]).toEqual([7, 31, 2, 12]);
    expect([...result.originalTokens]).toEqual([7, 27, 2, 12]);
    expect([...result.truncated]).toEqual([0, 0, 0, 0]);
    expect([...result.chunks]).toEqual([1, 3, 1, 1]);
    expect(result.metadata.paddedTokens).toBe(6 * MAX);
    expect(result.usage).toEqual({ tokens: 52 });
  });

  test('gives a text that fits the bits that it always has', async () => {
    await using embedder = await loadFake(new FakeWorld(), { maxLength: MAX });
    const texts = ['short', '', 'abcdefghij'];
    expect((await embedder.embed(texts, CHUNK)).data).toEqual((await embedder.embed(texts)).data);
    expect(await embedder.embedQuery('short', CHUNK)).toEqual(await embedder.embedQuery('short'));
  });

  test('gives a text the same bits in any company, and whatever order its windows come back in', async () => {
    const world = new FakeWorld();
    await using embedder = await loadFake(world, { maxLength: MAX, maxBatchSize: 2, streams: 2 });
    const alone = (await embedder.embed([LONG], CHUNK)).data;
    let batches = 0;
    world.onInfer = () => new Promise((resolve) => setTimeout(resolve, batches++ % 2 ? 0 : 5));
    const texts = Array.from({ length: 20 }, (_, i) => (i % 3 ? `${i}`.repeat(i) : LONG));
    const together = await embedder.embed(texts, CHUNK);
    for (const i of [0, 3, 18]) expect(together.at(i)).toEqual(alone);
  });

  test('cuts dimensions and normalises what was pooled', async () => {
    await using embedder = await loadFake(new FakeWorld(), { maxLength: MAX });
    const plain = await embedder.embed([LONG], { ...CHUNK, normalize: false });
    expectClose(plain.data, mean(WINDOWS, [10, 10, 5], false));
    const cut = await embedder.embed([LONG], { ...CHUNK, dimensions: 2 });
    const [x, y] = plain.data as unknown as [number, number];
    expectClose(cut.data, [x / Math.hypot(x, y), y / Math.hypot(x, y)]);
    const bits = await embedder.embed([LONG], { ...CHUNK, dtype: 'ubinary' });
    expect(bits.data).toEqual(
      Uint8Array.of(plain.data.reduce((byte, value, d) => byte | (value > 0 ? 128 >> d : 0), 0)),
    );
  });

  test('puts the prompt in front of every window', async () => {
    const world = new FakeWorld();
    await using embedder = await loadFake(world, { maxLength: MAX });
    const { tokens, chunks } = await embedder.embed(['abcdefghijkl'], { ...CHUNK, prompt: 'q: ' });
    expect(world.batches.flatMap(({ lengths }) => lengths)).toEqual([12, 10]);
    expect([[...tokens], [...chunks]]).toEqual([[22], [2]]);
  });

  test('takes token ids, of which a text gives the same', async () => {
    await using embedder = await loadFake(new FakeWorld(), { maxLength: MAX });
    const [{ ids } = { ids: [] }] = await embedder.tokenize([LONG]);
    expect((await embedder.embed([ids], CHUNK)).data).toEqual((await embedder.embed([LONG], CHUNK)).data);
  });

  test('computes equal texts once, and streams', async () => {
    const world = new FakeWorld();
    await using embedder = await loadFake(world, { maxLength: MAX, maxBatchSize: 1 });
    const { data, chunks, metadata } = await embedder.embed([LONG, 'a', LONG], CHUNK);
    expect(metadata.duplicates).toBe(1);
    expect([...chunks]).toEqual([3, 1, 3]);
    for (const ordered of [true, false]) {
      const found = new Map<number, number[]>();
      const stream = embedder.stream([LONG, 'a', LONG], { ...CHUNK, ordered });
      for await (const { index, embedding, ...item } of stream) {
        found.set(index, [...embedding]);
        expect(item).toMatchObject(index === 1 ? { chunks: 1 } : { chunks: 3, tokens: 31, originalTokens: 27 });
      }
      expect([0, 1, 2].flatMap((index) => found.get(index))).toEqual([...data]);
    }
  });

  test('is kept with its counts, apart from other ways to read it', async () => {
    const world = new FakeWorld();
    await using embedder = await loadFake(world, { maxLength: MAX, cache: {} });
    const computed = await embedder.embed([LONG], CHUNK);
    const batches = world.batches.length;
    const kept = await embedder.embed([LONG], CHUNK);
    expect(kept.metadata.cacheHits).toBe(1);
    expect(world.batches.length).toBe(batches);
    expect(kept.data).toEqual(computed.data);
    expect([kept.tokens, kept.originalTokens, kept.chunks]).toEqual([
      computed.tokens,
      computed.originalTokens,
      computed.chunks,
    ]);
    for (const truncate of ['end', 'start'] as const) {
      const other = await embedder.embed([LONG], { truncate });
      expect(other.metadata.cacheHits).toBe(0);
      expect(other.data).not.toEqual(computed.data);
    }
  });

  test('lets a text of many windows through a queue that has room for few texts', async () => {
    const world = new FakeWorld();
    await using embedder = await loadFake(world, {
      maxLength: MAX,
      maxQueue: { texts: 2, tokens: 40 },
      maxBatchSize: 1,
    });
    const texts = ['a'.repeat(500), LONG, 'b'.repeat(300), 'c'];
    const [first, second] = await Promise.all([
      embedder.embed(texts, CHUNK),
      Array.fromAsync?.(embedder.stream(texts, CHUNK)) ?? null,
    ]);
    expect([...first.chunks]).toEqual([50, 3, 30, 1]);
    if (second) expect(second.map(({ chunks }) => chunks)).toEqual([50, 3, 30, 1]);
    expect(embedder.status().queue.bulk).toMatchObject({ texts: 0, tokens: 0 });
  });

  test('names the text whose window holds NaN', async () => {
    const world = new FakeWorld();
    world.poison.add('klmnopqrst');
    await using embedder = await loadFake(world, { maxLength: MAX });
    const failing = embedder.embed(['a', 'b', LONG], CHUNK);
    const message = expect.stringContaining('index 2');
    await expect(failing).rejects.toMatchObject({ code: 'ERR_NON_FINITE', message });
    expect(world.openEncodings).toBe(0);
  });

  test('is no way to have a vector per token', async () => {
    await using embedder = await loadFake(new FakeWorld(), { maxLength: MAX, ...CHUNK });
    const error = { code: 'ERR_INVALID_ARGUMENT', message: expect.stringContaining('embedTokens') };
    await expect(embedder.embedTokens([LONG])).rejects.toMatchObject(error);
    expect(await embedder.embedTokens([LONG], { truncate: 'end' })).toMatchObject([{ tokens: MAX }]);
  });
});

describe("truncate: 'start'", () => {
  const readOf = async (text: string, options: EmbedOptions) => {
    const world = new FakeWorld();
    const read: string[] = [];
    world.onInfer = (parts) => read.push(...textsOf(parts));
    await using embedder = await loadFake(world, { maxLength: MAX });
    const { tokens, originalTokens, truncated, chunks } = await embedder.embed([text], options);
    return { read, counts: [...tokens, ...originalTokens, ...truncated, ...chunks] };
  };

  test('keeps the end, within special tokens', async () => {
    const { read, counts } = await readOf(LONG, { truncate: 'start' });
    expect([read, counts]).toEqual([['pqrstuvwxy'], [12, 27, 1, 1]]);
  });

  test('keeps the prompt', async () => {
    expect((await readOf(LONG, { truncate: 'start', prompt: 'q: ' })).read).toEqual(['q: stuvwxy']);
  });

  test("is the default where the tokenizer's file says so", async () => {
    const world = new FakeWorld();
    world.cut = 'start';
    await using embedder = await loadFake(world, { maxLength: MAX });
    expect((await embedder.embed([LONG])).data).toEqual((await embedder.embed([LONG], { truncate: 'start' })).data);
  });
});
