/** Who is let in, with what, and how much of it. */
import { once } from 'node:events';
import { request } from 'node:http';
import { beforeAll, describe, expect, test } from 'vitest';
import { createServer } from '../../../lib/server/index.js';
import { post, type Running, raw, startServer, statusOf } from './support.js';

let running: Running;
const limits = { inputs: 3, bodyBytes: 4_000, charactersPerToken: 2, tokens: 10, headerBytes: 2_000 };
beforeAll(async () => {
  running = await startServer({ limits });
});

const statusOfInput = async (input: unknown) => (await post(`${running.url}/v1/embeddings`, { input })).status;

describe('limits are exact', () => {
  test('inputs', async () => {
    expect(await statusOfInput(Array(limits.inputs).fill('a'))).toBe(200);
    expect(await statusOfInput(Array(limits.inputs + 1).fill('a'))).toBe(400);
  });

  test('characters of an input', async () => {
    const most = running.embedder.info.maxTokens * limits.charactersPerToken;
    expect(await statusOfInput('a'.repeat(most))).toBe(200);
    expect(await statusOfInput('a'.repeat(most + 1))).toBe(400);
  });

  test('token ids of a request', async () => {
    expect(await statusOfInput([Array(5).fill(7), Array(5).fill(7)])).toBe(200);
    expect(await statusOfInput([Array(5).fill(7), Array(6).fill(7)])).toBe(400);
  });

  test('bytes of a body', async () => {
    const body = (bytes: number) => JSON.stringify({ input: 'a' }).padEnd(bytes);
    expect((await post(`${running.url}/v1/embeddings`, body(limits.bodyBytes))).status).toBe(200);
    expect((await post(`${running.url}/v1/embeddings`, body(limits.bodyBytes + 1))).status).toBe(413);
  });

  test('bytes of headers', async () => {
    expect(await statusOf(running.port, '/health', { 'x-a': 'a'.repeat(1_000) })).toBe(200);
    expect(await statusOf(running.port, '/health', { 'x-a': 'a'.repeat(limits.headerBytes) })).toBe(431);
  });
});

test('an address that is none: 400 in the shape of the others, and it is not quoted', async () => {
  const answer = await fetch(`${running.url}/%zz`);
  expect([answer.status, ((await answer.json()) as { error: object }).error]).toEqual([
    400,
    { message: expect.not.stringContaining('zz'), type: 'invalid_request_error', param: null, code: 'ERR_URL' },
  ]);
});

describe('requests of web pages', () => {
  test('a Host that is not of this machine: 421', async () => {
    for (const host of ['127.0.0.1', 'localhost', 'LOCALHOST:80', `127.0.0.1:${running.port}`]) {
      expect(await statusOf(running.port, '/health', { host })).toBe(200);
    }
    for (const host of ['evil.example', '127.0.0.1.evil.example', 'localhost.', '[::2]', '127.0.0.1@evil.example']) {
      expect(await statusOf(running.port, '/health', { host })).toBe(421);
    }
  });

  test('two Host headers, and none: 400', async () => {
    const get = (headers: string) => raw(running.port, `GET /health HTTP/1.1\r\n${headers}Connection: close\r\n\r\n`);
    expect(await get('Host: localhost\r\n')).toContain(' 200 ');
    expect(await get('Host: localhost\r\nHost: localhost\r\n')).toContain(' 400 ');
    expect(await get('')).toContain(' 400 ');
  });

  test('another Origin: 403, its own: let in; no CORS headers', async () => {
    expect(await statusOf(running.port, '/health', { origin: 'http://evil.example' })).toBe(403);
    expect(await statusOf(running.port, '/health', { origin: 'null' })).toBe(403);
    const host = `127.0.0.1:${running.port}`;
    expect(await statusOf(running.port, '/health', { host, origin: `http://${host}` })).toBe(200);
    const { headers } = await fetch(`${running.url}/health`);
    expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  test('what a page can send without asking is no JSON: 415', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
      const { status, body } = await post(`${running.url}/v1/embeddings`, '{"input":"a"}', { 'content-type': type });
      expect(status).toBe(415);
      expect(body.error.message).toContain('Send the header "content-type: application/json"');
    }
  });
});

