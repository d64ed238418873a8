/** The embedder of another process: everything is as if it were of this one. */
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import fastify from 'fastify';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { Embedder, type RemoteEmbedder } from '../../../lib/index.js';
import { ovembed } from '../../../lib/server/index.js';
import { VERSION } from '../../../lib/version.js';
import { tinyModels, writeTinyModel } from '../../../scripts/models/make-tiny.mjs';
import { temporaryFolder } from '../support.js';
import { type Running, startServer } from './support.js';

const TEXTS = ['the river runs', 'seven old mills', '', 'the river runs', 'x'.repeat(300)];
let running: Running;
let remote: RemoteEmbedder;
beforeAll(async () => {
  const socket = join(temporaryFolder(), 'ovembed.sock');
  running = await startServer({ socket, limits: { requestMs: 5_000 } });
  remote = await Embedder.connect(socket);
});

/** What results hold beside times and what ran with what. */
const plain = ({ timings: _, metadata: __, ...result }: object & { timings: unknown; metadata: unknown }) => result;

describe('gives what the embedder gives', () => {
  test.for([
    {},
    { dimensions: 8 },
    { normalize: false, dtype: 'float16' },
    { dtype: 'ubinary' },
    { truncate: 'end', prompt: 'a prompt: ' },
    { priority: 'interactive', timeoutMs: 1_000 },
  ] as const)('embed with %j', async (options) => {
    expect(plain(await remote.embed(TEXTS, options))).toEqual(plain(await running.embedder.embed(TEXTS, options)));
  });

  test('the other methods', async () => {
    const { embedder } = running;
    const { devices: _, ...info } = embedder.info;
    expect(remote.info).toMatchObject(JSON.parse(JSON.stringify(info)));
    expect(plain(await remote.embedDocuments(TEXTS))).toEqual(plain(await embedder.embedDocuments(TEXTS)));
    expect(await remote.embedQuery('a mill')).toEqual(await embedder.embedQuery('a mill'));
    expect(await remote.tokenize(TEXTS)).toEqual(await embedder.tokenize(TEXTS));
    expect(await remote.countTokens(TEXTS)).toEqual(await embedder.countTokens(TEXTS));
    expect(await remote.decode([7, 8])).toBe(await embedder.decode([7, 8]));
    expect((await remote.embedTokens(TEXTS)).map(plain)).toEqual((await embedder.embedTokens(TEXTS)).map(plain));
    expect((await remote.embed([])).length).toBe(0);
    const [tokenized] = await embedder.tokenize(['a mill']);
    const ids = tokenized?.ids as Uint32Array;
    expect((await remote.embed([ids])).data).toEqual((await embedder.embed(['a mill'])).data);
  });

  test('a stream, in order and in windows', async () => {
    const source = () =>
      (function* () {
        for (let i = 0; i < 50; i++) yield `text ${i}`;
      })();
    const collect = async (stream: AsyncIterable<{ index: number; embedding: Float32Array; tokens: number }>) => {
      const items = [];
      for await (const { index, embedding, tokens } of stream) items.push([index, embedding.slice(), tokens]);
      return items;
    };
    const expected = await collect(running.embedder.stream(source()));
    expect(await collect(remote.stream(source(), { batchSize: 8 }))).toEqual(expected);
  });
});

describe('a list that is longer than a server takes at once', () => {
  test('by its number or its characters goes in several requests', async () => {
    const { embedder } = running;
    const many = Array.from({ length: 2_500 }, (_, i) => `text ${i % 2_000}`);
    const result = await remote.embed(many, { dtype: 'float16' });
    expect(result.data).toEqual((await embedder.embed(many, { dtype: 'float16' })).data);
    expect(result.tokens).toEqual(await embedder.countTokens(many));
    expect(result.metadata.paddedTokens).toBeGreaterThan(result.usage.tokens);
    expect(await remote.countTokens(many)).toEqual(result.tokens);
    const long = Array.from({ length: 120 }, (_, i) => `${i} ${'mills \u{1f3e0} '.repeat(800)}`);
    expect(plain(await remote.embedDocuments(long))).toEqual(plain(await embedder.embedDocuments(long)));
    expect((await remote.embedTokens(TEXTS.flatMap((text) => Array(30).fill(text)))).length).toBe(150);
  });
});

test('texts are cleaned before they are sent', async () => {
  const clean = { whitespace: true } as const;
  const text = 'the   river\n\nruns ';
  expect(plain(await remote.embed([text], { clean }))).toEqual(plain(await running.embedder.embed([text], { clean })));
  for await (const { embedding } of remote.stream([text], { clean })) {
    expect(embedding).toEqual((await running.embedder.embed([text], { clean })).data);
  }
});

test('of routes that an app has mounted at a prefix', async () => {
  const app = fastify();
  onTestFinished(() => app.close());
  await app.register(ovembed, { prefix: '/ai/vectors', models: [{ name: 'tiny', embedder: running.embedder }] });
  const address = await app.listen({ port: 0, host: '127.0.0.1' });
  for (const path of ['/ai/vectors', '/ai/vectors/']) {
    const other = await Embedder.connect(address + path);
    expect((await other.embed(TEXTS)).data).toEqual((await running.embedder.embed(TEXTS)).data);
    await other.close();
  }
  await expect(Embedder.connect(`${address}/ai`)).rejects.toMatchObject({ code: 'ERR_DEVICE_UNAVAILABLE' });
});

