/** `ovembed serve` from outside: how it starts, is told things by signals, and ends. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { callNativeNow, native } from '../../lib/native.js';
import { tinyModels, writeTinyModel } from '../../scripts/models/make-tiny.mjs';

const MAIN = join(import.meta.dirname, '../../dist/cli/main.js');
const RUNS = process.env.OVEMBED_TEST_FULL === '1' ? 50 : 3;
const CLIENTS = 64;
const FULL_TIMEOUT_MS = Math.max(180_000, RUNS * 20_000);

const folder = mkdtempSync(join(tmpdir(), 'ovembed-serve-'));
const model = join(folder, 'model');
writeTinyModel(tinyModels.mean, model);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const children = new Set<ChildProcess>();
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
});

interface Served {
  child: ChildProcess;
  address: string;
  /** What it says on standard error, so far. */
  said(): string;
  /** Exit code and signal. */
  ended: Promise<[number | null, NodeJS.Signals | null]>;
}

async function serve(...args: string[]): Promise<Served> {
  const child = spawn(process.execPath, [MAIN, 'serve', ...args, '--json', '--cache-dir', folder], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  children.add(child);
  let said = '';
  child.stderr?.on('data', (chunk) => (said += chunk));
  const ended = once(child, 'exit') as Served['ended'];
  await until(() => said.includes('"ready"') || child.exitCode !== null);
  const address = /"address":"([^"]+)"/.exec(said)?.[1];
  if (address === undefined) throw new Error(`It did not start: ${said}`);
  return { child, address, said: () => said, ended };
}

async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 60_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error('It did not come to pass.');
    await delay(10);
  }
}

/**
 * Asks by a connection of its own that is kept, until the server is gone.
 * @returns how many of its requests were dropped
 */
async function client(address: string, agent: Agent, isDraining: () => boolean, onAnswer: () => void): Promise<number> {
  let dropped = 0;
  const body = JSON.stringify({ input: ['the river runs', 'seven old mills'] });
  for (;;) {
    let connected = false;
    const outcome = await new Promise<number | string>((resolve) => {
      const headers = { 'content-type': 'application/json', 'content-length': body.length };
      const asked = request(`${address}/v1/embeddings`, { method: 'POST', agent, headers }, (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode as number));
        response.on('error', () => resolve('cut'));
      });
      asked.on('socket', (socket) => (connected = !socket.connecting));
      asked.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
      asked.end(body);
    });
    if (outcome === 200) onAnswer();
    // A connection made after the signal may be refused; a request on one that was there before may not be lost.
    else if (connected || !isDraining()) dropped++;
    if (outcome !== 200) return dropped;
  }
}

describe('standard error', () => {
  const post = (address: string) =>
    fetch(`${address}/v1/embeddings`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"input":"mandragora"}',
    });

  test('has a line of JSON for each request, without its text', async () => {
    const { address, said } = await serve(model, '--port', '0');
    const id = (await post(address)).headers.get('x-request-id');
    await until(() => said().includes('"msg":"request"'));
    const line = said()
      .split('\n')
      .find((one) => one.includes('"msg":"request"')) as string;
    expect(JSON.parse(line)).toMatchObject({ level: 30, route: '/v1/embeddings', status: 200, reqId: id, texts: 1 });
    expect(said()).not.toContain('mandragora');
  });

  test('has none at a higher level', async () => {
    const { address, said, child, ended } = await serve(model, '--port', '0', '--log-level', 'warn');
    await (await post(address)).text();
    child.kill('SIGTERM');
    await ended;
    expect(said()).not.toContain('"msg":"request"');
  });
});

