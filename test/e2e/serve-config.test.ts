/** What `ovembed serve` is told by files, the environment and flags. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { outcome } from './cli/support.js';

const MAIN = join(import.meta.dirname, '../../dist/cli/main.js');
const EXAMPLES = join(import.meta.dirname, '../../examples/server');
const folder = mkdtempSync(join(tmpdir(), 'ovembed-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const config = { port: 1, models: [{ model: 'a/b', aliases: ['x'], lazy: true }], limits: { inputs: 7 } };
async function print(args: string[], env: NodeJS.ProcessEnv = {}) {
  const { OVEMBED_MODEL: _, ...rest } = process.env;
  const child = spawn(process.execPath, [MAIN, 'serve', ...args, '--print-config'], { env: { ...rest, ...env } });
  const { code, stdout, stderr } = await outcome(child);
  return { code, stderr, config: code === 0 ? JSON.parse(stdout) : undefined };
}

test('passwords of URLs are not printed', async () => {
  const path = join(folder, 'redis.json');
  const redis = { url: 'redis://user:secret@host:6379/1' };
  writeFileSync(path, JSON.stringify({ models: [{ model: 'a/b', cache: { redis } }] }));
  const { config } = await print(['--config', path]);
  expect(config.models[0].cache.redis.url).toBe('redis://user:***@host:6379/1');
});

test('a file of the examples is understood', async () => {
  for (const name of ['server.yaml', 'server.mjs']) {
    const { code, stderr } = await print(['--config', join(EXAMPLES, name)]);
    expect(code, stderr).toBe(0);
  }
});

describe('the environment', () => {
  test('goes before a file and behind flags; keys are not printed', async () => {
    const path = join(folder, 'server.json');
    writeFileSync(path, JSON.stringify(config));
    const env = {
      OVEMBED_HOST: '::1',
      OVEMBED_PORT: '2',
      OVEMBED_SOCKET: '/a/socket',
      OVEMBED_API_KEY: 'one,two,',
      OVEMBED_API_KEY_FILE: '/a/file',
      OVEMBED_OTEL: 'true',
    };
    const said = {
      host: '::1',
      port: 2,
      socket: '/a/socket',
      apiKeys: ['***', '***'],
      apiKeyFile: '/a/file',
      otel: true,
    };
    expect((await print(['--config', path], env)).config).toEqual({ ...config, ...said });
    expect((await print(['--config', path, '--port', '3'], env)).config).toEqual({ ...config, ...said, port: 3 });
  });

  test('has every option that is no list of models and no file', async () => {
    const path = join(folder, 'limits.json');
    writeFileSync(path, JSON.stringify(config));
    const env = {
      OVEMBED_SOCKET_MODE: '660',
      OVEMBED_ALLOWED_HOSTS: 'a,b',
      OVEMBED_DRAIN_MS: '5',
      OVEMBED_INSECURE: '1',
      OVEMBED_LIMITS_BODY_BYTES: '9',
      OVEMBED_CLIENTS_CONCURRENT: '3',
    };
    expect((await print(['--config', path], env)).config).toEqual({
      ...config,
      socketMode: 0o660,
      allowedHosts: ['a', 'b'],
      drainMs: 5,
      insecure: true,
      limits: { inputs: 7, bodyBytes: 9 },
      clients: { concurrent: 3 },
    });
  });

  test('names the model where nothing else does', async () => {
    expect((await print([], { OVEMBED_MODEL: 'c/d' })).config.models).toEqual([{ model: 'c/d' }]);
    expect((await print(['e/f'], { OVEMBED_MODEL: 'c/d' })).config.models).toEqual([{ model: 'e/f' }]);
  });

  test('that is wrong ends it', async () => {
    const { code, stderr } = await print([], { OVEMBED_PORT: 'many' });
    expect(code).not.toBe(0);
    expect(stderr).toContain('port');
  });
});
