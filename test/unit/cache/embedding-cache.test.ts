/** Levels as one cache: order, copies upward, damage, failures. */
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { EmbeddingCache } from '../../../lib/cache/embedding-cache.js';
import type { CacheLevel, CacheWrite } from '../../../lib/cache/level.js';
import { MemoryLevel } from '../../../lib/cache/memory-level.js';
import type { CachedEmbedding } from '../../../lib/cache/record.js';
import { FakeClock } from '../batching/fake-clock.js';

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const keyOf = (n: number) => `ovembed:v1:${n.toString(16).padStart(64, '0')}`;
const embeddingOf = (n: number): CachedEmbedding => ({
  data: Float32Array.of(n, n + 0.5),
  tokens: n + 2,
  originalTokens: n + 2,
  truncated: false,
});
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** Answers a turn later, as disks and servers do. */
class SlowLevel implements CacheLevel {
  readonly name = 'slow';
  readonly records = new Map<string, Uint8Array>();
  asked: string[] = [];
  failing = false;

  async get(keys: readonly string[]) {
    await nextTurn();
    if (this.failing) throw new Error('down');
    this.asked.push(...keys);
    return keys.map((key) => this.records.get(key));
  }

  async set(writes: readonly CacheWrite[]) {
    await nextTurn();
    if (this.failing) throw new Error('down');
    for (const { key, record } of writes) this.records.set(key, record);
  }

  async delete(keys: readonly string[]) {
    for (const key of keys) this.records.delete(key);
  }

  async clear() {
    this.records.clear();
  }
}

function cacheOf(...levels: CacheLevel[]) {
  return new EmbeddingCache(levels, silent);
}

const one = (n: number) => ({ key: keyOf(n), embedding: embeddingOf(n) });

describe('levels', () => {
  test('memory answers at once', () => {
    const cache = cacheOf(new MemoryLevel());
    cache.set([one(1)]);
    expect(cache.get([keyOf(1), keyOf(2)], 2)).toEqual([embeddingOf(1), undefined]);
  });

  test('slower ones are asked for what faster ones do not have, and only that', async () => {
    const slow = new SlowLevel();
    const cache = cacheOf(new MemoryLevel(), slow);
    cache.set([one(1)]);
    await nextTurn();
    slow.asked = [];
    const filled = cacheOf(new MemoryLevel(), slow);
    filled.set([one(2)]);
    expect(await filled.get([keyOf(2), keyOf(1), keyOf(3)], 2)).toEqual([embeddingOf(2), embeddingOf(1), undefined]);
    expect(slow.asked).toEqual([keyOf(1), keyOf(3)]);
    expect(filled.get([keyOf(1)], 2)).toEqual([embeddingOf(1)]); // at once: it was copied up
  });

  test('a damaged record is a miss, counted, and forgotten', async () => {
    const slow = new SlowLevel();
    const cache = cacheOf(slow);
    cache.set([one(1), one(2)]);
    await nextTurn();
    await nextTurn();
    slow.records.set(keyOf(1), slow.records.get(keyOf(2)) as Uint8Array);
    expect(await cache.get([keyOf(1)], 2)).toEqual([undefined]);
    expect(slow.records.has(keyOf(1))).toBe(false);
    expect((await cache.stats())[0]).toMatchObject({ hits: 0, misses: 1, corrupt: 1 });
  });

  test('a level that fails is a miss and is counted, reading and writing, at once and later', async () => {
    const slow = new SlowLevel();
    slow.failing = true;
    const throwing: CacheLevel = {
      name: 'throwing',
      get: () => {
        throw new Error('broken');
      },
      set: () => {
        throw new Error('broken');
      },
      delete: () => {},
      clear: () => {},
    };
    const cache = cacheOf(throwing, slow, new MemoryLevel());
    cache.set([one(1)]);
    expect(await cache.get([keyOf(1)], 2)).toEqual([embeddingOf(1)]);
    await cache.close();
    expect((await cache.stats()).map(({ name, errors }) => [name, errors])).toEqual([
      ['throwing', 3],
      ['slow', 3],
      ['memory', 0],
    ]);
  });

  /** As code without types may hand it over. */
  const levelThatGives = (answer: unknown, more: object = {}): CacheLevel => ({
    name: 'odd',
    get: () => answer as undefined[],
    set() {},
    delete() {},
    clear() {},
    ...more,
  });
  /** Its promises are of another class than this realm's. */
  const OtherPromise: typeof Promise = runInNewContext('Promise');

  test.each([
    ['nothing', undefined],
    ['null', null],
    ['a string', 'records'],
    ['an object', { 0: new Uint8Array(8) }],
  ])('an answer that is %s instead of a list is a miss and an error', async (_, answer) => {
    for (const given of [answer, Promise.resolve(answer), OtherPromise.resolve(answer)]) {
      const memory = new MemoryLevel();
      cacheOf(memory).set([one(1)]);
      const cache = cacheOf(levelThatGives(given), memory);
      expect(await cache.get([keyOf(1)], 2)).toEqual([embeddingOf(1)]);
      expect((await cache.stats())[0]).toMatchObject({ hits: 0, misses: 1, corrupt: 0, errors: 1 });
    }
  });

  test('an entry that is no bytes is a miss, counted as corrupt, and forgotten', async () => {
    const answer = ['text', '', 7, { length: 64 }, [1, 2], null, undefined];
    const keys = answer.map((_, n) => keyOf(n));
    for (const given of [answer, Promise.resolve(answer), OtherPromise.resolve(answer)]) {
      const forgotten: string[] = [];
      const cache = cacheOf(levelThatGives(given, { delete: (keys: string[]) => forgotten.push(...keys) }));
      expect(await cache.get(keys, 2)).toEqual(keys.map(() => undefined));
      expect((await cache.stats())[0]).toMatchObject({ hits: 0, misses: 7, corrupt: 5, errors: 0 });
      expect(forgotten).toEqual(keys.slice(0, 5));
    }
  });

  test('a promise of another class is one, when reading and when writing', async () => {
    const slow = new SlowLevel();
    cacheOf(slow).set([one(1)]);
    await nextTurn();
    await nextTurn();
    const failing = () => OtherPromise.reject(new Error('broken'));
    const cache = cacheOf(levelThatGives(OtherPromise.resolve([slow.records.get(keyOf(1))]), { set: failing }));
    expect(await cache.get([keyOf(1)], 2)).toEqual([embeddingOf(1)]);
    cache.set([one(2)]);
    await cache.settled();
    expect((await cache.stats())[0]).toMatchObject({ hits: 1, errors: 1 });
  });

  test('a size that fails, at once or later, is not known', async () => {
    const fail = () => {
      throw new Error('broken');
    };
    const cache = cacheOf(levelThatGives([], { size: fail }), levelThatGives([], { size: async () => fail() }));
    expect((await cache.stats()).map(({ bytes, entries }) => [bytes, entries])).toEqual([
      [null, null],
      [null, null],
    ]);
  });

  test('what is handed out is a copy', () => {
    const cache = cacheOf(new MemoryLevel());
    cache.set([one(1)]);
    const [found] = cache.get([keyOf(1)], 2) as CachedEmbedding[];
    (found as CachedEmbedding).data[0] = 99;
    expect(cache.get([keyOf(1)], 2)).toEqual([embeddingOf(1)]);
  });

  test('clear() empties all levels', async () => {
    const slow = new SlowLevel();
    const cache = cacheOf(new MemoryLevel(), slow);
    cache.set([one(1)]);
    await nextTurn();
    await nextTurn();
    await cache.clear();
    expect(await cache.get([keyOf(1)], 2)).toEqual([undefined]);
  });
});

