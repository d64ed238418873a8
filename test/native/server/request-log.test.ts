/** A line for each request, and no text anywhere but in answers that are made of it. */
import { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Logger } from '../../../lib/index.js';
import { Embedder } from '../../../lib/index.js';
import { createServer } from '../../../lib/server/index.js';
import { requests } from '../../../lib/server/request-watch.js';
import { tinyModels, writeTinyModel } from '../../../scripts/models/make-tiny.mjs';
import { temporaryFolder } from '../support.js';
import { post, type Running, raw, startServer } from './support.js';

const KEY = 'mandragora-key-0815';
/** What no line may have. */
const PHRASE = 'mandragora';
const TEXT = `a text of ${PHRASE}`;

let logged = '';
let running: Running;
const headers = { authorization: `Bearer ${KEY}` };
const stream = new Writable({
  write(chunk, _, done) {
    logged += chunk;
    done();
  },
});
const write = (message: string) => (logged += `${message}\n`);
const logger: Logger = { debug: write, info: write, warn: write, error: write };

beforeAll(async () => {
  const folder = temporaryFolder();
  writeTinyModel(tinyModels.mean, folder);
  const models = [{ name: 'tiny', model: folder, precision: 'f32' as const, truncate: 'error' as const, cache: {} }];
  running = await startServer({ models, logger, apiKeys: [KEY], requestLog: { level: 'trace', stream } });
});

interface Line {
  level: number;
  reqId: string;
  route: string | null;
  status: number;
  [key: string]: unknown;
}

/** Those of requests, once as many have come. */
async function lines(count: number): Promise<Line[]> {
  const found = () =>
    logged
      .split('\n')
      .filter((line) => line.includes('"msg":"request"'))
      .map((line) => JSON.parse(line) as Line);
  await expect.poll(() => found().length, { timeout: 5_000 }).toBe(count);
  return found();
}

test('a request has one line, with what it was and took', async () => {
  logged = '';
  const { headers: answered, body } = await post(`${running.url}/v1/embeddings`, { input: [TEXT, 'b'] }, headers);
  const ndjson = { ...headers, 'content-type': 'application/x-ndjson' };
  await post(`${running.url}/v1/embeddings/stream`, `"a"\n"${'mill '.repeat(99)}"\n"b"`, ndjson);
  await post(`${running.url}/embed_all`, { inputs: 'a' }, headers);
  await post(`${running.url}/embed`, { inputs: 5 }, headers);
  await post(`${running.url}/embed`, { inputs: 'a' });
  await post(`${running.url}/none`, {});
  await (await Embedder.connect(running.url, { apiKey: KEY })).embed(['a']);
  await fetch(`${running.url}/health`);
  const all = await lines(10);
  const client = expect.stringMatching(/^key [0-9a-f]{8}$/);
  const work = { model: 'tiny', client, ms: expect.any(Number), level: 30 };
  const reqId = answered.get('x-request-id');
  const { prompt_tokens: tokens } = body.usage;
  expect(all.sort((a, b) => a.status - b.status || String(a.route).localeCompare(String(b.route)))).toMatchObject([
    { route: '/embed_all', status: 200, texts: 1, ...work },
    { route: '/health', status: 200, level: 20 },
    { route: '/ovembed/v1/embed', status: 200, texts: 1, ...work },
    { route: '/ovembed/v1/info', status: 200, level: 20 },
    { route: '/ovembed/v1/models', status: 200, level: 20 },
    { route: '/v1/embeddings', method: 'POST', status: 200, reqId, texts: 2, tokens, ...work },
    { route: '/v1/embeddings/stream', status: 200, texts: 2, ...work },
    { route: '/embed', status: 401, level: 30 },
    { route: null, status: 404, level: 30 },
    { route: '/embed', status: 422, client },
  ]);
});

