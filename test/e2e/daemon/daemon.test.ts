/** One model for many processes: `ovembed serve --daemon` and `daemon: 'auto'`, with real processes that die. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Embedder } from '../../../lib/index.js';
import { tinyModels, writeTinyModel } from '../../../scripts/models/make-tiny.mjs';

const MAIN = join(import.meta.dirname, '../../../dist/cli/main.js');
const CHILD = join(import.meta.dirname, 'child.mjs');
const NOBODY = 65_534;
/** Texts that take some hundred milliseconds. */
const MANY = 8_000;

const root = mkdtempSync(join(tmpdir(), 'ovembed-daemon-'));
const model = join(root, 'model');
writeTinyModel(tinyModels.mean, model);
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A user's folder of things that run. */
const runtime = join(root, 'run');
mkdirSync(runtime, { mode: 0o700 });
const socket = join(runtime, 'ovembed-daemon/serve.sock');

const processes = new Set<ChildProcess>();
const endAll = async () => {
  await Promise.all(
    [...processes]
      .filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)
      .map((one) => kill(one)),
  );
  processes.clear();
};

const env = () => ({
  ...process.env,
  XDG_RUNTIME_DIR: runtime,
  OVEMBED_CACHE_DIR: join(root, 'cache'),
  OVEMBED_LOG: '',
});

/** The daemon that was started last. */
let latest: ChildProcess;

/** @returns the server when it is ready; throws what it says if it ends before */
async function serve(...args: string[]): Promise<ChildProcess> {
  const what = args.includes('--config') ? [] : [model];
  const child = spawn(process.execPath, [MAIN, 'serve', ...what, '--daemon', '--json', '--precision', 'f32', ...args], {
    env: env(),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  processes.add(child);
  let said = '';
  const ready = new Promise<void>((resolve, reject) => {
    child.stderr?.on('data', (chunk) => {
      said += chunk;
      if (said.includes('"ready"')) resolve();
    });
    child.on('exit', () => reject(new Error(said)));
  });
  await ready;
  latest = child;
  return child;
}

async function kill(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}

const endDaemon = (signal: NodeJS.Signals) => kill(latest, signal);

interface Loaded {
  kind: 'Embedder' | 'RemoteEmbedder';
  said: string[];
  hasRuntime: boolean;
  megabytes: number;
}

interface Outcome {
  length?: number;
  sum?: number;
  code?: string;
  message?: string;
  ms: number;
}

type Client = Loaded & { embed(texts: number): Promise<Outcome> };

/** A process with an embedder. */
async function client(options: object, address?: string): Promise<Client> {
  const args = ['--expose-gc', CHILD, model, JSON.stringify(options), ...(address === undefined ? [] : [address])];
  const child = spawn(process.execPath, args, { env: env(), stdio: ['pipe', 'pipe', 'inherit'] });
  processes.add(child);
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  const next = async () => JSON.parse((await lines.next()).value as string);
  const loaded = (await next()) as Loaded;
  const embed = (texts: number): Promise<Outcome> => {
    child.stdin?.write(`${texts}\n`);
    return next();
  };
  return { ...loaded, embed };
}

const auto = (more: object = {}) => client({ daemon: 'auto', precision: 'f32', ...more });

test('without a daemon the model is loaded, and the log says so', async () => {
  const { kind, said, embed } = await auto();
  expect(kind).toBe('Embedder');
  expect(said).toContainEqual(expect.stringContaining('no daemon of ovembed has been started'));
  expect((await embed(2)).length).toBe(2);
  await endAll();
});

describe('a daemon that runs', () => {
  beforeAll(() => serve());
  afterAll(endAll);

  test('is used by three processes, and two with other options have models of their own', async () => {
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(socket)).mode & 0o777).toBe(0o700);
    const sharing = await Promise.all([auto(), auto({ device: 'CPU' }), auto({ truncate: 'end', streams: 1 })]);
    const own = await Promise.all([auto({ dimensions: 8 }), auto({ queryInstruction: 'a query: ' })]);
    expect(sharing.map(({ kind }) => kind)).toEqual(Array(3).fill('RemoteEmbedder'));
    expect(sharing.map(({ hasRuntime }) => hasRuntime)).toEqual([false, false, false]);
    expect(sharing[0]?.said).toEqual([expect.stringContaining('is used in the server at')]);
    expect(own.map(({ kind }) => kind)).toEqual(['Embedder', 'Embedder']);
    expect(own[0]?.said).toContainEqual(expect.stringContaining('dimensions is the default, and 8 is wanted'));
    expect(own[1]?.said).toContainEqual(expect.stringContaining('its models are others'));
    const most = Math.max(...sharing.map(({ megabytes }) => megabytes));
    const least = Math.min(...own.map(({ megabytes }) => megabytes));
    if (process.env.OVEMBED_TEST_FULL === '1') console.log('MB that share, and of their own', most, least);
    expect(least - most).toBeGreaterThan(20);
    // The prompt for queries is no part of `embed`.
    const [shared, itself] = await Promise.all([sharing[0]?.embed(3_000), own[1]?.embed(3_000)]);
    expect(shared).toMatchObject({ length: 3_000, sum: itself?.sum });
  });

  test('refuses a second one, and goes on', async () => {
    await expect(serve()).rejects.toThrow(`Another process listens at ${socket}`);
    expect((await auto()).kind).toBe('RemoteEmbedder');
  });

  test('by its address is used, or there is an error', async () => {
    const load = (daemon: unknown, options: object = {}) =>
      Embedder.load(model, { precision: 'f32', ...options, daemon: daemon as string });
    const codeOf = (...args: Parameters<typeof load>) =>
      load(...args).then(
        () => 'none',
        ({ code }) => code,
      );
    await using embedder = await load(socket);
    expect((await embedder.embedQuery('a mill')).length).toBe(32);
    expect(await codeOf(socket, { dimensions: 8 })).toBe('ERR_MODEL_NOT_FOUND');
    expect(await codeOf(join(runtime, 'none'))).toBe('ERR_DEVICE_UNAVAILABLE');
    expect(await codeOf(true)).toBe('ERR_INVALID_ARGUMENT');
    expect(await codeOf('auto', { dimension: 8 })).toBe('ERR_INVALID_ARGUMENT');
  });

  test.runIf(process.getuid?.() === 0)(
    'is not asked, nor is there another, where it may be of another user',
    async () => {
      for (const foreign of [socket, dirname(socket)]) {
        chownSync(foreign, NOBODY, NOBODY);
        const { kind, said } = await auto();
        expect(kind).toBe('Embedder');
        expect(said).toContainEqual(expect.stringContaining(`${foreign} belongs to another user`));
      }
      await expect(serve()).rejects.toThrow('belongs to another user');
      chownSync(dirname(socket), 0, 0);
    },
  );
});

