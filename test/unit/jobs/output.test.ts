/** The way of the output to its place, and what stands in it. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { indexCorpus } from '../../../lib/corpus/index-corpus.js';
import { isTaken, JobFolder } from '../../../lib/jobs/folder.js';
import { publish } from '../../../lib/jobs/output.js';
import { planOf } from '../../../lib/jobs/plan.js';
import { contentOf, fakeEmbedder, temporaryFolder, writeFiles } from '../corpus/support.js';

const folder = temporaryFolder();
const { embedder } = fakeEmbedder();
const source = join(folder, 'source');
mkdirSync(source);
writeFiles(source, { 'a.txt': 'one', 'b.txt': 'two' });

/** A memory disk, where there is one. */
const OTHER_DISK = '/dev/shm';
const hasOtherDisk = existsSync(OTHER_DISK) && statSync(OTHER_DISK).dev !== statSync(tmpdir()).dev;

async function built(name: string): Promise<string> {
  const own = join(folder, `built-${name}`);
  mkdirSync(own);
  await indexCorpus(embedder, { source, sink: join(own, name), chunk: false });
  return own;
}

test('published twice to an empty folder, an index is there', async () => {
  const whole = await built('empty');
  const expected = contentOf(join(whole, 'empty'));
  const place = join(folder, 'empty');
  mkdirSync(place);
  for (let i = 0; i < 3; i++) await publish(place, whole, join(folder, 'aside'));
  expect(Object.keys(expected).length).toBeGreaterThan(2);
  expect(contentOf(place)).toEqual(expected);
});

test('a folder that is missing at the end is an error, and what is whole stays', async () => {
  const whole = await built('late.jsonl');
  const place = join(folder, 'nowhere', 'late.jsonl');
  await expect(publish(place, whole, join(folder, 'unused'))).rejects.toMatchObject({
    code: 'ENOENT',
    syscall: 'rename',
  });
  expect(readdirSync(whole)).toContain('late.jsonl');
});

test('a folder that is missing at the beginning is made', async () => {
  const sink = join(folder, 'deep', 'er', 'a.jsonl');
  await planOf(embedder, new JobFolder(join(folder, 'deep.job')), { source, sink, chunk: false });
  expect(readdirSync(join(sink, '..'))).toEqual([]);
});

test.runIf(hasOtherDisk)('a folder on another disk is refused before anything is done', async () => {
  const other = mkdtempSync(join(OTHER_DISK, 'ovembed-'));
  try {
    const planned = planOf(embedder, new JobFolder(other), { source, sink: join(folder, 'far'), chunk: false });
    await expect(planned).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringMatching(/expected a folder on the disk of .*--folder/),
    });
    expect(readdirSync(other)).toEqual([]);
  } finally {
    rmSync(other, { recursive: true });
  }
});

test('a rename that is not permitted found nothing of another process, but on Windows', () => {
  const failed = (code: string) => Object.assign(new Error(), { code });
  expect(isTaken(failed('ENOTEMPTY'))).toBe(true);
  expect(isTaken(failed('EPERM'))).toBe(process.platform === 'win32');
});

test('a manifest of somebody else is not removed with a job', async () => {
  const place = join(folder, 'foreign');
  mkdirSync(place);
  writeFileSync(join(place, 'manifest.json'), '{}');
  await expect(new JobFolder(place).remove()).rejects.toThrow('is no file of a job of this version');
  expect(readdirSync(place)).toEqual(['manifest.json']);
});