describe('fails as the embedder fails', () => {
  const codeOf = (work: Promise<unknown>) =>
    work.then(
      () => 'none',
      ({ code }) => code,
    );

  test.for([
    ['ERR_INVALID_ARGUMENT', (embedder: RemoteEmbedder) => embedder.embed(['a'], { dimensions: 33 })],
    ['ERR_INVALID_ARGUMENT', (embedder: RemoteEmbedder) => embedder.embed(['a', '\ud800'])],
    ['ERR_INVALID_ARGUMENT', (embedder: RemoteEmbedder) => embedder.embed(['a'], { dimension: 3 } as object)],
    ['ERR_INVALID_ARGUMENT', (embedder: RemoteEmbedder) => embedder.embed([[99_999]])],
    ['ERR_INPUT_TOO_LONG', (embedder: RemoteEmbedder) => embedder.embed(['mill '.repeat(200)], { truncate: 'error' })],
    [
      'ERR_TIMEOUT',
      (embedder: RemoteEmbedder) =>
        embedder.embed(
          Array.from({ length: 2_000 }, (_, i) => `mill ${i}`),
          { timeoutMs: 1 },
        ),
    ],
  ] as const)('%s', async ([code, call]) => {
    expect(await codeOf(call(remote))).toBe(code);
    // What the server had begun for a call that timed out may be under way still, and would be waited for too long.
    const none = { texts: 0 };
    await expect.poll(() => running.embedder.status().queue).toMatchObject({ interactive: none, bulk: none });
    expect(await codeOf(call(running.embedder as unknown as RemoteEmbedder))).toBe(code);
  });

  test('an abort rejects with its reason', async () => {
    const controller = new AbortController();
    const call = remote.embed(Array(2_000).fill('mill'), { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
  });

  test('a server that does not answer does not hold up a call beyond its time', async () => {
    const held = createHttpServer((request, response) => {
      const about = { version: VERSION, name: 'x', info: remote.info, models: [] };
      if (request.method === 'GET') response.end(JSON.stringify(about));
    }).listen(0);
    afterAll(() => held.close());
    const hung = await Embedder.connect(`http://127.0.0.1:${(held.address() as AddressInfo).port}`);
    await expect(hung.embed(['a'], { timeoutMs: 50 })).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
    const controller = new AbortController();
    const stream = hung.stream(['a'], { signal: controller.signal });
    const next = stream.next();
    setTimeout(() => controller.abort(new Error('enough')), 20);
    await expect(next).rejects.toThrow('enough');
    expect(() => hung.stream(['a'], { batchSize: 0 })).toThrow('batchSize');
    await hung.close();
  });

  test('one that goes silent between two questions does not hold up connecting', async () => {
    const silent = createHttpServer(({ url }, response) => {
      const models = [{ name: 'x', model: 'x', options: {}, info: remote.info }];
      if (url?.endsWith('/models')) response.end(JSON.stringify({ version: VERSION, models }));
    }).listen(0);
    onTestFinished(() => void silent.close());
    const { timeout } = AbortSignal;
    const asked = vi.spyOn(AbortSignal, 'timeout');
    onTestFinished(() => void vi.restoreAllMocks());
    const address = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    // Of the second it is not known whether it is loaded.
    for (const [model, ms] of [
      ['x', 5_000],
      ['alias', 600_000],
    ] as const) {
      asked.mockImplementation((ms) => timeout(ms === 600_000 ? 100 : ms / 50));
      const refused = await Embedder.connect(address, { model }).catch((error) => error);
      expect(refused).toMatchObject({
        code: 'ERR_DEVICE_UNAVAILABLE',
        message: expect.stringContaining('nothing came'),
      });
      expect(asked).toHaveBeenLastCalledWith(ms);
    }
  });

  test('another model under the same name is not taken for the one that was connected to', async () => {
    const folder = temporaryFolder();
    writeTinyModel(tinyModels.mean, folder);
    const models = [{ model: folder, name: 'tiny', precision: 'f32' as const }];
    const { url, server } = await startServer({ models });
    const other = await Embedder.connect(url);
    expect((await other.embed(['a'])).length).toBe(1);
    await server.reload({ models: models.map((model) => ({ ...model, normalize: false })) });
    await expect(other.embed(['a'])).rejects.toMatchObject({ code: 'ERR_DEVICE_UNAVAILABLE' });
    expect((await (await Embedder.connect(url)).embed(['a'])).length).toBe(1);
  });

  test('without a server it says so, and a key is needed where keys are needed', async () => {
    await expect(Embedder.connect('/nowhere/ovembed.sock')).rejects.toMatchObject({ code: 'ERR_DEVICE_UNAVAILABLE' });
    const { url } = await startServer({ apiKeys: ['key'] });
    await expect(Embedder.connect(url)).rejects.toMatchObject({ message: expect.stringContaining('401') });
    await (await Embedder.connect(url, { apiKey: 'key' })).close();
  });

  test('after close it says so', async () => {
    const { url } = await startServer();
    const other = await Embedder.connect(url, { model: 'tiny' });
    await other.close();
    await expect(other.embed(['a'])).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    await expect(Embedder.connect(url, { model: 'other' })).rejects.toMatchObject({
      message: expect.stringContaining('no model'),
    });
  });
});
