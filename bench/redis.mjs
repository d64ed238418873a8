/** A redis-server for a case, on a free port and without files; `REDIS_SERVER`, the one that tests have fetched, or PATH. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * @param {string} folder where tests keep the one that they have fetched
 * @returns {Promise<{ url: string, stop(): void } | null>} null where there is none, or no client for it
 */
export async function startRedis(folder) {
  const Redis = await import('ioredis').then(({ Redis }) => Redis).catch(() => null);
  if (!Redis) return null;
  const port = await freePort();
  const { path, libraries } = program(folder);
  const server = spawn(path, ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', tmpdir()], {
    env: { ...process.env, ...(libraries && { LD_LIBRARY_PATH: libraries }) },
    stdio: 'ignore',
  });
  const failed = new Promise((resolve) => server.once('error', () => resolve(null)));
  const url = `redis://127.0.0.1:${port}`;
  const started = answers(Redis, url).then(() => ({ url, stop: () => server.kill('SIGKILL') }));
  return Promise.race([started, failed]);
}

function program(folder) {
  if (process.env.REDIS_SERVER) return { path: process.env.REDIS_SERVER };
  const path = join(folder, 'usr/bin/redis-server');
  return existsSync(path) ? { path, libraries: join(folder, 'usr/lib/x86_64-linux-gnu') } : { path: 'redis-server' };
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function answers(Redis, url) {
  const client = new Redis(url, { retryStrategy: () => 25, maxRetriesPerRequest: null });
  client.on('error', () => {});
  try {
    await Promise.race([client.ping(), sleep(5_000).then(() => Promise.reject(new Error('redis-server is not up')))]);
  } finally {
    client.disconnect();
  }
}
