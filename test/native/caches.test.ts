/** Duplicates, caches of any kind and calls at once, on the real engine: every vector has the bits that it has without a cache. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CacheLevel, CacheWrite } from '../../lib/cache/index.js';
import { type CacheOptions, Embedder } from '../../lib/index.js';
import { tinyModels, writeTinyModel } from '../../scripts/models/make-tiny.mjs';
import { bits, temporaryFolder } from './support.js';

const SCHEDULES = process.env.OVEMBED_TEST_FULL === '1' ? 100 : 20;

const WORDS = ['river', 'stone', 'the', 'of', 'mill', 'under', 'a', 'long'];
/** Few, so that calls want the same ones. */
const TEXTS = Array.from({ length: 24 }, (_, i) => {
  const words = Array.from({ length: 1 + ((i * 7) % 30) }, (_, k) => WORDS[(i + k * k) % WORDS.length]);
  return `${i} ${words.join(' ')}`;
});

const folder = temporaryFolder();
writeTinyModel({ ...tinyModels.mean, prompts: { query: 'query: ', document: '' } }, join(folder, 'model'));
const load = (cache: CacheOptions | false) =>
  Embedder.load(join(folder, 'model'), { precision: 'f32', cacheDir: folder, buckets: 16, maxBatchSize: 4, cache });

const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown) => unhandled.push(reason);
process.on('unhandledRejection', onUnhandled);
afterAll(() => void process.off('unhandledRejection', onUnhandled));

/** What each text and each query has without a cache: bits, tokens. */
const plain = { document: [] as number[][], query: [] as number[][], tokens: [] as number[] };
beforeAll(async () => {
  await using embedder = await load(false);
  for (const text of TEXTS) {
    const alone = await embedder.embed([text]);
    plain.document.push(bits(alone.data));
    plain.tokens.push(alone.usage.tokens);
    plain.query.push(bits(await embedder.embedQuery(text)));
  }
});

/** Loses, garbles, confuses, delays and refuses; which of it when comes from the seed. */
class FaultyLevel implements CacheLevel {
  readonly name = 'faulty';
  readonly #kept = new Map<string, Uint8Array>();
  #state: number;
  done = 0;

  constructor(seed: number) {
    this.#state = seed;
  }

  get(keys: readonly string[]) {
    const answer = () => keys.map((key) => this.#give(key));
    switch (this.#random(6)) {
      case 0:
        throw new Error('thrown by get');
      case 1:
        return sleep(this.#random(5)).then(() => Promise.reject(new Error('rejected by get')));
      case 2:
        return sleep(this.#random(5)).then(() => answer().slice(0, this.#random(keys.length)));
      case 3:
        return sleep(this.#random(10)).then(answer);
      default:
        return answer();
    }
  }

  set(writes: readonly CacheWrite[]) {
    for (const { key, record } of writes) if (this.#random(4) > 0) this.#kept.set(key, record);
    if (this.#random(5) === 0) throw new Error('thrown by set');
    return this.#random(5) === 0 ? nextTurn().then(() => Promise.reject(new Error('rejected by set'))) : undefined;
  }

  delete() {
    return this.#random(2) === 0 ? Promise.reject(new Error('rejected by delete')) : undefined;
  }

  clear() {
    this.#kept.clear();
  }

  #give(key: string): Uint8Array | undefined {
    const record = this.#kept.get(key);
    if (!record) return undefined;
    this.done++;
    const copy = record.slice();
    switch (this.#random(6)) {
      case 0: {
        const at = this.#random(copy.length);
        copy[at] = (copy[at] as number) ^ (1 << this.#random(8));
        return copy;
      }
      case 1:
        return copy.subarray(0, this.#random(copy.length));
      case 2:
        return [...this.#kept.values()][this.#random(this.#kept.size)]; // another's
      default:
        return copy;
    }
  }

  /** An integer from 0 (mulberry32). */
  #random(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  }
}

const places = fc.array(fc.nat(TEXTS.length - 1), { minLength: 1, maxLength: 30 });
const abortAfter = fc.option(fc.integer({ min: 0, max: 8 }), { nil: undefined, freq: 2 });
const command = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('list' as const), places, abortAfter }) },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('query' as const), place: fc.nat(TEXTS.length - 1), abortAfter }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('stream' as const),
      places,
      batchSize: fc.integer({ min: 1, max: 12 }),
      ordered: fc.boolean(),
      abortAfter,
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('warm' as const), places, abortAfter }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('clear' as const) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('wait' as const), ms: fc.nat(6) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('settle' as const) }) },
);
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;
type Call = Exclude<Command, { type: 'clear' | 'wait' | 'settle' }>;

