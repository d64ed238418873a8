/** The option `cache`: nothing is computed twice, and what comes is what would have been computed. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CacheLevel, CacheWrite } from '../../../lib/cache/level.js';
import type { ModelSpec } from '../../../lib/models/index.js';
import type { LoadOptions } from '../../../lib/options.js';
import { FakeWorld, textsOf, vectorOf } from '../fake-native.js';
import { Gate } from '../gate.js';
import { loadFake } from '../load-fake.js';

/** A world that notes which texts it computes, and an embedder with a cache in memory. */
async function cached(options: LoadOptions = {}, spec: Partial<ModelSpec> = {}) {
  const world = new FakeWorld();
  const gate = new Gate();
  gate.open();
  const computed: string[] = [];
  const held = { gate: gate as Gate };
  world.onInfer = (parts) => {
    computed.push(...textsOf(parts));
    return held.gate.pass();
  };
  const embedder = await loadFake(
    world,
    {
      precision: 'f32',
      performance: 'throughput',
      streams: 1,
      cache: {},
      ...options,
    },
    spec,
  );
  computed.length = 0;
  return { world, embedder, computed, held };
}

describe('a text that was computed', () => {
  test('is not computed again, and has the same vector and lengths', async () => {
    const { embedder, computed } = await cached({ maxLength: 10 });
    const texts = ['abc', 'x'.repeat(20), ''];
    const [first, second] = [await embedder.embed(texts), await embedder.embed([...texts].reverse())];
    expect(computed.length).toBe(3);
    expect([...second].reverse()).toEqual([...first]);
    expect([...second.tokens].reverse()).toEqual([...first.tokens]);
    expect([...second.originalTokens].reverse()).toEqual([...first.originalTokens]);
    expect([...second.truncated].reverse()).toEqual([...first.truncated]);
    expect([first.metadata.cacheHits, second.metadata.cacheHits]).toEqual([0, 3]);
    expect((await embedder.cache?.stats())?.[0]).toMatchObject({ name: 'memory', hits: 3, misses: 3, entries: 3 });
  });

  test('is computed again with another prompt, cut or norm', async () => {
    const { embedder, computed } = await cached();
    await embedder.embed(['abc']);
    await embedder.embed(['abc'], { inputType: 'query' });
    await embedder.embed(['abc'], { dimensions: 2 });
    await embedder.embed(['abc'], { normalize: false });
    expect(computed.length).toBe(4);
    await embedder.embedQuery('abc');
    expect(computed.length).toBe(4);
  });

  test('is another one with the same characters as a prompt that pooling leaves out', async () => {
    const { embedder, computed } = await cached({}, { includePrompt: false });
    await embedder.embed(['q: abc']);
    await embedder.embed(['abc'], { inputType: 'query' });
    expect(computed.length).toBe(2);
  });

  test("is the caller's own copy", async () => {
    const { embedder } = await cached();
    (await embedder.embed(['abc'])).data.fill(9);
    expect((await embedder.embed(['abc'])).at(0)).toEqual(vectorOf('abc'));
    (await embedder.embed(['abc'])).data.fill(9);
    expect((await embedder.embed(['abc'])).at(0)).toEqual(vectorOf('abc'));
  });

  test('is gone after clear()', async () => {
    const { embedder, computed } = await cached();
    await embedder.embed(['abc']);
    await embedder.cache?.clear();
    await embedder.embed(['abc']);
    expect(computed.length).toBe(2);
  });
});

test('streams hand out every text once, in order or not', async () => {
  const { embedder } = await cached();
  const texts = Array.from({ length: 300 }, (_, i) => `text ${i % 7}`);
  for (const ordered of [true, false]) {
    const seen: number[] = [];
    for await (const { index, embedding } of embedder.stream(texts, { ordered, batchSize: 50 })) {
      expect(embedding).toEqual(vectorOf(texts[index] as string));
      seen.push(index);
    }
    expect(seen.sort((a, b) => a - b)).toEqual(texts.map((_, i) => i));
  }
});