describe('close()', () => {
  test('does not wait long for a level that hangs, and says so', async () => {
    const clock = new FakeClock();
    const warnings: string[] = [];
    const never = () => new Promise<never>(() => {});
    const closed: string[] = [];
    const slow = Object.assign(new SlowLevel(), { close: () => void closed.push('slow') });
    const hanging: CacheLevel = { name: 'hanging', get: never, set: never, delete: never, clear: never, close: never };
    const logger = { ...silent, warn: (message: string) => void warnings.push(message) };
    const cache = new EmbeddingCache([hanging, slow], logger, 'float32', clock);
    cache.set([one(1)]);
    let done = false;
    const closing = cache.close().then(() => {
      done = true;
    });
    for (let i = 0; i < 5; i++) await nextTurn();
    expect([done, closed, slow.records.size]).toEqual([false, ['slow'], 1]);
    for (let i = 0; i < 2; i++) {
      clock.advance(5_000);
      for (let i = 0; i < 5; i++) await nextTurn();
    }
    expect(done).toBe(true);
    await closing;
    expect(warnings).toEqual([
      expect.stringMatching(/^cache level hanging: writing .*5000 ms/),
      expect.stringMatching(/^cache level hanging: closing .*5000 ms/),
    ]);
  });
});

describe('memory', () => {
  test('keeps within its bytes; the least recently used leaves', async () => {
    const record = new Uint8Array(1_000);
    const level = new MemoryLevel({ maxBytes: 3 * (1_000 + keyOf(1).length) });
    for (const n of [1, 2, 3]) level.set([{ key: keyOf(n), record }]);
    level.get([keyOf(1)]);
    level.set([{ key: keyOf(4), record }]);
    expect(level.get([1, 2, 3, 4].map(keyOf)).map(Boolean)).toEqual([true, false, true, true]);
    expect(level.size()).toEqual({ bytes: 3 * (1_000 + keyOf(1).length), entries: 3 });
  });

  test('keeps within its number of records; the least recently used leaves', () => {
    const level = new MemoryLevel({ maxEntries: 3 });
    for (const n of [1, 2, 3]) level.set([{ key: keyOf(n), record: new Uint8Array(100) }]);
    level.set([{ key: keyOf(2), record: new Uint8Array(50) }]);
    level.get([keyOf(1)]);
    level.set([4, 5].map((n) => ({ key: keyOf(n), record: new Uint8Array(100) })));
    expect(level.get([1, 2, 3, 4, 5].map(keyOf)).map(Boolean)).toEqual([true, false, false, true, true]);
    expect(level.size()).toEqual({ bytes: 3 * (100 + keyOf(1).length), entries: 3 });
    level.clear();
    expect(level.size()).toEqual({ bytes: 0, entries: 0 });
  });

  test('takes no memory for records that are not there, however many may come', () => {
    const { heapUsed } = process.memoryUsage();
    const levels = [5e6, 1e10, Number.MAX_SAFE_INTEGER].map((maxEntries) => new MemoryLevel({ maxEntries }));
    for (const level of levels) level.set([{ key: keyOf(1), record: new Uint8Array(100) }]);
    expect(levels.map((level) => level.size().entries)).toEqual([1, 1, 1]);
    expect(process.memoryUsage().heapUsed - heapUsed).toBeLessThan(30e6);
  });
});