const levels = fc.record({
  memory: fc.constantFrom('off' as const, 'tiny' as const, 'default' as const),
  disk: fc.boolean(),
  faulty: fc.option(fc.integer(), { nil: undefined }),
});
const schedule = fc.noBias(
  fc.record({ levels, commands: fc.array(command, { minLength: 4, maxLength: 25, size: 'max' }) }),
);

const textsOf = (places: readonly number[]) => places.map((place) => TEXTS[place] as string);

/** Makes a call and checks every vector that comes of it. Returns how many did. */
async function make(call: Call, embedder: Embedder, signal: AbortSignal): Promise<number> {
  switch (call.type) {
    case 'query': {
      const vector = await embedder.embedQuery(TEXTS[call.place] as string, { signal, queueTimeoutMs: 0 });
      expect(bits(vector)).toEqual(plain.query[call.place]);
      return 1;
    }
    case 'list': {
      const { places } = call;
      const result = await embedder.embedDocuments(textsOf(places), { signal });
      expect([...result].map(bits)).toEqual(places.map((place) => plain.document[place]));
      expect([...result.tokens]).toEqual(places.map((place) => plain.tokens[place]));
      expect(result.metadata.duplicates).toBe(places.length - new Set(places).size);
      return places.length;
    }
    case 'stream': {
      const { places, batchSize, ordered } = call;
      const seen: number[] = [];
      for await (const item of embedder.stream(textsOf(places), { signal, batchSize, ordered })) {
        const place = places[item.index] as number;
        expect(bits(item.embedding)).toEqual(plain.document[place]);
        expect(item.tokens).toBe(plain.tokens[place]);
        seen.push(item.index);
      }
      if (ordered) expect(seen).toEqual([...places.keys()]);
      expect(new Set(seen).size).toBe(places.length);
      return places.length;
    }
    case 'warm': {
      const result = await embedder.cache?.warm(textsOf(call.places), { signal, batchSize: 8 });
      expect(result?.texts).toBe(call.places.length);
      return 0;
    }
  }
}

test('any mix of calls and levels gives the bits of the plain path; only its own caller ends a call', async () => {
  let vectors = 0;
  let [hits, faults] = [0, 0];
  const run = async ({
    levels: { memory, disk, faulty },
    commands,
  }: typeof schedule extends fc.Arbitrary<infer T> ? T : never) => {
    const path = join(folder, 'disk');
    const faultyLevel = faulty === undefined ? undefined : new FaultyLevel(faulty);
    const embedder = await load({
      memory: memory === 'off' ? false : memory === 'tiny' ? { maxEntries: 3 } : {},
      ...(disk && { disk: { path, maxBytes: 2 ** 20 } }),
      ...(faultyLevel && { levels: [faultyLevel] }),
    });
    const calls: Promise<void>[] = [];
    const start = async (call: Call) => {
      const caller = new AbortController();
      const reason = new Error('the caller has had enough');
      const timer = call.abortAfter === undefined ? undefined : setTimeout(() => caller.abort(reason), call.abortAfter);
      try {
        vectors += await make(call, embedder, caller.signal);
      } catch (error) {
        if (error !== reason) throw error;
      } finally {
        clearTimeout(timer);
      }
    };
    for (const step of commands) {
      if (step.type === 'wait') await sleep(step.ms);
      else if (step.type === 'settle') await Promise.all(calls);
      else if (step.type === 'clear') calls.push(embedder.cache?.clear() ?? Promise.resolve());
      else calls.push(start(step));
    }
    await Promise.all(calls);
    for (const level of (await embedder.cache?.stats()) ?? []) hits += level.hits;
    faults += faultyLevel?.done ?? 0;
    await embedder.close();
    await nextTurn();
    rmSync(path, { recursive: true, force: true });
    expect(unhandled).toEqual([]);
  };
  await fc.assert(fc.asyncProperty(schedule, run), {
    numRuns: SCHEDULES,
    interruptAfterTimeLimit: 100_000,
    markInterruptAsFailure: true,
  });
  // Else it proves little.
  expect(vectors).toBeGreaterThan(5 * SCHEDULES);
  expect(hits).toBeGreaterThan(SCHEDULES);
  expect(faults).toBeGreaterThan(0);
}, 120_000);