test('a port that is taken is named, as wrong usage', async () => {
  const { address } = await serve(model, '--port', '0');
  const { port } = new URL(address);
  const args = [MAIN, 'serve', model, '--port', port, '--cache-dir', folder, '--quiet'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  children.add(child);
  let said = '';
  child.stderr.on('data', (chunk) => (said += chunk));
  expect(await once(child, 'close')).toEqual([2, null]);
  expect(said).toBe(
    `ovembed: cannot listen: address already in use 127.0.0.1:${port}. Name another place by --port or --host.\n`,
  );
});

describe('SIGTERM', () => {
  test(
    'drains: of all that was accepted, nothing is dropped',
    async () => {
      for (let run = 0; run < RUNS; run++) {
        const { child, address, ended } = await serve(model, '--port', '0');
        const agents = Array.from({ length: CLIENTS }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
        let answered = 0;
        const clients = agents.map((agent) =>
          client(
            address,
            agent,
            () => child.killed,
            () => answered++,
          ),
        );
        await until(() => answered > CLIENTS);
        await delay(Math.random() * 200);
        child.kill('SIGTERM');
        const dropped = await Promise.all(clients);
        expect(await ended).toEqual([0, null]);
        for (const agent of agents) agent.destroy();
        expect(dropped.every((count) => count === 0)).toBe(true);
      }
    },
    FULL_TIMEOUT_MS,
  );

  test('ends an idle server at once, also with a connection that is kept', async () => {
    const { child, address, ended } = await serve(model, '--port', '0');
    const agent = new Agent({ keepAlive: true });
    await new Promise((resolve) =>
      request(`${address}/health`, { agent }, (response) => response.resume().on('end', resolve)).end(),
    );
    child.kill('SIGTERM');
    expect(await Promise.race([ended, delay(5_000)])).toEqual([0, null]);
    agent.destroy();
  });

  test.for([[], ['--workers', '2']])('ends a server whose model is still coming %j', async (more) => {
    let asked = false;
    const hub = createServer(() => (asked = true)).listen(0, '127.0.0.1'); // answers nothing
    await once(hub, 'listening');
    const HF_ENDPOINT = `http://127.0.0.1:${(hub.address() as AddressInfo).port}`;
    const env = { ...process.env, HF_ENDPOINT, HF_HOME: join(folder, 'hub') };
    const child = spawn(process.execPath, [MAIN, 'serve', 'org/none', '--port', '0', ...more], {
      stdio: 'ignore',
      env,
    });
    children.add(child);
    await until(() => asked);
    child.kill('SIGTERM');
    expect(await Promise.race([once(child, 'exit'), delay(5_000)])).toEqual([0, null]);
    hub.closeAllConnections();
    hub.close();
  });

  test('tells balancers at once', async () => {
    const { child, address, ended } = await serve(model, '--port', '0');
    const agent = new Agent({ keepAlive: true });
    const health = () =>
      new Promise<string>((resolve, reject) => {
        const asked = request(`${address}/health`, { agent }, (response) => {
          let text = '';
          response
            .on('data', (chunk) => (text += chunk))
            .on('end', () => resolve(`${response.statusCode} ${JSON.parse(text).status}`));
        });
        asked.on('error', reject).end();
      });
    expect(await health()).toBe('200 ok');
    child.kill('SIGTERM');
    await delay(30);
    expect(await health()).toBe('503 draining');
    await ended;
    agent.destroy();
  });
});

test('SIGHUP reads keys and configuration again', async () => {
  const keys = join(folder, 'keys');
  const config = join(folder, 'server.json');
  writeFileSync(keys, '# of the team\nfirst\n');
  writeFileSync(config, JSON.stringify({ port: 0, apiKeyFile: keys, models: [{ model, name: 'one' }] }));
  const { child, address, said } = await serve('--config', config);
  const status = async (key: string) => {
    const answer = await fetch(`${address}/v1/models`, { headers: { authorization: `Bearer ${key}` } });
    return answer.status === 200
      ? ((await answer.json()) as { data: { id: string }[] }).data.map(({ id }) => id)
      : answer.status;
  };
  expect([await status('first'), await status('second')]).toEqual([['one'], 401]);
  writeFileSync(keys, 'second\n');
  writeFileSync(
    config,
    JSON.stringify({
      port: 0,
      apiKeyFile: keys,
      models: [
        { model, name: 'one' },
        { model, name: 'two' },
      ],
    }),
  );
  child.kill('SIGHUP');
  await until(() => said().includes('"reloaded"'));
  expect([await status('first'), await status('second')]).toEqual([401, ['one', 'two']]);
  writeFileSync(config, '{"hosts":1}');
  child.kill('SIGHUP');
  await until(() => said().includes('not reloaded'));
  expect(said()).toContain('Did you mean host?');
  expect(await status('second')).toEqual(['one', 'two']);
});

test('a Unix socket is its owner’s, and one left behind is replaced', async () => {
  const socket = join(folder, 'ovembed.sock');
  const first = await serve(model, '--socket', socket);
  expect(statSync(socket).mode & 0o777).toBe(0o600);
  await expect(serve(model, '--socket', socket)).rejects.toThrow('Another process listens');
  first.child.kill('SIGKILL');
  await first.ended;
  const second = await serve(model, '--socket', socket);
  const status = await new Promise((resolve) =>
    request({ socketPath: socket, path: '/health', headers: { host: 'localhost' } }, ({ statusCode }) =>
      resolve(statusCode),
    ).end(),
  );
  expect(status).toBe(200);
  second.child.kill('SIGTERM');
  expect(await second.ended).toEqual([0, null]);
});

test('--print-config shows what is in force, without keys', async () => {
  const config = join(folder, 'printed.mjs');
  writeFileSync(
    config,
    `export default { port: 1, host: '::1', apiKeys: ['secret'], models: [{ model: 'a/b', lazy: true }] };`,
  );
  const args = [MAIN, 'serve', '--config', config, '--print-config', '--port', '3'];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, OVEMBED_PORT: '2', OVEMBED_HOST: '127.0.0.2' },
  });
  let printed = '';
  child.stdout.on('data', (chunk) => (printed += chunk));
  await once(child, 'exit');
  expect(JSON.parse(printed)).toEqual({
    port: 3,
    host: '127.0.0.2',
    apiKeys: ['***'],
    models: [{ model: 'a/b', lazy: true }],
  });
});

