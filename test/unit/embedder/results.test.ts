import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FakeWorld, vectorOf, WIDTH } from '../fake-native.js';
import { loadFake } from '../load-fake.js';

const anyText = fc.string({ unit: 'grapheme', maxLength: 60 });

describe('list calls', () => {
  test('give each text its own vector, in input order, whatever is embedded beside it', async () => {
    const world = new FakeWorld();
    world.onInfer = () => new Promise((resolve) => setTimeout(resolve, Math.random() * 2));
    const embedder = await loadFake(world, {}, { maxLength: 0 });
    await fc.assert(
      fc.asyncProperty(fc.array(anyText, { maxLength: 60 }), async (texts) => {
        const result = await embedder.embed(texts);
        expect(result.length).toBe(texts.length);
        expect([...result]).toEqual(texts.map((text) => vectorOf(text)));
      }),
      { numRuns: 40 },
    );
    expect(world.openEncodings).toBe(0);
  });

  test('of several windows keep the order, and use no memory of encodings afterwards', async () => {
    const world = new FakeWorld();
    const embedder = await loadFake(world);
    const texts = Array.from({ length: 5_000 }, (_, i) => `text ${i}`);
    const result = await embedder.embedDocuments(texts);
    for (const i of [0, 2_047, 2_048, 4_096, 4_999]) expect(result.at(i)).toEqual(vectorOf(`text ${i}`));
    expect(result.tokens[4_999]).toBe('text 4999'.length + 2);
    expect(world.openEncodings).toBe(0);
  });

  test('of nothing give zero rows', async () => {
    const result = await (await loadFake()).embed([]);
    expect([result.length, result.data.length, result.dimensions, [...result].length]).toEqual([0, 0, WIDTH, 0]);
    expect(result.usage).toEqual({ tokens: 0 });
  });

  test('report tokens, cuts and times', async () => {
    const embedder = await loadFake(new FakeWorld(), { maxLength: 10 });
    const result = await embedder.embed(['abc', 'x'.repeat(20)]);
    expect([...result.tokens]).toEqual([5, 10]);
    expect([...result.originalTokens]).toEqual([5, 22]);
    expect([...result.truncated]).toEqual([0, 1]);
    expect(result.usage.tokens).toBe(15);
    expect(result.timings.inferMs).toBeCloseTo(0.1);
    expect(result.timings.queueMs).toBeGreaterThanOrEqual(0.01);
    expect(result.timings.queueMs).toBeLessThan(result.timings.totalMs);
    expect(result.timings.totalMs).toBeGreaterThan(0);
  });

  test('copy the list when they are called', async () => {
    const embedder = await loadFake();
    const ids = Uint32Array.of(1, 97, 2);
    const texts: (string | Uint32Array)[] = ['first', ids];
    const pending = embedder.embed(texts);
    const query = embedder.embedQuery(ids);
    texts[0] = 'changed';
    ids[1] = 98;
    const result = await pending;
    expect(result.at(0)).toEqual(vectorOf('first'));
    expect(result.at(1)).toEqual(vectorOf('a'));
    expect(await query).toEqual(vectorOf('a'));
  });

  test('give the same vector for a text and for its token ids, as numbers or as Uint32Array', async () => {
    const result = await (await loadFake()).embed(['a', [1, 97, 2], Uint32Array.of(1, 97, 2)]);
    expect(result.at(1)).toEqual(result.at(0));
    expect(result.at(2)).toEqual(result.at(0));
  });

  test('cut and normalise as the call asks', async () => {
    const embedder = await loadFake();
    const cut = await embedder.embed(['abc'], { dimensions: 2 });
    expect(cut.dimensions).toBe(2);
    expect(cut.at(0)).toEqual(vectorOf('abc', { dimensions: 2 }));
    const raw = await embedder.embed(['abc'], { normalize: false });
    expect(raw.at(0)).toEqual(vectorOf('abc', { normalize: false }));
    await expect(embedder.embed(['a'], { dimensions: 5 })).rejects.toThrow('at most 4');
  });
});

