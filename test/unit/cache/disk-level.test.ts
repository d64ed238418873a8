/** The disk level: what it keeps, for how long, and what becomes of damage. Crashes and full disks: test/e2e/cache. */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DiskLevel } from '../../../lib/cache/disk-level.js';
import { EmbeddingCache } from '../../../lib/cache/embedding-cache.js';
import { PAGE_BYTES } from '../../../lib/cache/page.js';
import type { CachedEmbedding } from '../../../lib/cache/record.js';

const CORRUPTIONS = process.env.OVEMBED_TEST_FULL === '1' ? 10_000 : 300;
const WIDTH = 384;

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const keyOf = (n: number) => `ovembed:v1:${createHash('sha256').update(`${n}`).digest('hex')}`;
const embeddingOf = (n: number): CachedEmbedding => ({
  data: Float32Array.from({ length: WIDTH }, (_, i) => Math.sin(n * WIDTH + i)),
  tokens: n,
  originalTokens: n + 1,
  truncated: true,
});
const one = (n: number) => ({ key: keyOf(n), embedding: embeddingOf(n) });
const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

let path: string;
const opened: EmbeddingCache[] = [];
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'ovembed-disk-'));
});
afterEach(async () => {
  for (const cache of opened.splice(0)) await cache.close();
  rmSync(path, { recursive: true, force: true });
});

function openCache(maxBytes = 100 * PAGE_BYTES) {
  const level = new DiskLevel({ path, maxBytes });
  const cache = new EmbeddingCache([level], silent);
  opened.push(cache);
  return { level, cache };
}

async function fill(cache: EmbeddingCache, level: DiskLevel, count: number): Promise<void> {
  cache.set(numbers(count).map(one));
  await level.delete([]); // what was set before is written then
}

const file = () => join(path, readdirSync(path)[0] as string);

describe('the disk level', () => {
  test('gives the next process what this one has kept, whatever is written meanwhile', async () => {
    const { cache } = openCache();
    for (const n of numbers(300)) {
      expect(await cache.get([keyOf(n)], WIDTH)).toEqual([undefined]);
      cache.set([one(n)]);
    }
    await cache.close();
    const found = await openCache().cache.get(numbers(300).map(keyOf), WIDTH);
    expect(found).toEqual(numbers(300).map(embeddingOf));
  });

  test('loses nothing to reads and writes at once', async () => {
    const { cache, level } = openCache();
    await Promise.all(
      numbers(100).map(async (n) => {
        await cache.get([keyOf(n), keyOf(n + 1_000)], WIDTH);
        cache.set([one(n)]);
      }),
    );
    await level.delete([]);
    expect(await cache.get(numbers(100).map(keyOf), WIDTH)).toEqual(numbers(100).map(embeddingOf));
  });

  test('is shared by those that use a folder at the same time', async () => {
    const { cache, level } = openCache();
    const { cache: other, level: otherLevel } = openCache();
    await fill(cache, level, 50);
    expect(await other.get(numbers(50).map(keyOf), WIDTH)).toEqual(numbers(50).map(embeddingOf));
    other.set([one(60)]);
    await otherLevel.delete([]);
    expect(await cache.get([keyOf(60)], WIDTH)).toEqual([embeddingOf(60)]);
    await otherLevel.clear();
    expect(await cache.get([keyOf(1)], WIDTH)).toEqual([undefined]);
    await fill(cache, level, 50);
    expect((await other.get([keyOf(1)], WIDTH))[0]).toEqual(embeddingOf(1));
  });

  test('keeps what is set after clear(), and nothing from before', async () => {
    const { cache, level } = openCache();
    await fill(cache, level, 300);
    await cache.get(
      numbers(50).map((n) => keyOf(1_000 + n)),
      WIDTH,
    ); // sees how full their pages are
    await level.clear();
    cache.set(numbers(50).map((n) => one(1_000 + n)));
    await level.delete([]);
    const found = await cache.get(
      numbers(50).map((n) => keyOf(1_000 + n)),
      WIDTH,
    );
    expect(found.filter(Boolean)).toHaveLength(50);
    expect(await cache.get([keyOf(1)], WIDTH)).toEqual([undefined]);
  });

  test('stays within its bytes, and keeps the youngest', async () => {
    const { cache, level } = openCache(20 * PAGE_BYTES);
    await fill(cache, level, 2_000);
    expect((await level.size()).bytes).toBeLessThanOrEqual(20 * PAGE_BYTES);
    expect(statSync(file()).size).toBeLessThanOrEqual(20 * PAGE_BYTES);
    const found = await cache.get(numbers(2_000).map(keyOf), WIDTH);
    expect(found.slice(-100).filter(Boolean).length).toBeGreaterThan(90);
    expect(found.filter(Boolean).length).toBeGreaterThan(200); // of 240 that have room
  });

  test('begins anew with another bound, and leaves nothing of the old one', async () => {
    const { cache, level } = openCache();
    await fill(cache, level, 10);
    const { cache: larger } = openCache(200 * PAGE_BYTES);
    expect(await larger.get([keyOf(1)], WIDTH)).toEqual([undefined]);
    expect(readdirSync(path)).toHaveLength(1);
  });

  test('does not keep what is larger than a page', async () => {
    const { level } = openCache();
    await level.set([{ key: keyOf(1), record: new Uint8Array(PAGE_BYTES) }]);
    expect(await level.get([keyOf(1)])).toEqual([undefined]);
  });

  test('cannot be read by others', async () => {
    rmSync(path, { recursive: true });
    await openCache().level.get([keyOf(1)]);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
  });

  test('tells why its folder cannot be used, with every call', async () => {
    rmSync(path, { recursive: true });
    writeFileSync(path, 'a file');
    const { level } = openCache();
    for (const work of [level.get([keyOf(1)]), level.set([]), level.clear(), level.size()]) {
      await expect(work).rejects.toMatchObject({ code: 'ERR_CACHE', message: expect.stringContaining(path) });
    }
  });

  test('has a bound of a page at least', () => {
    expect(() => new DiskLevel({ path, maxBytes: 1_000 })).toThrow('Expected an integer from 20480');
  });
});

