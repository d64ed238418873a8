/** The disk level in processes that are killed and on disks that are full. */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { DiskLevel } from '../../../lib/cache/disk-level.js';
import { EmbeddingCache } from '../../../lib/cache/embedding-cache.js';
import type { CachedEmbedding } from '../../../lib/cache/record.js';

const KILLS = process.env.OVEMBED_TEST_FULL === '1' ? 500 : 20;
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const folder = mkdtempSync(join(tmpdir(), 'ovembed-disk-'));
/** A file system of 4 MB, once it is mounted. */
const disk = join(folder, 'small');
let mounted = false;
afterAll(() => {
  if (mounted) execFileSync('umount', ['--lazy', disk]);
  rmSync(folder, { recursive: true, force: true });
});

/** Returns why it could not be, else ''. */
function mountSmall(): string {
  try {
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk], { stdio: 'pipe' });
    mounted = true;
    return '';
  } catch (error) {
    return `mounting is not allowed here (${(error as Error).message.split('\n')[0]})`;
  }
}

const keyOf = (n: number) => `ovembed:v1:${createHash('sha256').update(`${n}`).digest('hex')}`;
const embeddingOf = (n: number): CachedEmbedding => ({
  data: Float32Array.from({ length: 384 }, (_, i) => Math.sin(n * 384 + i)),
  tokens: n,
  originalTokens: n,
  truncated: false,
});

/** Writes until it is killed, some milliseconds after its first write. Returns the number of the last finished batch. */
function writeAndKill(path: string, maxBytes: number, first: number, afterMs: number): Promise<number> {
  const script = join(import.meta.dirname, 'writing-child.cjs');
  const child = spawn(process.execPath, [script, path, String(maxBytes), String(first)]);
  let output = '';
  let errors = '';
  child.stderr.on('data', (data) => (errors += data));
  child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), afterMs));
  child.stdout.on('data', (data) => (output += data));
  return new Promise((resolve, reject) => {
    child.on('close', (_, signal) => {
      if (signal !== 'SIGKILL') reject(new Error(`the child ended by itself: ${errors}`));
      else resolve(Number(output.trim().split('\n').at(-1)));
    });
  });
}

/** Of the numbers from `first` to `end`, those that are there; each must be right. */
async function findRight(cache: EmbeddingCache, first: number, end: number): Promise<number> {
  const wanted = Array.from({ length: end - first }, (_, i) => first + i);
  const found = await cache.get(wanted.map(keyOf), 384);
  for (const [i, embedding] of found.entries()) if (embedding) expect(embedding).toEqual(embeddingOf(first + i));
  return found.filter(Boolean).length;
}

describe('a process that is killed while it writes', () => {
  test(`${KILLS} times leaves what it had written, and nothing that is wrong`, {
    timeout: 20_000 + 2_000 * KILLS,
  }, async () => {
    const path = join(folder, 'killed');
    const maxBytes = 64 * 1024 ** 2;
    const cache = new EmbeddingCache([new DiskLevel({ path, maxBytes })], silent);
    for (let kill = 0, first = 0; kill < KILLS; kill++) {
      // Two processes every other time, on one file.
      const afterMs = (kill * 7) % 40;
      const beside = first + 5_000_000;
      const other = kill % 2 ? writeAndKill(path, maxBytes, beside, afterMs + 3) : beside;
      const last = await writeAndKill(path, maxBytes, first, afterMs);
      await findRight(cache, beside, (await other) + 64);
      const written = last + 16 - first;
      // Two that write to a page at once may lose a record, and a page may be full.
      expect(await findRight(cache, first, last + 16)).toBeGreaterThan(0.9 * written - 2);
      await findRight(cache, last + 16, last + 64);
      first = last + 64;
    }
    await cache.close();
  });
});

describe('a full disk', () => {
  const problem = mountSmall();
  if (problem) console.warn(`A full disk is not tested: ${problem}`);

  test.skipIf(problem !== '')('fails writes, which are counted, and keeps giving what is there', async () => {
    const path = join(disk, 'cache');
    const level = new DiskLevel({ path, maxBytes: 64 * 1024 ** 2 });
    const cache = new EmbeddingCache([level], silent);
    for (let n = 0; n < 4_000; n += 50) {
      cache.set(Array.from({ length: 50 }, (_, i) => ({ key: keyOf(n + i), embedding: embeddingOf(n + i) })));
      await findRight(cache, n, n + 1);
    }
    const tooMuch = Array.from({ length: 300 }, (_, i) => ({ key: keyOf(-i), record: new Uint8Array(20_000) }));
    await expect(level.set(tooMuch)).rejects.toThrow('ENOSPC');
    expect((await cache.stats())[0]?.errors).toBeGreaterThan(0);
    expect(await findRight(cache, 0, 4_000)).toBeGreaterThan(300);
    // With room again, it goes on.
    await level.clear();
    cache.set([{ key: keyOf(1), embedding: embeddingOf(1) }]);
    await level.delete([]); // what was set before is written then
    expect(await findRight(cache, 1, 2)).toBe(1);
    await cache.close();
  });

  test.skipIf(problem !== '')('from the start is a cache that keeps nothing', async () => {
    expect(() => writeFileSync(join(disk, 'filler'), Buffer.alloc(5 * 1024 ** 2))).toThrow('ENOSPC');
    const cache = new EmbeddingCache([new DiskLevel({ path: join(disk, 'other') })], silent);
    cache.set([{ key: keyOf(1), embedding: embeddingOf(1) }]);
    expect(await findRight(cache, 1, 2)).toBe(0);
    await cache.close();
    expect((await cache.stats())[0]?.errors).toBeGreaterThan(0);
  });
});
