import { existsSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { BlobCache, type BlobKey } from '../../../lib/devices/blobs.js';
import { freshCacheDir } from '../load-fake.js';

const KEY: BlobKey = {
  graph: 'g',
  device: 'CPU',
  cpu: 'c',
  deviceName: 'A processor',
  precision: 'f32',
  shape: null,
  runtimeVersion: '1',
};

describe('BlobCache', () => {
  test('has one file for equal keys and another for each difference', async () => {
    const cache = new BlobCache(freshCacheDir());
    const file = await cache.fileFor(KEY);
    expect(await cache.fileFor({ ...KEY })).toBe(file);
    const others = Object.entries(KEY).map(([name, value]) =>
      cache.fileFor({ ...KEY, [name]: name === 'shape' ? { rows: 1, width: 16 } : `${value}x` }),
    );
    expect(new Set([file, ...(await Promise.all(others))]).size).toBe(Object.keys(KEY).length + 1);
  });

  test('knows what it has', async () => {
    const cache = new BlobCache(freshCacheDir());
    expect(await cache.has(KEY)).toBe(false);
    writeFileSync((await cache.fileFor(KEY)) as string, 'compiled');
    expect([await cache.has(KEY), await cache.has({ ...KEY, precision: 'bf16' })]).toEqual([true, false]);
  });

  test('deletes what was used longest ago until the rest fits, but never the file in use', async () => {
    const cacheDir = freshCacheDir();
    const cache = new BlobCache(cacheDir, 250);
    const files = await Promise.all(['a', 'b', 'c', 'd'].map((graph) => cache.fileFor({ ...KEY, graph })));
    files.forEach((file, i) => {
      writeFileSync(file as string, 'x'.repeat(100));
      utimesSync(file as string, i + 1, i + 1);
    });
    writeFileSync(join(cacheDir, 'blobs', 'notes.txt'), 'x'.repeat(1_000));
    await cache.use(files[0] as string);
    expect(files.map((file) => existsSync(file as string))).toEqual([true, false, false, true]);
    expect(readdirSync(join(cacheDir, 'blobs'))).toHaveLength(3);

    const small = new BlobCache(cacheDir, 10);
    await small.use(files[3] as string);
    expect(files.map((file) => existsSync(file as string))).toEqual([false, false, false, true]);
  });

  test('deletes what a killed process left half written, but not what one is writing', async () => {
    const cacheDir = freshCacheDir();
    const cache = new BlobCache(cacheDir);
    const file = (await cache.fileFor(KEY)) as string;
    const abandoned = [`${file}.1-0.tmp`, `${file}.1.0a.incomplete`];
    for (const partial of [...abandoned, `${file}.2-0.tmp`]) writeFileSync(partial, 'half');
    for (const partial of abandoned) utimesSync(partial, 1, 1);
    await cache.use(file);
    expect(readdirSync(join(cacheDir, 'blobs')).map((name) => name.slice(-7))).toEqual(['2-0.tmp']);
  });

  test('takes a file or folder that another process removed for gone', async () => {
    const cache = new BlobCache(join(freshCacheDir(), 'not', 'made'));
    await expect(cache.use('/nowhere/at/all.blob')).resolves.toBeUndefined();
  });

  test('is not used where no folder can be made', async () => {
    const file = join(freshCacheDir(), 'file');
    writeFileSync(file, '');
    expect(await new BlobCache(file).fileFor(KEY)).toBeNull();
  });
});
