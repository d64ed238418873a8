/** What workers are told, and when; that they run: test/e2e/serve.test.ts. */
import cluster, { type Worker } from 'node:cluster';
import { EventEmitter } from 'node:events';
import { afterEach, expect, test, vi } from 'vitest';
import { Workers } from '../../../lib/server/workers.js';

afterEach(() => void vi.restoreAllMocks());

test('one that starts while others reload is told as soon as it listens, as it may have read what held before', async () => {
  const worker = Object.assign(new EventEmitter(), { send: vi.fn() });
  vi.spyOn(cluster, 'fork').mockReturnValue(worker as unknown as Worker);
  const workers = new Workers({ count: 1, onReplaced: () => {} }, { clusterMetrics: async () => '' });
  const started = workers.start();
  workers.tell('reload');
  expect(worker.send).not.toHaveBeenCalled();
  worker.emit('message', { event: 'ready', address: 'there' });
  expect(await started).toEqual({ address: 'there' });
  expect(worker.send.mock.calls).toEqual([['reload']]);
});
