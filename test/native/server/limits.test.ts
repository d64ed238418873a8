/** Limits of connections, headers and time at their edges; keys, hosts, sockets and certificates. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyRequest } from 'fastify';
import { beforeAll, describe, expect, test } from 'vitest';
import { checkConfig } from '../../../lib/server/config.js';
import { ApiKeys, readKeys } from '../../../lib/server/guards/api-keys.js';
import { createServer, type ServerOptions } from '../../../lib/server/index.js';
import { temporaryFolder } from '../support.js';
import { type Running, raw, startServer, statusOf } from './support.js';

let running: Running;
const limits = { connections: 5, receiveMs: 1_500 };
beforeAll(async () => {
  running = await startServer({ limits });
});

/** A connection that asks for something and is kept; resolves with what comes first, `''` if it is closed. */
function held(port: number): Promise<{ socket: Socket; answer: string }> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () =>
      socket.write('GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n'),
    );
    socket.on('error', () => {});
    socket.once('data', (data) => resolve({ socket, answer: data.toString() }));
    socket.once('close', () => resolve({ socket, answer: '' }));
  });
}

describe('limits are exact', () => {
  test('connections', async () => {
    const connections = [];
    for (let i = 0; i < limits.connections; i++) connections.push(await held(running.port));
    for (const { answer } of connections) expect(answer).toContain(' 200 ');
    expect((await held(running.port)).answer).toBe('');
    connections[0]?.socket.destroy();
    await delay(100);
    const another = await held(running.port);
    expect(another.answer).toContain(' 200 ');
    for (const { socket } of [...connections, another]) socket.destroy();
    await delay(100);
  });

  test('number of headers', async () => {
    const ask = (count: number) => {
      const more = Array.from({ length: count - 2 }, (_, i) => `X-${i}: a\r\n`).join('');
      return raw(running.port, `GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${more}\r\n`);
    };
    expect(await ask(100)).toContain(' 200 ');
    expect(await ask(101)).toContain(' 431 ');
  });

  test('time until a body has come', async () => {
    const body = '{"input":"a"}';
    const head = `POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
    const sendIn = (ms: number) =>
      new Promise<string>((resolve) => {
        let answer = '';
        const socket = connect(running.port, '127.0.0.1', async () => {
          socket.write(head + body.slice(0, 5));
          await delay(ms);
          socket.write(body.slice(5));
        });
        socket.on('data', (data) => (answer += data)).on('error', () => {});
        socket.on('close', () => resolve(answer));
      });
    expect(await sendIn(limits.receiveMs * 0.5)).toContain(' 200 ');
    expect(await sendIn(limits.receiveMs * 1.5)).not.toContain(' 200 ');
  });
});

describe('a file of keys', () => {
  const keysOf = (text: string) => {
    const path = join(temporaryFolder(), 'keys');
    writeFileSync(path, text);
    return readKeys(path);
  };

  test('has a key on every line; comments, spaces around and empty lines are left out', async () => {
    expect(await keysOf('# of the team\r\n one \r\n\r\n\ttwo\n  # old\nthr ee')).toEqual(['one', 'two', 'thr ee']);
  });

  test('without keys, and none at all, is an error that names it', async () => {
    await expect(keysOf('\n# none\n')).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringMatching(/keys has none.*keys/),
    });
    await expect(readKeys('/nowhere/keys')).rejects.toThrow('/nowhere/keys');
  });

  test('is used beside keys of the options', async () => {
    const path = join(temporaryFolder(), 'keys');
    writeFileSync(path, 'of-the-file\n');
    const { port } = await startServer({ apiKeys: ['given'], apiKeyFile: path });
    const status = (authorization?: string) =>
      statusOf(port, '/v1/models', authorization === undefined ? {} : { authorization });
    for (const key of ['of-the-file', 'given']) expect(await status(`Bearer ${key}`)).toBe(200);
    for (const scheme of ['bearer given', 'BEARER  given']) expect(await status(scheme)).toBe(200);
    for (const wrong of [
      undefined,
      '',
      'given',
      'Bearer',
      'Bearer ',
      'Bearer give',
      'Bearer given2',
      'Basic given',
      'Bearer Given',
    ]) {
      expect(await status(wrong)).toBe(401);
    }
  });
});

describe('options that do not fit', () => {
  test.for([
    [{}, 'models'],
    [{ models: [] }, 'at least one model'],
    [{ models: [{}] }, 'models[0].model'],
    [{ models: [{ name: 'a', embedder: {} }] }, 'embedder'],
    [{ models: [{ model: 'a', devices: 'CPU' }] }, 'Did you mean device?'],
    [{ models: [{ model: 'a' }], hosts: 'b' }, 'Did you mean host?'],
    // A timer of as long would be over at once.
    [{ models: [{ model: 'a' }], limits: { receiveMs: 2 ** 31 } }, 'receiveMs'],
  ] as const)('%j', async ([options, message]) => {
    await expect(createServer(options as unknown as ServerOptions)).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    });
  });
});

test('a client is called the same while keys are exchanged', () => {
  const request = { headers: { authorization: 'Bearer one' } } as FastifyRequest;
  const keys = new ApiKeys(['one']);
  const name = keys.check(request);
  expect(name).toMatch(/^key [0-9a-f]{8}$/);
  keys.replace(['two', 'one']);
  expect(keys.check(request)).toBe(name);
});

test('how long a wrong key takes tells nothing of how much of it is right', () => {
  const key = 'a'.repeat(64);
  const keys = new ApiKeys([key]);
  const [lengths, times]: [number[], number[]] = [[], []];
  for (let i = 0; i < 12_000; i++) {
    const right = (i * 37) % 64;
    const given = { headers: { authorization: `Bearer ${key.slice(0, right).padEnd(64, 'b')}` } } as FastifyRequest;
    const started = process.hrtime.bigint();
    expect.soft(() => keys.check(given)).toThrow();
    const ns = Number(process.hrtime.bigint() - started);
    if (i < 2_000) continue; // while the code is compiled
    lengths.push(right);
    times.push(ns);
  }
  expect(Math.abs(correlation(lengths, ranks(times)))).toBeLessThan(0.06);
});

/** Times have outliers, their order has none. */
function ranks(values: readonly number[]): number[] {
  const rank = new Array<number>(values.length);
  const order = values.map((_, i) => i).sort((a, b) => (values[a] as number) - (values[b] as number));
  for (const [place, i] of order.entries()) rank[i] = place;
  return rank;
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  const product = (x: readonly number[], y: readonly number[], mx: number, my: number) =>
    x.reduce((sum, value, i) => sum + (value - mx) * ((y[i] as number) - my), 0);
  return product(a, b, meanA, meanB) / Math.sqrt(product(a, a, meanA, meanA) * product(b, b, meanB, meanB));
}

describe('hosts', () => {
  test('of allowedHosts are answered to besides those of loopback', async () => {
    const { port } = await startServer({ allowedHosts: ['Vectors.internal'] });
    for (const host of ['vectors.internal', `VECTORS.INTERNAL:${port}`, 'localhost', '[::1]:1']) {
      expect(await statusOf(port, '/health', { host })).toBe(200);
    }
    for (const host of ['internal', 'a.vectors.internal', 'vectors.internal.evil.example']) {
      expect(await statusOf(port, '/health', { host })).toBe(421);
    }
  });

  test('of a public address are any, or only those of allowedHosts', async () => {
    const any = await startServer({ host: '0.0.0.0', insecure: true });
    expect(await statusOf(any.port, '/health', { host: 'whatever.example' })).toBe(200);
    const some = await startServer({ host: '0.0.0.0', insecure: true, allowedHosts: ['vectors.example'] });
    expect(await statusOf(some.port, '/health', { host: 'vectors.example:443' })).toBe(200);
    expect(await statusOf(some.port, '/health', { host: 'localhost' })).toBe(421);
  });
});

describe('a Unix socket', () => {
  test('has the mode that is asked for', async () => {
    for (const socketMode of [0o600, 0o660, 0o666]) {
      const socket = join(temporaryFolder(), 's');
      await startServer({ socket, socketMode });
      expect(statSync(socket).mode & 0o777).toBe(socketMode);
    }
  });

  test('has a path that is not cut', async () => {
    const folder = temporaryFolder();
    const most = process.platform === 'linux' ? 107 : 103;
    const pathOf = (bytes: number) => join(folder, 's'.repeat(bytes - folder.length - 1));
    await startServer({ socket: pathOf(most) });
    const refused = { code: 'ERR_INVALID_ARGUMENT', message: expect.stringContaining(`at most ${most} bytes`) };
    await expect(startServer({ socket: pathOf(most + 1) })).rejects.toMatchObject(refused);
    expect(readdirSync(folder).filter((name) => !name.endsWith('.lock'))).toHaveLength(1);
  });

  test('has a mode that is one', () => {
    const models = [{ model: 'a' }];
    checkConfig({ models, socketMode: 0o777 }, 'test');
    for (const socketMode of [0o1000, -1, 6.5]) {
      expect(() => checkConfig({ models, socketMode }, 'test')).toThrow('socketMode');
    }
  });
});

describe('TLS', () => {
  const folder = temporaryFolder();
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  beforeAll(() => {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', keyFile];
    execFileSync('openssl', ['req', '-x509', ...key, '-out', certFile, '-days', '2', ...subject], { stdio: 'ignore' });
  });

  test('by files of a certificate and its key', async () => {
    const { port, url } = await startServer({ tls: { certFile, keyFile } });
    expect(url).toMatch(/^https:/);
    const status = await new Promise((resolve, reject) =>
      httpsRequest(
        { host: '127.0.0.1', port, path: '/health', ca: readFileSync(certFile), agent: false },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      )
        .on('error', reject)
        .end(),
    );
    expect(status).toBe(200);
    expect(await raw(port, 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n', 500)).not.toContain(' 200 ');
  });

  test('files that hold something else are named', async () => {
    const refused = { code: 'ERR_INVALID_ARGUMENT', message: expect.stringContaining(keyFile) };
    await expect(startServer({ tls: { certFile: keyFile, keyFile: certFile } })).rejects.toMatchObject(refused);
  });

  test('a file that is not there is named', async () => {
    await expect(startServer({ tls: { certFile, keyFile: '/nowhere/key.pem' } })).rejects.toThrow('/nowhere/key.pem');
  });
});
