import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { BlobKey } from '../../../lib/devices/blobs.js';
import { type AheadManifest, takeAhead } from '../../../lib/devices/compiled-ahead.js';
import { cpuIdentity } from '../../../lib/devices/machine.js';
import { FakeWorld } from '../fake-native.js';
import { fakeSource, freshCacheDir, loadFake } from '../load-fake.js';

const CONTENT = 'a compiled model';
const KEY: BlobKey = {
  graph: 'g',
  device: 'NPU',
  cpu: 'c',
  deviceName: 'An NPU',
  precision: 'f16',
  shape: { rows: 1, width: 32 },
  runtimeVersion: '1',
};
const MANIFEST: AheadManifest = {
  version: 1,
  fingerprint: 'f',
  graph: 'g',
  device: 'NPU',
  platform: '4000',
  cpu: null,
  runtimeVersion: '1',
  blobs: [
    {
      file: '1x32.blob',
      bytes: CONTENT.length,
      sha256: createHash('sha256').update(CONTENT).digest('hex'),
      precision: 'f16',
      shape: { rows: 1, width: 32 },
    },
  ],
};

let network: string;
let blobFile: string;
const logger = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };

beforeEach(() => {
  vi.clearAllMocks();
  const folder = mkdtempSync(join(freshCacheDir(), 'model-'));
  network = join(folder, 'openvino_model.xml');
  blobFile = join(mkdtempSync(join(folder, 'blobs-')), 'key.blob');
});

function ship(manifest: object | string, content = CONTENT): void {
  const folder = join(dirname(network), 'compiled');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, '1x32.blob'), content);
  writeFileSync(join(folder, 'manifest.json'), typeof manifest === 'string' ? manifest : JSON.stringify(manifest));
}

const take = (key = KEY) => takeAhead(network, blobFile, key, logger);

describe('takeAhead', () => {
  test('puts what fits where the cache looks for it', async () => {
    ship(MANIFEST);
    await take();
    expect(readFileSync(blobFile, 'utf8')).toBe(CONTENT);
    expect(readdirSync(dirname(blobFile))).toEqual(['key.blob']);
    expect(logger.warn).not.toHaveBeenCalled();
  });

  test('leaves alone what is in the cache already', async () => {
    ship(MANIFEST);
    writeFileSync(blobFile, 'compiled here');
    await take();
    expect(readFileSync(blobFile, 'utf8')).toBe('compiled here');
  });

  test.each<[string, Partial<AheadManifest>, Partial<BlobKey>]>([
    ['another graph', { graph: 'h' }, {}],
    ['another device', { device: 'CPU' }, {}],
    ['another runtime', { runtimeVersion: '2' }, {}],
    ['another CPU', { cpu: 'd' }, {}],
    ['another precision', {}, { precision: 'f32' }],
    ['another width', {}, { shape: { rows: 1, width: 128 } }],
    ['more rows', {}, { shape: { rows: 2, width: 32 } }],
    ['any shape', {}, { shape: null }],
    ['no file', { blobs: [] }, {}],
  ])('takes nothing for %s', async (_, manifest, key) => {
    ship({ ...MANIFEST, ...manifest });
    await take({ ...KEY, ...key });
    expect(existsSync(blobFile)).toBe(false);
    expect(logger.warn).not.toHaveBeenCalled();
  });

  test('takes nothing where nothing was compiled, and says nothing', async () => {
    await take();
    expect(existsSync(blobFile)).toBe(false);
    expect([logger.info, logger.warn].flatMap(({ mock }) => mock.calls)).toEqual([]);
  });

  test.each<[string, object | string, string]>([
    ['a damaged file', MANIFEST, 'a compiled mode!'],
    ['a manifest that is no JSON', '{', CONTENT],
    ['a manifest of a later version', { ...MANIFEST, version: 2 }, CONTENT],
    ['a file outside', { ...MANIFEST, blobs: [{ ...MANIFEST.blobs[0], file: '../../outside.blob' }] }, CONTENT],
  ])('does not take %s, and says so', async (_, manifest, content) => {
    ship(manifest, content);
    writeFileSync(join(dirname(network), '..', 'outside.blob'), CONTENT);
    await take();
    expect(readdirSync(dirname(blobFile))).toEqual([]);
    expect(logger.warn).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('is not used: '));
  });
});

test('Embedder.load hands it to the addon for the shape that it was compiled for', async () => {
  const source = fakeSource('openvino');
  network = source.file;
  const cpu = await cpuIdentity();
  const [blob] = MANIFEST.blobs;
  const blobs = [{ ...blob, precision: 'f32', shape: { rows: 1, width: 16 } }];
  const fitting = { graph: 'graph of openvino', device: 'CPU', platform: null, cpu, runtimeVersion: 'fake-1', blobs };
  ship({ ...MANIFEST, ...fitting });
  const world = new FakeWorld();
  const found = new Map<string, boolean>();
  world.onLoad = ({ shape, blobFile: file }) => found.set(JSON.stringify(shape), existsSync(file as string));
  const options = { precision: 'f32', performance: 'auto', streams: 2, logger } as const;
  const embedder = await loadFake(world, options, { sources: [source] });
  for (let i = 0; i < 3; i++) await embedder.embedQuery('a');
  await vi.waitFor(() => expect(found.size).toBe(2));
  expect(Object.fromEntries(found)).toEqual({ null: false, '{"rows":1,"width":16}': true });
  await embedder.close();
});