describe('prompts', () => {
  const read = async (
    call: (embedder: Awaited<ReturnType<typeof loadFake>>) => Promise<unknown>,
    options = {},
    spec = {},
  ) => {
    const world = new FakeWorld();
    await call(await loadFake(world, options, spec));
    return world.encoded.at(-1);
  };

  test('of the model go in front of queries and documents', async () => {
    expect(await read((e) => e.embedQuery('x'))).toBe('q: x');
    expect(await read((e) => e.embedDocuments(['x']))).toBe('x');
    expect(await read((e) => e.embed(['x'], { inputType: 'query' }))).toBe('q: x');
  });

  test('are replaced by the instructions of load', async () => {
    const options = { queryInstruction: 'Q ', embedInstruction: 'D ' };
    expect(await read((e) => e.embedQuery('x'), options)).toBe('Q x');
    expect(await read((e) => e.embedDocuments(['x']), options)).toBe('D x');
    expect(await read((e) => e.embed(['x']), options)).toBe('x');
  });

  test('are chosen in the order prompt, promptName, inputType, default', async () => {
    const spec = { defaultPromptName: 'title' };
    expect(await read((e) => e.embed(['x']), {}, spec)).toBe('title: x');
    expect(await read((e) => e.embedDocuments(['x']), {}, spec)).toBe('x');
    expect(await read((e) => e.embedQuery('x', { promptName: 'title' }), {}, spec)).toBe('title: x');
    expect(await read((e) => e.embedQuery('x', { promptName: 'title', prompt: '' }), {}, spec)).toBe('x');
  });

  test('of an unknown name are an error that lists those there are', async () => {
    const embedder = await loadFake();
    await expect(embedder.embed(['x'], { promptName: 'titel' })).rejects.toThrow(
      'The model has no prompt named "titel". Did you mean title? Its prompts: query, document, title.',
    );
    await expect(embedder.embed(['x'], { promptName: 'constructor' })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
    });
  });

  test('are told to the tokenizer where pooling leaves them out', async () => {
    for (const [includePrompt, expected] of [
      [true, [undefined]],
      [false, ['q: ']],
    ] as const) {
      const world = new FakeWorld();
      const embedder = await loadFake(world, {}, { includePrompt });
      world.excludedPrompts.length = 0;
      await embedder.embedQuery('x');
      expect(world.excludedPrompts).toEqual(expected);
    }
  });

  test('go in front of texts only: ids are what the model reads, and a prompt asked for by name refuses them', async () => {
    const embedder = await loadFake();
    expect(await embedder.embedQuery([1, 97, 2])).toEqual(vectorOf('a'));
    await expect(embedder.embed(['a', [1, 2]], { prompt: 'p' })).rejects.toThrow(
      'at index 1 must be a string: a prompt',
    );
  });
});

describe('truncate: error', () => {
  test('names the text and both counts, before anything is inferred', async () => {
    const world = new FakeWorld();
    const embedder = await loadFake(world, { truncate: 'error', maxLength: 8 });
    const texts = Array.from({ length: 5_000 }, () => 'short');
    texts[4_321] = 'much too long';
    await expect(embedder.embed(texts)).rejects.toMatchObject({
      code: 'ERR_INPUT_TOO_LONG',
      message: expect.stringMatching(/index 4321 has 15 tokens .* reads 8/),
    });
    expect(world.batches).toHaveLength(0);
    expect(world.openEncodings).toBe(0);
    expect((await embedder.embed(['much too long'], { truncate: 'end' })).truncated[0]).toBe(1);
  });
});

test('a vector with NaN is an error that names the text', async () => {
  const world = new FakeWorld();
  world.poison.add('bad');
  const embedder = await loadFake(world);
  await expect(embedder.embed(['good', 'fine', 'bad'])).rejects.toMatchObject({
    code: 'ERR_NON_FINITE',
    message: expect.stringContaining('index 2'),
  });
  expect(world.openEncodings).toBe(0);
});

describe('embedTokens', () => {
  test('gives a vector per token with ids, offsets and mask', async () => {
    const embedder = await loadFake();
    const [first, second] = await embedder.embedTokens(['ab', 'a much longer text than that'], { prompt: '> ' });
    expect(first?.metadata).toEqual({
      device: 'CPU',
      devices: ['CPU'],
      precision: 'f32',
      activations: 'f32',
      batches: 2,
      paddedTokens: 48,
      cacheHits: 0,
      duplicates: 0,
    });
    expect(second?.metadata).toBe(first?.metadata);
    expect(second?.timings).toBe(first?.timings);
    expect(first?.timings.inferMs).toBeCloseTo(0.2);
    expect(first?.timings.totalMs).toBeGreaterThan(0);
    expect(first).toMatchObject({ tokens: 6, dimensions: WIDTH, originalTokens: 6, truncated: false, promptLength: 2 });
    expect([...(first?.ids ?? [])]).toEqual([1, 62, 32, 97, 98, 2]);
    expect([...(first?.specialTokensMask ?? [])]).toEqual([1, 0, 0, 0, 0, 1]);
    expect(first?.offsets).toHaveLength(12);
    expect([...(first?.data.subarray(3 * WIDTH, 4 * WIDTH) ?? [])]).toEqual([97, 3, 97 % 7, 1]);
    expect(second?.data).toHaveLength((second?.tokens ?? 0) * WIDTH);
  });

  test('is refused where the graph has no token vectors', async () => {
    const world = new FakeWorld();
    world.pooledInGraph = true;
    await expect((await loadFake(world)).embedTokens(['a'])).rejects.toMatchObject({ code: 'ERR_MODEL_UNSUPPORTED' });
  });
});

describe('tokens without vectors', () => {
  test('tokenize, countTokens and decode', async () => {
    const world = new FakeWorld();
    const embedder = await loadFake(world, { maxLength: 4 });
    const [tokenized] = await embedder.tokenize(['abcdef']);
    expect([...(tokenized?.ids ?? [])]).toEqual([1, 97, 98, 99, 100, 101, 102, 2]);
    const [bare] = await embedder.tokenize(['ab'], { addSpecialTokens: false });
    expect([...(bare?.ids ?? [])]).toEqual([97, 98]);
    expect([...(await embedder.countTokens(['abcdef', '']))]).toEqual([8, 2]);
    expect(await embedder.decode([1, 97, 98, 2])).toBe('ab');
    expect(await embedder.decode([1, 97], { skipSpecialTokens: false })).toBe('\u0001a');
    expect(await embedder.decode([])).toBe('');
    await expect(embedder.tokenize([[1]] as never)).rejects.toThrow('tokenize takes texts');
    await expect(embedder.decode('ab' as never)).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
    expect(world.openEncodings).toBe(0);
  });
});
