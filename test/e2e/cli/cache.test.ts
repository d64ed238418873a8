/** `ovembed cache`: a folder and a server, with what is damaged in them. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DiskLevel } from '../../../lib/cache/disk-level.js';
import { encodeRecord } from '../../../lib/cache/record.js';
import { findRedisServer, RedisServer } from '../cache/redis-server.js';
import { Workplace } from './support.js';

const place = new Workplace();
const folder = place.file('vectors');

const writes = (count: number, prefix = 'ovembed') =>
  Array.from({ length: count }, (_, n) => {
    const key = `${prefix}:v1:${createHash('sha256').update(`${n}`).digest('hex')}`;
    const data = Float32Array.from({ length: 32 }, (_, i) => n + i);
    return { key, record: encodeRecord(key, { data, tokens: n, originalTokens: n, truncated: false }) };
  });

/** Changes a value of the first record. */
function damage(): void {
  const file = join(folder, readdirSync(folder)[0] as string);
  const bytes = readFileSync(file);
  const at = bytes.indexOf('OVE1') + 100;
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  writeFileSync(file, bytes);
}

describe('a folder', () => {
  beforeEach(async () => {
    const level = new DiskLevel({ path: folder, maxBytes: 1e6 });
    await level.clear();
    await level.set(writes(30));
    await level.close();
  });

  test('stats', async () => {
    const { code, stdout } = await place.run('cache', 'stats', '--disk', folder);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^30 records, .* in use\n {2}float32 × 32 +30\n$/)]);
    const json = await place.run('cache', 'stats', '--disk', folder, '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ records: 30, others: 0, damaged: 0, pages: 48 });
  });

  test('verify: 0 for an intact one, 7 for damage, 0 once that is removed', async () => {
    expect(await place.run('cache', 'verify', '--disk', folder)).toMatchObject({
      code: 0,
      stdout: 'Nothing is damaged: 30 intact records\n',
    });
    damage();
    expect(await place.run('cache', 'verify', '--disk', folder)).toMatchObject({
      code: 7,
      stdout: '1 damaged: 29 intact records\n',
    });
    expect(await place.run('cache', 'verify', '--disk', folder, '--repair', '--json')).toMatchObject({ code: 0 });
    expect(await place.run('cache', 'verify', '--disk', folder)).toMatchObject({ code: 0 });
  });

  test('verify: an end of a page that is no record is told of, and is no damage', async () => {
    const file = join(folder, readdirSync(folder)[0] as string);
    const bytes = readFileSync(file);
    bytes.write('rest', 20 * 1024 - 4); // at the end of the first page
    writeFileSync(file, bytes);
    expect(await place.run('cache', 'verify', '--disk', folder)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Nothing is damaged: 30 intact records\n {2}1 page with an end that is no record/),
    });
  });

  test('clear', async () => {
    const { code, stdout } = await place.run('cache', 'clear', '--disk', folder);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^Cleared .*vectors: 0\.\d MB freed\n$/)]);
    const { stdout: left } = await place.run('cache', 'stats', '--disk', folder, '--json');
    expect(JSON.parse(left)).toMatchObject({ records: 0, bytes: 0 });
    expect((await place.run('cache', 'clear', '--disk', folder, '--prefix', 'x')).code).toBe(2);
  });

  test('that is none, or not named', async () => {
    const missing = await place.run('cache', 'stats', '--disk', place.file('model'));
    expect([missing.code, missing.stderr]).toEqual([3, expect.stringContaining('There is no cache in')]);
    const unnamed = await place.run('cache', 'stats');
    expect([unnamed.code, unnamed.stderr]).toEqual([2, expect.stringContaining('--disk')]);
  });
});

const binary = findRedisServer();
const reason = 'missing' in binary ? binary.missing : '';
if (reason) console.warn(`Redis is not tested: ${reason}`);

describe.skipIf(reason !== '')('a server', () => {
  let server: RedisServer;
  beforeAll(async () => {
    if (!('missing' in binary)) server = await RedisServer.start(binary);
  });
  afterAll(() => server?.stop());

  test('stats, verify and clear, of one prefix', async () => {
    const client = new Redis(server.url);
    for (const { key, record } of [...writes(250), ...writes(3, 'other')]) await client.set(key, Buffer.from(record));
    const [first, second, third] = writes(3);
    await client.set(first?.key as string, 'nothing of ours');
    await client.set(second?.key as string, Buffer.from(third?.record as Uint8Array));

    const stats = await place.run('cache', 'stats', '--redis', server.url, '--json');
    expect(JSON.parse(stats.stdout)).toMatchObject({ records: 248, others: 0, damaged: 2 });
    expect((await place.run('cache', 'verify', '--redis', server.url)).code).toBe(7);
    expect((await place.run('cache', 'verify', '--redis', server.url, '--repair')).code).toBe(0);
    expect(await client.dbsize()).toBe(251);
    expect(await place.run('cache', 'clear', '--redis', server.url)).toMatchObject({ code: 0 });
    expect(await client.dbsize()).toBe(3);
    client.disconnect();
  });

  test('that does not answer is an error of the input', async () => {
    const { code, stderr } = await place.run('cache', 'stats', '--redis', 'redis://127.0.0.1:1');
    expect([code, stderr]).toEqual([3, expect.stringContaining('ECONNREFUSED')]);
  });
});
