/** The embedder of another process: everything is as if it were of this one. */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { Embedder, type RemoteEmbedder } from '../../../lib/index.js';
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
    expect(await codeOf(call(running.embedder as unknown as RemoteEmbedder))).toBe(code);
  });

  test('an abort rejects with its reason', async () => {
    const controller = new AbortController();
    const call = remote.embed(Array(2_000).fill('mill'), { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
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
