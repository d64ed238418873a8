/** The Redis level beside a real server in every bad state it can be in. */
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { EmbeddingCache } from '../../../lib/cache/embedding-cache.js';
import { type CachedEmbedding, encodeRecord } from '../../../lib/cache/record.js';
import { RedisLevel, type RedisLevelOptions } from '../../../lib/cache/redis-level.js';
import { type Fault, FaultProxy } from './fault-proxy.js';
import { findRedisServer, freePort, RedisServer } from './redis-server.js';

const binary = findRedisServer();
const reason = 'missing' in binary ? binary.missing : '';
if (reason) console.warn(`Redis is not tested: ${reason}`);

/** What a busy machine adds. */
const NOISE_MS = 30;
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const keyOf = (n: number, prefix = 'ovembed') => `${prefix}:v1:${n.toString(16).padStart(64, '0')}`;
const embeddingOf = (n: number): CachedEmbedding => ({
  data: Float32Array.from({ length: 384 }, (_, i) => Math.sin(n * 384 + i)),
  tokens: n,
  originalTokens: n,
  truncated: false,
});
const one = (n: number) => ({ key: keyOf(n), embedding: embeddingOf(n) });

const CORRUPTIONS = process.env.OVEMBED_TEST_FULL === '1' ? 10_000 : 1_000;

/** Damages a record in one of several ways, none of which leaves it as it was. */
async function damage(client: Redis, key: string, other: string, random: (below: number) => number): Promise<void> {
  const record = (await client.getBuffer(key)) as Buffer;
  const at = random(record.length);
  const ways = [
    () => record.writeUInt8(record.readUInt8(at) ^ (1 << random(8)), at),
    () => record.fill(record.readUInt8(at) ^ 0xff, at, Math.min(record.length, at + 1 + random(200))),
  ];
  const way = random(4);
  ways[way]?.();
  if (way < 2) await client.set(key, record);
  else if (way === 2) await client.set(key, record.subarray(0, at));
  else await client.copy(other, key, 'REPLACE');
}

/** Integers from 0, the same ones each time (mulberry32). */
function randomsFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

