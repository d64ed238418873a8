/** How OpenAI's own client sees a server that refuses, is slow, or is left. */
import OpenAI from 'openai';
import { beforeAll, describe, expect, test } from 'vitest';
import { Embedder } from '../../../lib/index.js';
import { tinyModels, writeTinyModel } from '../../../scripts/models/make-tiny.mjs';
import { temporaryFolder } from '../support.js';
import { post, type Running, startServer } from './support.js';

const LONG = 'the river runs past seven old mills '.repeat(10);
const many = (count: number, name = 'text') => Array.from({ length: count }, (_, i) => `${name} ${i} ${LONG}`);

let running: Running;
beforeAll(async () => {
  running = await startServer();
});
const clientOf = ({ url }: Running, options: object = {}) =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0, ...options });

/** Its errors are of these classes, by which programs tell them apart. */
const failure = async (work: Promise<unknown>) =>
  work.then(
    () => ({ name: 'none' }),
    (error) => ({ name: error.constructor.name, status: error.status, code: error.code, type: error.type }),
  );

describe('the client', () => {
  test('waits as it is told and asks again where it was refused for a while', async () => {
    const asked = await startServer({ clients: { requests: 1, windowMs: 1_500 } });
    const waits: (string | null)[] = [];
    const client = clientOf(asked, {
      maxRetries: 2,
      fetch: async (...args: Parameters<typeof fetch>) => {
        const response = await fetch(...args);
        if (response.status === 429) waits.push(response.headers.get('retry-after-ms'));
        return response;
      },
    });
    await client.embeddings.create({ model: 'tiny', input: 'a' });
    const started = performance.now();
    await client.embeddings.create({ model: 'tiny', input: 'a' });
    const waited = performance.now() - started;
    expect(waits).toHaveLength(1);
    expect(Number(waits[0])).toBeGreaterThan(0);
    expect(waited).toBeGreaterThan(Number(waits[0]) - 20);
    expect(await failure(clientOf(asked).embeddings.create({ model: 'tiny', input: 'a' }))).toEqual({
      name: 'RateLimitError',
      status: 429,
      code: 'ERR_RATE_LIMIT',
      type: 'rate_limit_error',
    });
  });

  test('is told of a full queue by 429 and when to come again', async () => {
    const folder = temporaryFolder();
    writeTinyModel(tinyModels.mean, folder);
    const embedder = await Embedder.load(folder, {
      precision: 'f32',
      streams: 1,
      maxQueue: { texts: 50, tokens: 10_000 },
    });
    const full = await startServer({ models: [{ name: 'tiny', embedder }] });
    const asked = Array.from({ length: 20 }, (_, i) =>
      post(`${full.url}/v1/embeddings`, { input: many(40, `of ${i}`), encoding_format: 'base64' }),
    );
    const refused = (await Promise.all(asked)).filter(({ status }) => status !== 200);
    expect(refused.length).toBeGreaterThan(0);
    for (const { status, body, headers } of refused) {
      expect([status, body.error.type, body.error.code]).toEqual([429, 'rate_limit_error', 'ERR_OVERLOADED']);
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
      expect(Number(headers.get('retry-after-ms'))).toBeGreaterThan(0);
    }
    await embedder.close();
  });

  test('is told by 504 that a request took too long', async () => {
    const slow = await startServer({ limits: { requestMs: 1 } });
    const failed = { name: 'InternalServerError', status: 504, code: 'ERR_TIMEOUT', type: 'server_error' };
    expect(await failure(clientOf(slow).embeddings.create({ model: 'tiny', input: many(2_000) }))).toEqual(failed);
    // By a field of the request and by a header, in a server that allows more.
    const { embeddings } = clientOf(running);
    const short = { model: 'tiny', input: many(2_000), timeout_ms: 1 };
    expect(await failure(embeddings.create(short))).toEqual(failed);
    const headers = { 'x-request-timeout-ms': '1' };
    expect(await failure(embeddings.create({ model: 'tiny', input: many(2_000) }, { headers }))).toEqual(failed);
    expect(
      await failure(embeddings.create({ model: 'tiny', input: 'a' }, { headers: { 'x-request-timeout-ms': '0' } })),
    ).toMatchObject({ status: 400 });
  });

  test('is told by 503 that a model cannot be loaded', async () => {
    const models = [
      { name: 'tiny', embedder: running.embedder },
      { model: '/nowhere/at/all', name: 'gone', lazy: true, offline: true },
    ];
    const server = await startServer({ models });
    const { status, body, headers } = await post(`${server.url}/v1/embeddings`, { model: 'gone', input: 'a' });
    expect([status, body.error.type]).toEqual([503, 'server_error']);
    expect(headers.get('retry-after')).not.toBeNull();
    expect(await failure(clientOf(server).embeddings.create({ model: 'tiny', input: 'a' }))).toEqual({ name: 'none' });
  });

  test('that gives up, by abort or by its own timeout, leaves nothing in the queue', async () => {
    const { embedder } = running;
    const waiting = () => embedder.status().queue.bulk.texts;
    const controller = new AbortController();
    const asked = failure(
      clientOf(running).embeddings.create({ model: 'tiny', input: many(2_048, 'left') }, { signal: controller.signal }),
    );
    await expect.poll(waiting, { timeout: 10_000, interval: 1 }).toBeGreaterThan(0);
    const before = embedder.metrics().texts;
    controller.abort();
    expect((await asked).name).toBe('APIUserAbortError');
    await expect.poll(waiting, { timeout: 10_000 }).toBe(0);
    await expect.poll(() => embedder.status().inFlight.texts, { timeout: 10_000 }).toBe(0);
    expect(embedder.metrics().texts - before).toBeLessThan(2_048);
    const late = clientOf(running, { timeout: 20 }).embeddings.create({ model: 'tiny', input: many(2_048, 'late') });
    expect((await failure(late)).name).toBe('APIConnectionTimeoutError');
    await expect.poll(waiting, { timeout: 10_000 }).toBe(0);
  });

  test('does not ask again where it was wrong', async () => {
    let count = 0;
    const client = clientOf(running, {
      maxRetries: 3,
      fetch: (...args: Parameters<typeof fetch>) => {
        count++;
        return fetch(...args);
      },
    });
    for (const request of [
      { model: 'tiny', input: '' },
      { model: 'none', input: 'a' },
    ]) {
      await failure(client.embeddings.create(request));
    }
    expect(count).toBe(2);
  });
});
