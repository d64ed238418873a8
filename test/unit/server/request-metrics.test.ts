/** What is under way: what a drain waits for, so it must come to nothing whatever became of a request. */
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fastify } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RequestMetrics } from '../../../lib/server/request-metrics.js';

const app = () => fastify({ forceCloseConnections: true });
let server: ReturnType<typeof app>;
let metrics: RequestMetrics;
let port: number;
beforeEach(async () => {
  server = app();
  server.addHook('onRequest', async ({ headers }) => {
    if (headers.refused) throw new Error('refused');
  });
  metrics = new RequestMetrics();
  await server.register(async (routes) => {
    metrics.watch(routes);
    routes.get('/', () => 'here');
    routes.get('/slow', () => delay(100, 'slow'));
  });
  await server.listen({ port: 0 });
  port = (server.server.address() as AddressInfo).port;
});
afterEach(() => server.close());

const counts = () =>
  Object.fromEntries(metrics.counts.map(([{ route, status }, count]) => [`${route} ${status}`, count]));

test('an answer is counted', async () => {
  await fetch(`http://localhost:${port}/`);
  await delay(20);
  expect([metrics.active, counts()]).toEqual([0, { 'GET / 200': 1 }]);
});

test('how long it took is measured, in an app without a logger, too', async () => {
  await fetch(`http://localhost:${port}/slow`);
  await delay(20);
  expect(metrics.durations[0]?.[1].sum).toBeGreaterThan(80);
});

test('a client that goes away leaves nothing under way', async () => {
  const asked = request({ port, path: '/slow' });
  asked.on('error', () => {});
  asked.end();
  await delay(30);
  expect(metrics.active).toBe(1);
  asked.destroy();
  await delay(150);
  expect([metrics.active, counts()]).toEqual([0, { 'GET /slow 499': 1 }]);
  expect([metrics.succeeded, metrics.failures]).toEqual([0, []]);
});

test('what is refused before it is counted is not counted when it ends', async () => {
  const { status } = await fetch(`http://localhost:${port}/`, { headers: { refused: '1' } });
  await delay(20);
  expect([status, metrics.active]).toEqual([500, 0]);
});
