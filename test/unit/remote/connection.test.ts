/** Connecting, and what answers other than vectors mean. */
import dns from 'node:dns';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Embedder } from '../../../lib/index.js';
import { VERSION } from '../../../lib/version.js';
import { asOvembed, serve } from './fake-server.js';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

test.each(['', '127.0.0.1:8080', 'localhost:8080', 'http://'])('%j is no address', async (address) => {
  const message = `Expected a URL, such as http://127.0.0.1:8080, or the path of a socket for the address, received "${address}".`;
  await expect(Embedder.connect(address)).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT', message });
});

describe('what is no server of ovembed of this version is said to be none', () => {
  test.for<[string, number, string]>([
    ['a page', 200, '<html></html>'],
    ['another JSON', 200, '{"object":"list","data":[]}'],
    ['no object', 200, 'null'],
    ['models of another kind', 200, JSON.stringify({ version: VERSION, models: [{ id: 'x' }] })],
    ['nothing of that name', 404, '{"message":"Not Found","statusCode":404}'],
  ])('%s', async ([, status, body]) => {
    const url = await serve((_, response) => response.writeHead(status).end(body));
    const failure = { code: 'ERR_DEVICE_UNAVAILABLE', message: `What answers at ${url} is no server of ovembed.` };
    await expect(Embedder.connect(url)).rejects.toMatchObject(failure);
  });

  test('info of another kind', async () => {
    const answer = asOvembed();
    const url = await serve((asked, response) => {
      if (asked.path === '/ovembed/v1/models') return answer(asked, response);
      return response.end('{"name":"x"}');
    });
    await expect(Embedder.connect(url)).rejects.toThrow('is no server of ovembed');
  });

  test('another version', async () => {
    const url = await serve(asOvembed(undefined, { version: '0.0.0', models: [{ later: true }] }));
    const message = `The server at ${url} is ovembed 0.0.0, and this is ${VERSION}: use the same version on both sides.`;
    await expect(Embedder.connect(url)).rejects.toMatchObject({ code: 'ERR_DEVICE_UNAVAILABLE', message });
  });

  test('a page in place of vectors, and of ids', async () => {
    const url = await serve(asOvembed((_, response) => response.end('<html>'.repeat(100))));
    await using remote = await Embedder.connect(url);
    await expect(remote.embed(['a'])).rejects.toMatchObject({ code: 'ERR_DEVICE_FAILED' });
    await expect(remote.countTokens(['a'])).rejects.toMatchObject({ code: 'ERR_DEVICE_FAILED' });
  });
});

test('options and addresses are checked', async () => {
  const refused = { code: 'ERR_INVALID_ARGUMENT' };
  await expect(Embedder.connect('x.sock', { apikey: 'k' } as object)).rejects.toThrow('Did you mean apiKey?');
  await expect(Embedder.connect('x.sock', { model: 5 as never })).rejects.toMatchObject(refused);
  await expect(Embedder.connect('x.sock', { reconnectMs: -1 })).rejects.toMatchObject(refused);
  await expect(Embedder.connect('x.sock', null as never)).rejects.toMatchObject(refused);
  for (const address of ['http://', '', 5])
    await expect(Embedder.connect(address as string)).rejects.toMatchObject(refused);
});

test('of several keys of the environment the first is sent', async () => {
  const seen: (string | undefined)[] = [];
  const answer = asOvembed();
  const url = await serve((asked, response) => {
    seen.push(asked.headers.authorization);
    return answer(asked, response);
  });
  for (const keys of ['first,second', '', undefined]) {
    vi.stubEnv('OVEMBED_API_KEY', keys);
    await (await Embedder.connect(url)).close();
  }
  expect(new Set(seen)).toEqual(new Set(['Bearer first', undefined]));
});

describe('a refusal without a code of ovembed', () => {
  test.for<[number, object, Record<string, string>, object]>([
    [
      429,
      { code: 'ERR_RATE_LIMIT', message: 'enough', retryAfterMs: 70 },
      {},
      { code: 'ERR_OVERLOADED', retryAfterMs: 70 },
    ],
    [429, {}, { 'retry-after': '2' }, { code: 'ERR_OVERLOADED', retryAfterMs: 2_000 }],
    [429, {}, { 'retry-after': '2', 'retry-after-ms': '1500' }, { code: 'ERR_OVERLOADED', retryAfterMs: 1_500 }],
    [404, { code: 'model_not_found', message: 'no such' }, {}, { code: 'ERR_MODEL_NOT_FOUND' }],
    [408, { code: 'ERR_SLOW_BODY', message: 'late' }, {}, { code: 'ERR_TIMEOUT' }],
    [413, {}, {}, { code: 'ERR_INVALID_ARGUMENT' }],
    [502, {}, {}, { code: 'ERR_DEVICE_FAILED' }],
  ])('%i %j %j', async ([status, body, headers, failure]) => {
    const url = await serve(asOvembed((_, response) => response.writeHead(status, headers).end(JSON.stringify(body))));
    await using remote = await Embedder.connect(url);
    await expect(remote.embed(['a'])).rejects.toMatchObject(failure);
  });
});

test('a list waits for as long as a limit of requests says', async () => {
  let requests = 0;
  const answer = asOvembed((_, response) => {
    requests++;
    if (requests === 2) response.writeHead(429, { 'retry-after-ms': '30' }).end('{"code":"ERR_RATE_LIMIT"}');
  });
  await using remote = await Embedder.connect(await serve(answer));
  expect((await remote.embed(Array(1_500).fill('x'))).length).toBe(1_500);
  expect(requests).toBe(3);
});

test.for(['ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])(
  'a server that cannot be reached for a while (%s) is waited for, as nothing was sent',
  async (code) => {
    let failures = 0;
    const answer = asOvembed();
    const url = await serve((asked, response) => answer(asked, response.setHeader('connection', 'close')));
    vi.spyOn(dns, 'lookup').mockImplementation(((_: string, __: object, done: (...answer: unknown[]) => void) => {
      if (failures-- > 0) done(Object.assign(new Error(code), { code }));
      else done(null, [{ address: '127.0.0.1', family: 4 }]);
    }) as never);
    await using remote = await Embedder.connect(url.replace('127.0.0.1', 'server.test'));
    failures = 3;
    expect((await remote.embed(['a'])).length).toBe(1);
    expect(failures).toBeLessThan(0);
  },
);