describe('a text that another call is computing', () => {
  test('is waited for', async () => {
    const { embedder, computed, held } = await cached();
    held.gate = new Gate();
    const calls = [embedder.embed(['a', 'b']), embedder.embed(['b', 'a'])];
    await nextTurn();
    held.gate.open();
    const [first, second] = await Promise.all(calls);
    expect(computed.sort()).toEqual(['a', 'b']);
    expect([...(second as Iterable<Float32Array>)].reverse()).toEqual([...(first as Iterable<Float32Array>)]);
  });

  test('is computed by who waits when that call is aborted or fails', async () => {
    const { embedder, held } = await cached();
    held.gate = new Gate();
    const abort = new AbortController();
    const aborted = embedder.embed(['a'], { signal: abort.signal });
    const waiter = embedder.embed(['a']);
    await nextTurn();
    abort.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    held.gate.open();
    expect((await waiter).at(0)).toEqual(vectorOf('a'));

    held.gate = new Gate();
    const failing = expect(embedder.embed(['b'])).rejects.toMatchObject({ code: 'ERR_DEVICE_FAILED' });
    const other = embedder.embed(['b']);
    await nextTurn();
    await held.gate.fail(0);
    await failing;
    held.gate.open();
    expect((await other).at(0)).toEqual(vectorOf('b'));
  });

  test('ends for an aborted waiter at once, and goes on for the others', async () => {
    const { embedder, computed, held } = await cached();
    held.gate = new Gate();
    const first = embedder.embed(['a']);
    const abort = new AbortController();
    const waiter = embedder.embed(['a'], { signal: abort.signal });
    await nextTurn();
    abort.abort(new Error('enough'));
    await expect(waiter).rejects.toThrow('enough');
    held.gate.open();
    expect((await first).at(0)).toEqual(vectorOf('a'));
    expect(computed).toEqual(['a']);
  });

  test('is not waited for by a query when the other call is bulk', async () => {
    const { embedder, computed, held } = await cached();
    held.gate = new Gate();
    const list = embedder.embed(['q: a']);
    await nextTurn();
    const query = embedder.embedQuery('a');
    await nextTurn();
    held.gate.open();
    expect(await query).toEqual((await list).at(0));
    expect(computed).toEqual(['q: a', 'q: a']);
  });
});

describe('stats()', () => {
  test('tells what a level did and how long it took', async () => {
    const { embedder } = await cached();
    await embedder.embed(['abc', 'def']);
    await embedder.embed(['abc']);
    const [memory] = (await embedder.cache?.stats()) ?? [];
    expect(memory).toMatchObject({
      name: 'memory',
      hits: 1,
      misses: 2,
      writes: 2,
      errors: 0,
      corrupt: 0,
      leftOut: null,
    });
    expect([memory?.readMs.count, memory?.readMs.counts.at(-1)]).toEqual([2, 2]);
    expect(memory?.writeMs.count).toBeGreaterThan(0);
    expect(memory?.readMs.sum).toBeGreaterThan(0);
  });
});

test('a long list that memory has all of does not keep the event loop', async () => {
  const { embedder } = await cached({ cache: { memory: { maxEntries: 20_000 } } });
  const texts = Array.from({ length: 10_000 }, (_, i) => `text ${i}`);
  await embedder.embed(texts);
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const { metadata } = await embedder.embed(texts);
  clearInterval(timer);
  expect(metadata.cacheHits).toBe(10_000);
  expect(turns).toBeGreaterThan(3);
});

describe('warm()', () => {
  async function* sourceOf(texts: string[]) {
    for (const text of texts) yield text;
  }

  test('computes what is not there, tells how much that was, and makes it a hit', async () => {
    const { embedder, computed } = await cached();
    await embedder.embedDocuments(['a']);
    computed.length = 0;
    const result = await embedder.cache?.warm(sourceOf(['a', 'b', 'c', 'b']), { inputType: 'document' });
    expect(result).toEqual({ texts: 4, hits: 1, computed: 2, duplicates: 1 });
    expect(computed.sort()).toEqual(['b', 'c']);
    await embedder.embedDocuments(['a', 'b', 'c']);
    expect(computed.length).toBe(2);
  });

  test('takes the options that decide a vector', async () => {
    const { embedder, computed } = await cached();
    await embedder.cache?.warm(['a'], { inputType: 'query', dimensions: 2 });
    await embedder.embedQuery('a', { dimensions: 2 });
    expect(computed).toEqual(['q: a']);
    await expect(embedder.cache?.warm(['a'], { dimensions: 99 })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
    });
  });

  test('counts over windows, and waits until all is written', async () => {
    const written: string[] = [];
    const level: CacheLevel = {
      name: 'slow',
      get: (keys) => new Array(keys.length).fill(undefined),
      set: async (writes) => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        written.push(...writes.map(({ key }) => key));
      },
      delete: () => {},
      clear: () => {},
    };
    const { embedder } = await cached({ cache: { levels: [level] } });
    const texts = Array.from({ length: 100 }, (_, i) => `text ${i % 60}`);
    const result = await embedder.cache?.warm(texts, { batchSize: 16 });
    expect(result).toMatchObject({ texts: 100, computed: 60 });
    expect(new Set(written).size).toBe(60);
  });

  test('ends with the signal, even if a level never ends writing', async () => {
    const level: CacheLevel = {
      name: 'hanging',
      get: (keys) => new Array(keys.length).fill(undefined),
      set: () => new Promise<void>(() => {}),
      delete: () => {},
      clear: () => {},
    };
    const { embedder } = await cached({ cache: { levels: [level] } });
    const abort = new AbortController();
    const warming = embedder.cache?.warm(['a', 'b'], { signal: abort.signal });
    await nextTurn();
    abort.abort(new Error('enough'));
    await expect(warming).rejects.toThrow('enough');
  });
});