describe('damage', () => {
  /** Everything is the right vector or a miss. Returns how many are there. */
  async function expectRightOrMissing(cache: EmbeddingCache, count: number): Promise<number> {
    const found = await cache.get(numbers(count).map(keyOf), WIDTH);
    for (const [n, embedding] of found.entries()) if (embedding) expect(isRight(embedding, n)).toBe(true);
    return found.filter(Boolean).length;
  }

  test('of any kind never gives a wrong vector, and is repaired by what is written next', async () => {
    const COUNT = 25; // No page is full, so that each has its place.
    const { cache, level } = openCache(4 * PAGE_BYTES);
    await fill(cache, level, COUNT);
    const whole = readFileSync(file());
    expect(await expectRightOrMissing(cache, COUNT)).toBe(COUNT);
    const place = fc.nat(whole.length - 1);
    const damage = fc.oneof(
      fc.record({ kind: fc.constant('flip'), at: place, value: fc.integer({ min: 0, max: 7 }) }),
      fc.record({ kind: fc.constant('overwrite'), at: place, value: fc.integer({ min: 1, max: 4_000 }) }),
      fc.record({ kind: fc.constant('swap'), at: place, value: place }),
      fc.record({ kind: fc.constant('cut'), at: place, value: fc.constant(0) }),
    );
    await fc.assert(
      fc.asyncProperty(damage, async ({ kind, at, value }) => {
        writeFileSync(file(), damaged(whole, kind, at, value));
        await expectRightOrMissing(cache, COUNT);
        await fill(cache, level, COUNT);
        expect(await expectRightOrMissing(cache, COUNT)).toBe(COUNT);
      }),
      { seed: 6, numRuns: CORRUPTIONS },
    );
    expect((await cache.stats())[0]).toMatchObject({ errors: 0 });
    expect((await cache.stats())[0]?.corrupt).toBeGreaterThan(CORRUPTIONS / 10);
  }, 600_000);

  test('by a file that is cut while it is in use costs what was cut', async () => {
    const { cache, level } = openCache();
    await fill(cache, level, 500);
    truncateSync(file(), statSync(file()).size / 2);
    const left = await expectRightOrMissing(cache, 500);
    expect(left).toBeGreaterThan(150);
    expect(left).toBeLessThan(350);
    await fill(cache, level, 500);
    expect(await expectRightOrMissing(cache, 500)).toBe(500);
  });

  test('by a file that may not be written leaves reading', async () => {
    const { cache, level } = openCache();
    await fill(cache, level, 10);
    await cache.close();
    chmodSync(file(), 0o400);
    const { cache: reader, level: readerLevel } = openCache();
    expect(await expectRightOrMissing(reader, 10)).toBe(10);
    if (process.getuid?.() !== 0)
      await expect(readerLevel.set([{ key: keyOf(1), record: new Uint8Array(9) }])).rejects.toThrow();
  });
});

const bytesOf = ({ data }: CachedEmbedding) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);
const right = numbers(500).map((n) => bytesOf(embeddingOf(n)));

/** As toEqual() tells, but quick enough for ten thousand rounds. */
function isRight(embedding: CachedEmbedding, n: number): boolean {
  const { tokens, originalTokens, truncated } = embedding;
  return bytesOf(embedding).equals(right[n] as Buffer) && tokens === n && originalTokens === n + 1 && truncated;
}

function damaged(whole: Buffer, kind: string, at: number, value: number): Buffer {
  const bytes = Buffer.from(whole);
  if (kind === 'flip') bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << value), at);
  if (kind === 'overwrite') createHash('shake256', { outputLength: value }).update(`${at}`).digest().copy(bytes, at);
  if (kind === 'swap') bytes.copyWithin(at, value, value + 4_096);
  return kind === 'cut' ? bytes.subarray(0, at) : bytes;
}