describe('a public address', () => {
  const models = () => [{ name: 'tiny', embedder: running.embedder }];

  test('is refused without a key', async () => {
    await expect(createServer({ host: '0.0.0.0', port: 0, models: models() })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringContaining('insecure'),
    });
  });

  test('with a key or when told so is not', async () => {
    for (const more of [{ apiKeys: ['key'] }, { insecure: true }]) {
      const server = await createServer({ host: '0.0.0.0', port: 0, models: models(), ...more });
      await server.close();
    }
  });
});

describe('a key', () => {
  test('is needed by every route that works for a client; not by the pages, the document and the health', async () => {
    const { url } = await startServer({ apiKeys: ['key'] });
    const document = (await (await fetch(`${url}/openapi.json`)).json()) as { paths: Record<string, object> };
    const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const others = ['GET /', 'GET /docs', 'GET /ovembed/v1/models', 'GET /ovembed/v1/status', 'POST /ovembed/v1/embed'];
    const open = [];
    for (const route of [...documented, ...others]) {
      const [method = '', path] = route.split(' ');
      const body = method === 'POST' ? { body: '{}', headers: { 'content-type': 'application/json' } } : {};
      if ((await fetch(url + path, { method, ...body })).status !== 401) open.push(route);
    }
    const expected = [
      'GET /',
      'GET /docs',
      'GET /openapi.json',
      'GET /ping',
      'GET /health',
      'GET /health/live',
      'GET /health/ready',
    ];
    expect(open.sort()).toEqual(expected.sort());
  });
});

describe('one client', () => {
  test('has at most so many requests under way; another has its own', async () => {
    const { url } = await startServer({ apiKeys: ['a', 'b'], clients: { concurrent: 2 } });
    const ask = (key: string) =>
      post(
        `${url}/v1/embeddings`,
        { input: Array.from({ length: 2_000 }, (_, i) => `${i} the river runs past seven old mills`) },
        { authorization: `Bearer ${key}` },
      );
    const answers = await Promise.all([...Array(6).fill('a'), 'b'].map(ask));
    expect(answers.slice(0, 6).filter(({ status }) => status === 200)).toHaveLength(2);
    expect(answers.slice(0, 6).filter(({ status }) => status === 429)).toHaveLength(4);
    expect(answers.find(({ status }) => status === 429)?.headers.get('retry-after')).toBe('1');
    expect(answers[6]?.status).toBe(200);
    expect((await ask('a')).status).toBe(200);
  });

  test('may go away in the middle, and is not counted any more', async () => {
    const { url } = await startServer({ clients: { concurrent: 1 } });
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ input: Array.from({ length: 2_000 }, (_, i) => `${i} seven old mills`) });
    const asked = request(`${url}/v1/embeddings`, { method: 'POST', headers });
    asked.end(body, () => setTimeout(() => asked.destroy(), 50));
    await once(asked, 'error');
    await expect.poll(async () => (await post(`${url}/v1/embeddings`, { input: 'a' })).status).toBe(200);
  });

  test('may be a balancer, too: whatever its clients do, it is told how the server is', async () => {
    const { url } = await startServer({ clients: { concurrent: 1, requests: 2 } });
    const input = Array.from({ length: 2_000 }, (_, i) => `${i} seven old mills`);
    const asked = post(`${url}/v1/embeddings`, { input });
    for (let i = 0; i < 4; i++) expect((await fetch(`${url}/health`)).status).toBe(200);
    expect((await asked).status).toBe(200);
    expect((await fetch(`${url}/v1/models`)).status).toBe(200);
    expect((await fetch(`${url}/v1/models`)).status).toBe(429);
  });

  test('asks at most so often', async () => {
    const { url } = await startServer({ apiKeys: ['a', 'b'], clients: { requests: 3, windowMs: 2_000 } });
    const ask = (key: string) => post(`${url}/v1/embeddings`, { input: 'a' }, { authorization: `Bearer ${key}` });
    const answers = [];
    for (let i = 0; i < 5; i++) answers.push(await ask('a'));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429, 429]);
    expect(answers[4]?.body.error).toMatchObject({ type: 'rate_limit_error', code: 'ERR_RATE_LIMIT' });
    expect(Number(answers[4]?.headers.get('retry-after-ms'))).toBeGreaterThan(0);
    expect((await ask('b')).status).toBe(200);
  });
});