test('a level that never answers does not hold a call that is aborted, nor close() after it', async () => {
  const never = () => new Promise<never>(() => {});
  const level: CacheLevel = { name: 'hanging', get: never, set: () => {}, delete: () => {}, clear: () => {} };
  const { embedder } = await cached({ cache: { levels: [level] } });
  const abort = new AbortController();
  const call = embedder.embed(['a'], { signal: abort.signal });
  const limited = embedder.embed(['b'], { timeoutMs: 5 });
  await nextTurn();
  abort.abort(new Error('enough'));
  await expect(call).rejects.toThrow('enough');
  await expect(limited).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
  await embedder.close();
});

test('without levels, only what is under way is shared', async () => {
  const { embedder, computed, held } = await cached({ cache: { memory: false } });
  held.gate = new Gate();
  const calls = [embedder.embed(['a']), embedder.embed(['a'])];
  await nextTurn();
  held.gate.open();
  await Promise.all(calls);
  expect(computed).toEqual(['a']);
  await embedder.embed(['a']);
  expect(computed).toEqual(['a', 'a']);
});

test('levels of a user are asked after memory, filled, and freed with the embedder', async () => {
  const kept = new Map<string, Uint8Array>();
  let closed = 0;
  const level: CacheLevel = {
    name: 'own',
    get: async (keys) => keys.map((key) => kept.get(key)),
    set: (writes: readonly CacheWrite[]) => {
      for (const { key, record } of writes) kept.set(key, record);
    },
    delete: (keys) => {
      for (const key of keys) kept.delete(key);
    },
    clear: () => kept.clear(),
    close: () => void closed++,
  };
  const { embedder } = await cached({ cache: { levels: [level] } });
  await embedder.embed(['abc']);
  await embedder.close();
  const other = await cached({ cache: { memory: false, levels: [level] } });
  expect((await other.embedder.embed(['abc'])).at(0)).toEqual(vectorOf('abc'));
  expect(other.computed).toEqual([]);
  await other.embedder.close();
  expect([kept.size, closed]).toEqual([1, 2]);
});

test('options that do not fit are refused', async () => {
  for (const cache of [true, { memory: { maxBytes: 0 } }, { disk: {} }, { redis: { client: {} } }, { mem: {} }]) {
    await expect(cached({ cache } as unknown as LoadOptions)).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
  }
});

test('whatever the calls, every text has the vector that it has without a cache', async () => {
  const { world, embedder } = await cached({ cache: { memory: { maxEntries: 3 } } });
  const infer = world.onInfer;
  world.onInfer = async (...args) => {
    await nextTurn();
    return infer(...args);
  };
  const aText = fc.constantFrom('a', 'b', 'cc', 'ddd', 'e'.repeat(30), '');
  const aCall = fc.record({ texts: fc.array(aText, { maxLength: 12 }), query: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(aCall, { maxLength: 8 }), async (calls) => {
      await Promise.all(
        calls.map(async ({ texts, query }) => {
          const inputType = query ? 'query' : 'document';
          const result = await embedder.embed(texts, { inputType });
          expect([...result]).toEqual(texts.map((text) => vectorOf(query ? `q: ${text}` : text)));
        }),
      );
    }),
    { numRuns: 100 },
  );
});