test('all that look at a request are not so many that Node warns of a leak', async () => {
  const { url } = await startServer({ requestLog: { level: 'silent' }, clients: { concurrent: 9 } });
  const onStart = () => {};
  const warnings: string[] = [];
  const onWarning = ({ name }: Error) => warnings.push(name);
  requests.start.subscribe(onStart);
  process.on('warning', onWarning);
  onTestFinished(() => {
    requests.start.unsubscribe(onStart);
    process.off('warning', onWarning);
  });
  const input = Array.from({ length: 1_000 }, (_, i) => `mill ${i}`);
  for (const format of ['float', 'base64']) await post(`${url}/v1/embeddings`, { input, encoding_format: format });
  expect(warnings).toEqual([]);
});

test('requests to other routes of the app, and to none, are counted and waited for, too', async () => {
  const folder = temporaryFolder();
  writeTinyModel(tinyModels.mean, folder);
  const server = await createServer({ port: 0, models: [{ name: 'tiny', model: folder, precision: 'f32' }] });
  server.app.get('/mine', async () => {
    await delay(600);
    return 'mine';
  });
  const url = await server.listen();
  expect((await fetch(`${url}/none`)).status).toBe(404);
  expect(await (await fetch(`${url}/metrics`)).text()).toContain('route="GET none",status="404"} 1');
  const asked = fetch(`${url}/mine`).then((answer) => answer.text());
  await delay(50);
  await server.close();
  expect(await asked).toBe('mine');
});

test('one whose client goes away has one, too', async () => {
  logged = '';
  const controller = new AbortController();
  const asked = fetch(`${running.url}/v1/embeddings`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ input: Array.from({ length: 2_000 }, (_, i) => `${'mill '.repeat(10)} ${i}`) }),
    signal: controller.signal,
  });
  setTimeout(() => controller.abort(), 30);
  await expect(asked).rejects.toThrow();
  expect(await lines(1)).toMatchObject([{ route: '/v1/embeddings', status: 499 }]);
});

test('no text and no key is in a log at the finest level, in an error, in metrics or in the status', async () => {
  logged = '';
  const { url, port } = running;
  const long = `${TEXT} `.repeat(100);
  const told: string[] = [];
  const tell = async (path: string, body: unknown, more: Record<string, string> = headers) => {
    const { status, text } = await post(url + path, body, more);
    if (status >= 400 || path.includes('stream')) told.push(text);
  };
  const ndjson = { ...headers, 'content-type': 'application/x-ndjson' };
  for (const [path, field] of [
    ['/v1/embeddings', 'input'],
    ['/embed', 'inputs'],
    ['/embed_all', 'inputs'],
    ['/tokenize', 'inputs'],
    ['/ovembed/v1/embed', 'inputs'],
  ] as const) {
    for (const value of [TEXT, [TEXT, long], [`${TEXT} \ud800`], { text: TEXT }, [[TEXT]], `${TEXT}`.repeat(9_000)]) {
      await tell(path, { [field]: value });
    }
    await tell(path, `{"${field}":"${TEXT}`);
    await tell(path, { [field]: TEXT }, { authorization: `Bearer ${KEY}x` });
  }
  await tell('/v1/embeddings/stream', `"${TEXT}"\n"${long}"\n{"id":1,"text":5,"more":"${TEXT}"}\n"${TEXT}`, ndjson);
  await tell(`/${PHRASE}`, {});
  await tell(`/health?text=${PHRASE}`, {});
  told.push(await raw(port, `GET /health HTTP/1.1\r\nHost: localhost\r\n${TEXT}\r\n\r\n`));
  for (const path of ['/metrics', '/ovembed/v1/status', '/health', '/v1/models', '/openapi.json']) {
    told.push(await (await fetch(url + path, { headers })).text());
  }
  running.server.app.log.error(
    { err: Object.assign(new Error('it fails', { cause: new Error('as that failed') }), { input: TEXT }) },
    'failed',
  );
  await expect.poll(() => logged.includes('it fails')).toBe(true);
  expect(logged).toContain('"cause":{"type":"Error","message":"as that failed"}');
  const all = [logged, ...told].join('\n');
  const at = all.indexOf(PHRASE);
  expect(at < 0 ? '' : all.slice(Math.max(0, at - 300), at + 100)).toBe('');
});
