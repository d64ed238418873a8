/** What is told of a job by its numbers. */
import { describe, expect, test } from 'vitest';
import type { JobEntry } from '../../../lib/jobs/entries.js';
import { CorpusJobs, type SubmitOptions } from '../../../lib/jobs/index.js';
import { checkConnectOptions, checkSubmitOptions } from '../../../lib/jobs/options.js';
import type { DoneShard } from '../../../lib/jobs/queue.js';
import { statusOf } from '../../../lib/jobs/status.js';

const entry: JobEntry = {
  ...{ jobId: 'a', run: 'r', folder: 'a.job', sink: 'a', shards: 100, bytes: 100_000, attempts: 3, backoffMs: 1 },
  state: 'running',
};
/** 250 tokens of 1,000 bytes in half a second. */
const shard: DoneShard = { documents: 2, chunks: 5, tokens: 250, bytes: 1_000, ms: 500 };
const shards = (count: number): DoneShard[] => Array.from({ length: count }, () => shard);
const counts = { waiting: 88, active: 2, dead: 0 };
const parts = { entry, counts, done: shards(10), dead: [], workers: 3, targetSeconds: 5 };

describe('hints', () => {
  test('are by what workers did so far', () => {
    expect(statusOf(parts)).toMatchObject({
      ...{ state: 'running', documents: 20, chunks: 50, tokens: 2_500, bytes: 10_000 },
      // 90,000 bytes are left, of a quarter of a token each; each worker does 500 tokens per second.
      ...{ backlogTokens: 22_500, tokensPerSecondPerWorker: 500, secondsLeft: 15, suggestedWorkers: 9 },
    });
  });

  test('are no more workers than shards, and at least one', () => {
    expect(statusOf({ ...parts, targetSeconds: 0.01 }).suggestedWorkers).toBe(90);
    expect(statusOf({ ...parts, targetSeconds: 1e6 }).suggestedWorkers).toBe(1);
  });

  test('leave out shards of which nobody knows how long they took', () => {
    const found = { ...shard, tokens: 9e9, ms: 0 };
    expect(statusOf({ ...parts, done: [...shards(9), found] })).toMatchObject({ tokensPerSecondPerWorker: 500 });
  });

  test('are unknown before the first shard, and none at the end', () => {
    const unknown = { backlogTokens: undefined, secondsLeft: undefined, suggestedWorkers: undefined };
    expect(statusOf({ ...parts, done: [] })).toMatchObject(unknown);
    const over = { backlogTokens: 0, secondsLeft: 0, suggestedWorkers: 0 };
    expect(statusOf({ ...parts, done: shards(100) })).toMatchObject(over);
  });
});

test.each([
  ['running', { waiting: 0, active: 1, dead: 1 }, 'running'],
  ['running', { waiting: 0, active: 0, dead: 1 }, 'stuck'],
  ['running', { waiting: 0, active: 0, dead: 0 }, 'running'],
  ['cancelled', { waiting: 0, active: 0, dead: 1 }, 'cancelled'],
] as const)('%s with %j is %s', (state, found, expected) => {
  expect(statusOf({ ...parts, entry: { ...entry, state }, counts: found }).state).toBe(expected);
});

describe('options', () => {
  const output = { source: 'a', sink: 'b' };
  test.each<[object, RegExp]>([
    [{ ...output, clean: { rejectIf: () => true } }, /an object of JSON .* for clean/],
    [{ ...output, chunk: { chunk: async () => [] } }, /an object of JSON .* for chunk/],
    [{ ...output, source: [{ id: 'a', text: 'b' }] }, /a job has no other sources/],
    [{ ...output, jobId: 'a:b' }, /letters, digits, - and _ for jobId/],
    [{ ...output, shards: 3 }, /Unknown option "shards"/],
  ])('%j', (options, message) => {
    expect(() => checkSubmitOptions(options as SubmitOptions)).toThrow(message);
  });

  test('of the server', async () => {
    expect(() => checkConnectOptions({ redis: 'http://x' })).toThrow('Expected redis://host:port');
    await expect(CorpusJobs.connect({ prefix: 'ovembed' })).rejects.toThrow('is that of the cache');
  });
});