describe('a daemon that dies', () => {
  let patient: Client;

  test('in the middle of calls: one that waits goes on with the next daemon, one that does not has a code', async () => {
    const daemon = await serve();
    patient = await auto();
    const hasty = await client({ reconnectMs: 200 }, socket);
    const { sum } = await patient.embed(MANY);
    const calls = [patient.embed(MANY), hasty.embed(MANY)];
    await delay(100);
    await kill(daemon);
    const failure = { code: 'ERR_DEVICE_UNAVAILABLE', message: expect.stringContaining(socket) };
    expect(await calls[1]).toMatchObject(failure);
    expect(await hasty.embed(1)).toMatchObject(failure);
    await serve();
    expect(await calls[0]).toMatchObject({ length: MANY, sum });
    expect(await hasty.embed(1)).toMatchObject({ length: 1 });
  });

  test('in order drops nothing', async () => {
    const { sum } = await patient.embed(MANY);
    const call = patient.embed(MANY);
    await delay(100);
    await endDaemon('SIGTERM');
    await serve();
    expect(await call).toMatchObject({ length: MANY, sum });
  });

  test('or only stops: models are loaded, or there is an error in time', async () => {
    latest.kill('SIGSTOP');
    const connected = expect(Embedder.connect(socket)).rejects.toThrow('nothing came within');
    const { kind, said } = await auto();
    expect(kind).toBe('Embedder');
    expect(said).toContainEqual(expect.stringContaining('nothing came within'));
    await connected;
    latest.kill('SIGCONT');
    expect((await auto()).kind).toBe('RemoteEmbedder');
  });

  test('leaves a socket at which nobody is: models are loaded', async () => {
    await endDaemon('SIGKILL');
    expect(existsSync(socket)).toBe(true);
    const { kind, said } = await auto();
    expect(kind).toBe('Embedder');
    expect(said).toContainEqual(expect.stringContaining('does not answer'));
  });

  test('and comes back with other options is not used', async () => {
    const config = join(root, 'config.json');
    writeFileSync(config, JSON.stringify({ models: [{ model, precision: 'f32', dimensions: 8 }] }));
    await serve('--config', config);
    expect(await patient.embed(2)).toMatchObject({
      code: 'ERR_DEVICE_UNAVAILABLE',
      message: expect.stringContaining('another model by now'),
    });
    await endAll();
  });
});