describe('--workers', () => {
  test('the socket is theirs for as long as they run, whatever is collected', async () => {
    const hook = join(folder, 'collect.cjs');
    writeFileSync(
      hook,
      "require('v8').setFlagsFromString('--expose-gc'); if (require('cluster').isPrimary) setInterval(require('vm').runInNewContext('gc'), 100).unref();",
    );
    const socket = join(folder, 'workers.sock');
    vi.stubEnv('NODE_OPTIONS', `--require=${hook}`);
    const { child, ended } = await serve(model, '--socket', socket, '--workers', '2');
    vi.unstubAllEnvs();
    await delay(300);
    const lock = () => callNativeNow(() => native().lockFile(`${socket}.lock`));
    expect(lock()).toBeNull();
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    expect(lock()).not.toBeNull();
  });

  test('share a port; one that is killed is replaced, and they drain together', async () => {
    const { child, address, said, ended } = await serve(model, '--port', '0', '--workers', '2');
    const ask = async () => {
      const answer = await fetch(`${address}/v1/embeddings`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', connection: 'close' },
        body: JSON.stringify({ input: 'the river runs' }),
      });
      return answer.status;
    };
    const statuses = await Promise.all(Array.from({ length: 20 }, ask));
    expect(new Set(statuses)).toEqual(new Set([200]));
    const metrics = await (await fetch(`${address}/metrics`)).text();
    expect(metrics).toMatch(/^te_request_count (20|21)$/m);
    const workers = execFileSync('pgrep', ['-P', String(child.pid)], { encoding: 'utf8' })
      .trim()
      .split('\n');
    expect(workers).toHaveLength(2);
    process.kill(Number(workers[0]), 'SIGKILL');
    await until(() => said().includes('worker replaced'));
    await until(
      () =>
        execFileSync('pgrep', ['-P', String(child.pid)], { encoding: 'utf8' })
          .trim()
          .split('\n').length === 2,
    );
    expect(await ask()).toBe(200);
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });
});
