/** The Redis level beside a client that does not answer: what waits, and how much. Real servers: test/e2e/cache. */
import { describe, expect, test } from 'vitest';
import type { RedisClient } from '../../../lib/cache/redis-client.js';
import { RedisLevel } from '../../../lib/cache/redis-level.js';
import { FakeClock } from '../batching/fake-clock.js';

const keyOf = (n: number) => `ovembed:v1:${n.toString(16).padStart(64, '0')}`;
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** Never answers, and counts what it was given. */
class HungClient implements RedisClient {
  reads = 0;
  bytes = 0;
  mgetBuffer() {
    this.reads++;
    return new Promise<never>(() => {});
  }
  pipeline(commands: unknown[][]) {
    for (const command of commands) this.bytes += (command[2] as Uint8Array).length;
    return { exec: () => new Promise<never>(() => {}) };
  }
  scan() {
    return new Promise<never>(() => {});
  }
  disconnect() {}
  on() {}
}

async function openHung() {
  const client = new HungClient();
  const clock = new FakeClock();
  const level = await RedisLevel.open({ client, clock, logger: { debug() {}, info() {}, warn() {}, error() {} } });
  const pass = async (ms: number) => {
    clock.advance(ms);
    await nextTurn();
    await nextTurn();
  };
  return { client, clock, level, pass };
}

describe('a server that hangs', () => {
  test('is waited for three times, then only by the background', async () => {
    const { client, level, pass } = await openHung();
    for (let i = 0; i < 3; i++) {
      const answer = level.get([keyOf(1)]) as Promise<unknown>;
      const rejected = expect(answer).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
      await pass(50);
      await rejected;
    }
    expect(level.get([keyOf(1), keyOf(2)])).toEqual([undefined, undefined]);
    expect(client.reads).toBe(3);
    await pass(100);
    expect(client.reads).toBe(4);
  });

  test('gets few writes, however many come', async () => {
    const { client, level, pass } = await openHung();
    const record = new Uint8Array(1_592);
    const results: Promise<string>[] = [];
    for (let i = 0; i < 400; i++) {
      const writes = Array.from({ length: 64 }, (_, n) => ({ key: keyOf(n), record }));
      results.push(
        level.set(writes).then(
          () => 'left out',
          (error) => error.code,
        ),
      );
    }
    for (let i = 0; i < 10; i++) await pass(500);
    const outcomes = await Promise.all(results);
    expect(outcomes.filter((outcome) => outcome === 'ERR_TIMEOUT')).toHaveLength(3);
    expect(outcomes.filter((outcome) => outcome === 'ERR_CACHE').length).toBeGreaterThan(200); // 16 MB of 40 wait
    expect(client.bytes).toBeLessThan(4 * 256 * 1024);
  });
});
