import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openvinoCmakeDirectory, sdkDirectory, WHEELS } from '../../scripts/build/sdk.mjs';
import { unpackedWheel } from '../../scripts/build/wheel.mjs';

const CONTENT = 'a wheel';
const wheel = {
  requirement: 'tool==1.0',
  file: 'tool-1.0-py3-none-any.whl',
  sha256: createHash('sha256').update(CONTENT).digest('hex'),
  tags: [],
};

let root;
let downloads;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ovembed-wheel-'));
  downloads = 0;
});
afterEach(() => rmSync(root, { recursive: true }));

const downloading = (content) => (_, directory) => {
  downloads += 1;
  writeFileSync(join(directory, wheel.file), content);
};
const unpack = (file, directory) => writeFileSync(join(directory, 'unpacked'), readFileSync(file));

const unpacked = (overrides = {}) =>
  unpackedWheel(wheel, {
    directory: join(root, 'sdk', 'tool'),
    wheelDirectory: join(root, 'wheels'),
    download: downloading(CONTENT),
    unpack,
    ...overrides,
  });

describe('unpackedWheel', () => {
  it('downloads, verifies and unpacks, and leaves nothing temporary behind', async () => {
    const directory = await unpacked();
    expect(readFileSync(join(directory, 'unpacked'), 'utf8')).toBe(CONTENT);
    expect(readdirSync(join(root, 'sdk'))).toEqual(['tool']);
    expect(readdirSync(join(root, 'wheels'))).toEqual([wheel.file]);
  });

  it('needs no network the second time, nor when only the wheel is left', async () => {
    const directory = await unpacked();
    await unpacked();
    rmSync(directory, { recursive: true });
    await unpacked();
    expect(downloads).toBe(1);
  });

  it('refuses a download with a wrong hash and keeps nothing of it', async () => {
    await expect(unpacked({ download: downloading('something else') })).rejects.toThrow(/SHA-256/);
    expect(existsSync(join(root, 'sdk', 'tool'))).toBe(false);
    expect(readdirSync(join(root, 'wheels'))).toEqual([]);
  });

  it('replaces a damaged wheel in the cache', async () => {
    mkdirSync(join(root, 'wheels'));
    writeFileSync(join(root, 'wheels', wheel.file), CONTENT.slice(0, 3));
    const directory = await unpacked();
    expect(readFileSync(join(directory, 'unpacked'), 'utf8')).toBe(CONTENT);
    expect(downloads).toBe(1);
  });

  it('leaves no half-unpacked directory behind', async () => {
    const failing = (file, directory) => {
      unpack(file, directory);
      throw new Error('disk full');
    };
    await expect(unpacked({ unpack: failing })).rejects.toThrow('disk full');
    expect(readdirSync(join(root, 'sdk'))).toEqual([]);
  });

  it('gives several at once the same complete directory', async () => {
    const directories = await Promise.all([unpacked(), unpacked(), unpacked()]);
    expect(new Set(directories).size).toBe(1);
    expect(readdirSync(join(root, 'sdk'))).toEqual(['tool']);
  });
});

describe('the OpenVINO SDK', () => {
  const quiet = { python: 'no-such-python', log: () => {} };

  it('uses OpenVINO_DIR if set, and says so', async () => {
    const lines = [];
    const env = { OpenVINO_DIR: join(root, 'own') };
    expect(await openvinoCmakeDirectory({ ...quiet, env, log: (line) => lines.push(line) })).toBe(env.OpenVINO_DIR);
    expect(lines.join()).toContain('from OpenVINO_DIR');
  });

  it('uses an unpacked SDK without running Python', async () => {
    const env = { OVEMBED_CACHE_DIR: root };
    const directory = sdkDirectory('linux-x64', env);
    mkdirSync(directory, { recursive: true });
    const found = await openvinoCmakeDirectory({ ...quiet, env, platform: 'linux-x64' });
    expect(found).toBe(join(directory, 'openvino', 'cmake'));
  });

  it('names the platforms there are for one there is not', async () => {
    const attempt = openvinoCmakeDirectory({ ...quiet, env: {}, platform: 'sunos-x64' });
    await expect(attempt).rejects.toThrow(/sunos-x64.*linux-x64.*OpenVINO_DIR/);
  });

  it('pins a different file by a full SHA-256 for each platform', () => {
    const hashes = Object.values(WHEELS).map(({ sha256 }) => sha256);
    expect(new Set(hashes).size).toBe(4);
    for (const hash of hashes) expect(hash).toMatch(/^[0-9a-f]{64}$/);
  });
});
