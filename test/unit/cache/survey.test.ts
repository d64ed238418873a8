/** Looking through all that the disk level keeps. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DiskLevel } from '../../../lib/cache/disk-level.js';
import { clearDisk, surveyDisk } from '../../../lib/cache/disk-survey.js';
import { PAGE_BYTES } from '../../../lib/cache/page.js';
import { encodeRecord } from '../../../lib/cache/record.js';
import { countRecord, emptySurvey } from '../../../lib/cache/survey.js';

const keyOf = (n: number, prefix = 'ovembed') => `${prefix}:v1:${createHash('sha256').update(`${n}`).digest('hex')}`;
const writeOf = (n: number, prefix?: string, width = 384) => {
  const key = keyOf(n, prefix);
  const data = Float32Array.from({ length: width }, (_, i) => Math.sin(n + i));
  return { key, record: encodeRecord(key, { data, tokens: n, originalTokens: n, truncated: false }) };
};

let path: string;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'ovembed-survey-'));
});
afterEach(() => rmSync(path, { recursive: true, force: true }));

const PAGES = 50;
async function write(count: number, prefix?: string): Promise<void> {
  const level = new DiskLevel({ path, maxBytes: PAGES * PAGE_BYTES });
  await level.set(Array.from({ length: count }, (_, n) => writeOf(n, prefix)));
  await level.close();
}
const file = () => join(path, readdirSync(path)[0] as string);

/** Of the bytes in the file, the first that begins a record. */
function change(change: (bytes: Buffer) => void): void {
  const bytes = readFileSync(file());
  change(bytes);
  writeFileSync(file(), bytes);
}

test('counts records by prefix and form', async () => {
  await write(100);
  await write(20, 'other');
  const survey = await surveyDisk(path, 'ovembed');
  expect(survey).toMatchObject({ records: 100, others: 20, damaged: 0, repaired: 0, pages: PAGES });
  expect(survey.kinds).toEqual({ 'float32 × 384': 120 });
  expect(survey.maxBytes).toBe(PAGES * PAGE_BYTES);
  expect(survey.pagesInUse).toBeGreaterThan(30);
  expect(survey.bytes).toBeGreaterThanOrEqual(survey.recordBytes);
  expect((await surveyDisk(path, 'other')).records).toBe(20);
});

test('finds every damaged record, and with repair removes those alone', async () => {
  await write(100);
  change((bytes) => {
    // In the values of records: each begins with its magic.
    let at = 0;
    for (let i = 0; i < 5; i++) {
      at = bytes.indexOf('OVE1', at + 1);
      bytes.writeUInt8(bytes.readUInt8(at + 200) ^ 1, at + 200);
    }
  });
  const before = readFileSync(file());
  expect(await surveyDisk(path, 'ovembed')).toMatchObject({ records: 95, damaged: 5, repaired: 0 });
  expect(readFileSync(file()).equals(before)).toBe(true);
  expect(await surveyDisk(path, 'ovembed', true)).toMatchObject({ records: 95, damaged: 5, repaired: 5 });
  expect(await surveyDisk(path, 'ovembed')).toMatchObject({ records: 95, damaged: 0 });
  const level = new DiskLevel({ path, maxBytes: PAGES * PAGE_BYTES });
  const found = await level.get(Array.from({ length: 100 }, (_, n) => keyOf(n)));
  expect(found.filter(Boolean).length).toBe(95);
  await level.close();
});

test('tells of what can no longer be reached behind a damaged header', async () => {
  await write(100);
  change((bytes) => bytes.write('X', bytes.indexOf('OVP1')));
  const survey = await surveyDisk(path, 'ovembed');
  expect(survey).toMatchObject({ damaged: 0, unreadableEnds: 1 });
  expect(survey.records).toBeLessThan(100);
});

test('what writers at once leave behind the last record is no damage, and stays', async () => {
  const maxBytes = PAGE_BYTES; // all records are in one page
  const levels = [new DiskLevel({ path, maxBytes }), new DiskLevel({ path, maxBytes })] as const;
  // Both see where the page ends, then both write there; what is left of the longer record is no entry.
  for (const [i, level] of levels.entries()) await level.get([keyOf(i)]);
  await levels[0].set([writeOf(0)]);
  await levels[1].set([writeOf(1, 'ovembed', 100)]);
  const before = readFileSync(file());
  for (const repair of [false, true]) {
    const survey = await surveyDisk(path, 'ovembed', repair);
    expect(survey).toMatchObject({ records: 1, damaged: 0, repaired: 0, unreadableEnds: 1, pagesInUse: 1 });
  }
  expect(readFileSync(file()).equals(before)).toBe(true);
  await levels[0].set([writeOf(2)]);
  expect(await surveyDisk(path, 'ovembed')).toMatchObject({ records: 2, damaged: 0, unreadableEnds: 0 });
  for (const level of levels) await level.close();
});

test('a bit that is flipped anywhere in a record is damage', async () => {
  await write(1);
  const start = readFileSync(file()).indexOf('OVE1');
  const { length } = writeOf(0).record;
  for (const at of [0, 4, 5, 8, 12, 20, 52, 700, length - 1]) {
    const flip = () => change((bytes) => bytes.writeUInt8(bytes.readUInt8(start + at) ^ 1, start + at));
    flip();
    expect(await surveyDisk(path, 'ovembed')).toMatchObject({ records: 0, damaged: 1, unreadableEnds: 0 });
    flip();
  }
  expect(await surveyDisk(path, 'ovembed')).toMatchObject({ records: 1, damaged: 0 });
});

test('a record under a key that is not its own belongs to nobody', async () => {
  const level = new DiskLevel({ path, maxBytes: PAGES * PAGE_BYTES });
  await level.set([{ key: keyOf(1), record: writeOf(2).record }]);
  await level.close();
  expect(await surveyDisk(path, 'ovembed')).toMatchObject({ records: 0, others: 1 });
});

test('a record is counted once, and told as what', () => {
  const { record } = writeOf(1);
  const broken = record.map((byte) => byte ^ 1);
  const survey = emptySurvey();
  const verdicts = [
    countRecord(survey, record, () => true, 'damaged'),
    countRecord(survey, record, () => false, 'others'),
    countRecord(survey, record, () => false, 'damaged'),
    countRecord(survey, broken, () => true, 'others'),
  ];
  expect(verdicts).toEqual(['records', 'others', 'damaged', 'damaged']);
  // Of the intact ones only.
  const kinds = { 'float32 × 384': 2 };
  expect(survey).toEqual({ records: 1, others: 1, damaged: 2, repaired: 0, recordBytes: 4 * record.length, kinds });
});

test('clears, and says how much that freed', async () => {
  await write(100);
  expect(await clearDisk(path)).toBeGreaterThan(100 * 1_500);
  expect(await surveyDisk(path, 'ovembed')).toMatchObject({ records: 0, damaged: 0, bytes: 0, pagesInUse: 0 });
});

test('changes nothing where there is no cache', async () => {
  await expect(surveyDisk(path, 'ovembed')).rejects.toMatchObject({ code: 'ERR_CACHE' });
  await expect(surveyDisk(join(path, 'none'), 'ovembed')).rejects.toMatchObject({ code: 'ERR_CACHE' });
  await expect(clearDisk(path)).rejects.toMatchObject({ code: 'ERR_CACHE' });
  expect(readdirSync(path)).toEqual([]);
});
