import { existsSync, mkdirSync, readFileSync, renameSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { beforeEach, expect, test } from 'vitest';
import { HashMemo } from '../../../lib/models/hash-memo.js';
import { sha256 } from '../../fake-hub/server.js';
import { temporaryFolder } from './folders.js';

const OLD_SECONDS = 1_600_000_000;
let cacheDir: string;
let file: string;
let memoFile: string;
let memo: HashMemo;

beforeEach(() => {
  cacheDir = join(temporaryFolder(), 'cache');
  memoFile = join(cacheDir, 'file-hashes.json');
  file = write('weights');
  memo = new HashMemo(cacheDir);
});

function write(content: string): string {
  const path = join(temporaryFolder(), 'model.safetensors');
  writeFileSync(path, content);
  utimesSync(path, OLD_SECONDS, OLD_SECONDS);
  return path;
}

/** Gives every remembered file a hash that no file has, so that an answer shows where it came from. */
function forge(): string {
  const forged = 'f'.repeat(64);
  writeFileSync(memoFile, readFileSync(memoFile, 'utf8').replaceAll(/[0-9a-f]{64}/g, forged));
  return forged;
}

test('a hash is computed once, by real path', async () => {
  expect(await memo.sha256(file)).toBe(sha256('weights'));
  const forged = forge();
  const link = join(temporaryFolder(), 'link');
  symlinkSync(file, link);
  expect(await memo.sha256(file)).toBe(forged);
  expect(await memo.sha256(link)).toBe(forged);
});

test.each<[string, () => void]>([
  [
    'size',
    () => {
      writeFileSync(file, 'weights!');
      utimesSync(file, OLD_SECONDS, OLD_SECONDS);
    },
  ],
  ['modification time', () => utimesSync(file, OLD_SECONDS, OLD_SECONDS + 0.001)],
  ['inode', () => renameSync(write('weights'), file)],
])('another %s makes it compute again', async (_, change) => {
  await memo.sha256(file);
  const forged = forge();
  change();
  expect(await memo.sha256(file)).not.toBe(forged);
});

test('a file written just now is not remembered: it may change without its time changing', async () => {
  const now = new Date();
  utimesSync(file, now, now);
  expect(await memo.sha256(file)).toBe(sha256('weights'));
  expect(existsSync(memoFile)).toBe(false);
});

test.each(['', '{"', '[]', 'null', '{"x": 3}', `{"x": {"key": "", "sha256": "no hash"}}`])(
  'a memo of %j',
  async (content) => {
    mkdirSync(cacheDir, { recursive: true });
    writeFileSync(memoFile, content);
    expect(await memo.sha256(file)).toBe(sha256('weights'));
    const forged = forge();
    expect(await memo.sha256(file)).toBe(forged);
  },
);

test('a cache directory that cannot be made costs the memo only', async () => {
  writeFileSync(cacheDir, 'in the way');
  expect(await memo.sha256(file)).toBe(sha256('weights'));
});

test('the memo does not grow without end and forgets the oldest', async () => {
  mkdirSync(cacheDir, { recursive: true });
  const entry = { key: '1:1:1', sha256: sha256('') };
  const many = Array.from({ length: 300 }, (_, index) => [`/model-${index}`, entry]);
  writeFileSync(memoFile, JSON.stringify(Object.fromEntries(many)));
  await memo.sha256(file);
  const kept = Object.keys(JSON.parse(readFileSync(memoFile, 'utf8')));
  expect(kept).toHaveLength(256);
  expect(kept).toContain(file);
  expect(kept).not.toContain('/model-0');
});

test('hashing leaves the event loop free', async () => {
  const large = write('x'.repeat(64 * 1024 * 1024));
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await memo.sha256(large);
  delay.disable();
  // Read whole, this file would hold the loop for some 50 ms; the percentile leaves room for a busy machine.
  expect(delay.percentile(90) / 1e6).toBeLessThan(20);
});

test('an abort rejects with its reason; a missing file with the error of the system', async () => {
  const controller = new AbortController();
  controller.abort(new Error('not wanted'));
  await expect(memo.sha256(file, controller.signal)).rejects.toThrow('not wanted');
  await expect(memo.sha256(join(cacheDir, 'none'))).rejects.toThrow('ENOENT');
});