describe.skipIf(reason !== '')('Redis', () => {
  let server: RedisServer;
  const opened: { close(): Promise<void> }[] = [];
  const printed = vi.spyOn(console, 'error');

  beforeAll(async () => {
    if (!('missing' in binary)) server = await RedisServer.start(binary);
  });
  afterEach(async () => {
    for (const it of opened.splice(0)) await it.close();
    // ioredis prints errors of connections that nobody listens to.
    expect(printed).not.toHaveBeenCalled();
  });
  afterAll(() => server?.stop());

  async function openCache(options: RedisLevelOptions = { url: server.url }) {
    const level = await RedisLevel.open(options);
    const cache = new EmbeddingCache([level], silent);
    opened.push(cache);
    return { cache, level };
  }

  async function openProxy() {
    const proxy = await FaultProxy.start(server.port);
    opened.push({ close: () => proxy.stop() });
    return proxy;
  }

  /** Asks for a key that is there, many times: each answer is right or a miss. Milliseconds of each, and how many hits. */
  async function ask(cache: EmbeddingCache, n: number, times: number) {
    const took: number[] = [];
    let hits = 0;
    for (let i = 0; i < times; i++) {
      const started = performance.now();
      const [found] = await cache.get([keyOf(n)], 384);
      took.push(performance.now() - started);
      if (found) expect(found).toEqual(embeddingOf(n));
      if (found) hits++;
    }
    return { took, hits };
  }

  /** Milliseconds until what is kept is found. */
  async function untilBack(cache: EmbeddingCache): Promise<number> {
    const started = performance.now();
    const n = randomInt(1e9);
    while (performance.now() - started < 10_000) {
      cache.set([one(n)]);
      await sleep(20);
      if ((await ask(cache, n, 1)).hits) return performance.now() - started;
    }
    return Infinity;
  }

  /** At most five calls wait, 50 ms at most, the others do not. */
  function expectBounded(took: number[]): void {
    expect(Math.max(...took)).toBeLessThan(50 + NOISE_MS);
    const late = took.slice(5).sort((a, b) => a - b);
    expect(late[Math.floor(late.length * 0.9)]).toBeLessThan(1);
  }

  test('what one process has set, another finds, with its time to live', async () => {
    const { cache } = await openCache();
    const { cache: other } = await openCache();
    const all = Array.from({ length: 300 }, (_, n) => n);
    cache.set(all.map(one));
    await sleep(200);
    expect(
      await other.get(
        all.map((n) => keyOf(n)),
        384,
      ),
    ).toEqual(all.map(embeddingOf));
    expect(await other.get([keyOf(1e6)], 384)).toEqual([undefined]);
    const ttl = (await server.command('PTTL', keyOf(1))) as number;
    expect(ttl).toBeGreaterThan(604_790_000);
    expect(ttl).toBeLessThanOrEqual(604_800_000);
  });

  test('clear() forgets the keys of its prefix only', async () => {
    const { cache } = await openCache({ url: server.url, prefix: 'a[*' });
    const keys = Array.from({ length: 2_500 }, (_, n) => keyOf(n, 'a[*'));
    cache.set(keys.map((key, n) => ({ key, embedding: embeddingOf(n) })));
    await server.command('SET', keyOf(1, 'a[*b'), 'mine');
    await server.command('SET', keyOf(2, 'axx'), 'mine');
    await cache.clear();
    expect((await cache.get(keys, 384)).filter(Boolean)).toEqual([]);
    expect(await server.command('EXISTS', keyOf(1, 'a[*b'), keyOf(2, 'axx'))).toBe(2);
  });

  test("a client of the user's, with a prefix of its own, is used and left open", async () => {
    const client = new Redis(server.port, '127.0.0.1', { keyPrefix: 'app:' });
    client.on('error', () => {});
    const { cache, level } = await openCache({ client });
    cache.set([one(7)]);
    await sleep(100);
    expect((await ask(cache, 7, 1)).hits).toBe(1);
    expect(await server.command('EXISTS', `app:${keyOf(7)}`)).toBe(1);
    await level.clear();
    expect(await server.command('EXISTS', `app:${keyOf(7)}`)).toBe(0);
    await level.close();
    expect(await client.ping()).toBe('PONG');
    client.disconnect();
  });

  test('a connection of its own is closed with the level', async () => {
    const level = await RedisLevel.open({ url: server.url });
    await level.get([keyOf(1)]);
    const clients = async () =>
      String(await server.command('CLIENT', 'LIST'))
        .trim()
        .split('\n').length;
    const before = await clients();
    await level.close();
    await sleep(100);
    expect(await clients()).toBe(before - 1);
  });

  test('damaged and foreign records are misses, counted, and forgotten', async () => {
    const { cache, level } = await openCache();
    cache.set([one(1), one(2), one(3)]);
    await sleep(100);
    await server.command('SETRANGE', keyOf(1), 700, 'x');
    await server.command('COPY', keyOf(3), keyOf(2), 'REPLACE');
    const [first, second, third] = await cache.get([keyOf(1), keyOf(2), keyOf(3)], 384);
    expect([first, second, third]).toEqual([undefined, undefined, embeddingOf(3)]);
    expect((await cache.stats())[0]).toMatchObject({ corrupt: 2, hits: 1 });
    await sleep(100);
    expect(await level.get([keyOf(1), keyOf(2)])).toEqual([undefined, undefined]);
  });

  test(`${CORRUPTIONS} random damages never give a wrong vector`, { timeout: 20_000 + 30 * CORRUPTIONS }, async () => {
    const { cache, level } = await openCache();
    const direct = new Redis(server.port, '127.0.0.1');
    opened.push({ close: async () => direct.disconnect() });
    const random = randomsFrom(6);
    const keys = Array.from({ length: 10 }, (_, n) => keyOf(n));
    const writes = keys.map((key, n) => ({ key, record: encodeRecord(key, embeddingOf(n)) }));
    let damages = 0;
    for (; damages < CORRUPTIONS; damages += keys.length) {
      await level.set(writes);
      for (const [n, key] of keys.entries()) await damage(direct, key, keys[(n + 1) % 10] as string, random);
      expect(await cache.get(keys, 384)).toEqual(new Array(10).fill(undefined));
    }
    expect((await cache.stats())[0]).toMatchObject({ hits: 0, corrupt: damages, errors: 0 });
  });

  /** Nothing is read any more, until it heals. */
  const failures: Record<string, { fail(): unknown; heal(): unknown }> = {
    stopped: { fail: () => server.signal('SIGSTOP'), heal: () => server.signal('SIGCONT') },
    killed: { fail: () => server.kill(), heal: () => server.restart() },
    'asked for a password': {
      async fail() {
        await server.command('CONFIG', 'SET', 'requirepass', 'secret');
        server.password = 'secret';
        await server.command('CLIENT', 'KILL', 'TYPE', 'normal');
      },
      async heal() {
        await server.command('CONFIG', 'SET', 'requirepass', '');
        server.password = '';
      },
    },
  };
  test.each(Object.keys(failures))('a server that is %s costs little and comes back', async (name) => {
    const { cache } = await openCache();
    expect(await untilBack(cache)).toBeLessThan(2_000);
    await failures[name]?.fail();
    try {
      const { took, hits } = await ask(cache, 1, 60);
      expect(hits).toBe(0);
      expectBounded(took);
      // Writes meanwhile neither wait nor pile up.
      for (let i = 0; i < 100; i++) cache.set(Array.from({ length: 64 }, (_, n) => one(n)));
      await sleep(1_500);
      expectBounded((await ask(cache, 1, 60)).took);
    } finally {
      // Else one slow answer fails all tests after it.
      await failures[name]?.heal();
    }
    expect(await untilBack(cache)).toBeLessThan(2_000);
  });

  test.each([
    ['CLIENT PAUSE', () => server.command('CLIENT', 'PAUSE', 700, 'ALL')],
    ['DEBUG SLEEP', () => void server.command('DEBUG', 'SLEEP', 0.7).catch(() => {})],
  ])('a server held up by %s costs little and comes back', async (_, hold) => {
    const { cache } = await openCache();
    expect(await untilBack(cache)).toBeLessThan(2_000);
    await hold();
    await sleep(50);
    expectBounded((await ask(cache, 1, 60)).took);
    await sleep(600);
    expect(await untilBack(cache)).toBeLessThan(2_000);
  });

  test('a server that loads its data costs little and comes back', async () => {
    const { cache } = await openCache();
    cache.set(Array.from({ length: 500 }, (_, n) => one(n)));
    await sleep(300);
    await server.command('SAVE');
    await server.kill();
    await server.restart('--key-load-delay', '3000', '--loading-process-events-interval-bytes', '1024');
    await sleep(300);
    await expect(server.command('GET', 'x')).rejects.toThrow('LOADING');
    expectBounded((await ask(cache, 1, 60)).took);
    await server.ready();
    expect(await untilBack(cache)).toBeLessThan(2_000);
  });

  test.each<[string, () => Promise<unknown>, () => Promise<unknown>]>([
    [
      'full',
      () => server.command('CONFIG', 'SET', 'maxmemory', 1),
      () => server.command('CONFIG', 'SET', 'maxmemory', 0),
    ],
    [
      'a replica that is not written to',
      async () => server.command('REPLICAOF', '127.0.0.1', await freePort()),
      () => server.command('REPLICAOF', 'NO', 'ONE'),
    ],
  ])('a server that is %s still gives what it has', async (_, fail, heal) => {
    const { cache } = await openCache();
    cache.set([one(1)]);
    await sleep(100);
    await fail();
    for (let i = 0; i < 10; i++) cache.set([one(100 + i)]);
    await sleep(300);
    const { hits, took } = await ask(cache, 1, 30);
    const [stats] = await cache.stats();
    await heal();
    expect(hits).toBe(30);
    expect(Math.max(...took)).toBeLessThan(50 + NOISE_MS);
    expect(stats?.errors).toBeGreaterThanOrEqual(3);
    expect(stats?.errors).toBeLessThan(10); // then nothing is sent
    expect(await untilBack(cache)).toBeLessThan(2_000);
  });

  test.each<Fault>(['slow', 'silent', 'reset', 'garbage'])(
    'a way that is %s costs little and comes back',
    async (fault) => {
      const proxy = await openProxy();
      const { cache } = await openCache({ url: proxy.url });
      expect(await untilBack(cache)).toBeLessThan(2_000);
      proxy.delayMs = 200;
      proxy.fault = fault;
      expectBounded((await ask(cache, 1, 60)).took);
      await sleep(1_000);
      expectBounded((await ask(cache, 1, 60)).took);
      proxy.fault = 'none';
      expect(await untilBack(cache)).toBeLessThan(2_000);
    },
  );

  test('where there is no server, calls go on without, and find it once it is there', async () => {
    await server.kill();
    const { cache } = await openCache();
    expectBounded((await ask(cache, 1, 60)).took);
    await server.restart();
    await server.ready();
    expect(await untilBack(cache)).toBeLessThan(2_000);
  });
});
