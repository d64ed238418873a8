/** Several models behind one server: loaded when they are wanted, unloaded when they are not, under one bound of memory. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { Embedder } from '../../../lib/index.js';
import { resolveLogger } from '../../../lib/logger.js';
import { createServer } from '../../../lib/server/index.js';
import { type GivenModel, ServedModels } from '../../../lib/server/served-models.js';
import { tinyModels, writeTinyModel } from '../../../scripts/models/make-tiny.mjs';
import { temporaryFolder } from '../support.js';
import { post, type Running, startServer } from './support.js';

const folder = temporaryFolder();
beforeAll(() => writeTinyModel(tinyModels.mean, folder));
afterEach(() => vi.restoreAllMocks());

const model = (name: string, more: object = {}) => ({ model: folder, name, precision: 'f32' as const, ...more });
const ask = ({ url }: Running, name?: string, input: unknown = 'a') =>
  post(`${url}/v1/embeddings`, { input, ...(name !== undefined && { model: name }) });

async function loaded({ url }: Running): Promise<Record<string, boolean>> {
  const { models } = (await (await fetch(`${url}/health`)).json()) as { models: { name: string; loaded: boolean }[] };
  return Object.fromEntries(models.map(({ name, loaded }) => [name, loaded]));
}

describe('models', () => {
  test('are called by names and aliases; the first is that of requests that name none', async () => {
    const running = await startServer({
      models: [model('one', { aliases: ['text-embedding-3-small', 'x'] }), model('two')],
    });
    for (const [asked, name] of [
      [undefined, 'one'],
      ['one', 'one'],
      ['x', 'one'],
      ['text-embedding-3-small', 'one'],
      ['two', 'two'],
    ]) {
      const { status, body } = await ask(running, asked);
      expect([status, body.model]).toEqual([200, name]);
    }
    expect((await ask(running, 'three')).status).toBe(404);
    const { data } = (await (await fetch(`${running.url}/v1/models`)).json()) as { data: { id: string }[] };
    expect(data.map(({ id }) => id)).toEqual(['one', 'two']);
  });

  test('may not share a name', async () => {
    for (const models of [
      [model('one'), model('one')],
      [model('one'), model('two', { aliases: ['one'] })],
    ]) {
      await expect(createServer({ port: 0, models })).rejects.toMatchObject({
        code: 'ERR_INVALID_ARGUMENT',
        message: expect.stringMatching(/one/),
      });
    }
  });

  test('that are lazy are loaded by the first request, once for all that come meanwhile', async () => {
    const running = await startServer({ models: [model('eager'), model('lazy', { lazy: true })] });
    expect(await loaded(running)).toEqual({ eager: true, lazy: false });
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(running, 'lazy')));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await loaded(running)).toEqual({ eager: true, lazy: true });
  });

  test('that cannot be loaded are tried again, and the others go on', async () => {
    const running = await startServer({ models: [model('good'), { model: '/nowhere', name: 'bad', lazy: true }] });
    for (let i = 0; i < 2; i++) expect((await ask(running, 'bad')).status).toBe(503);
    expect((await ask(running, 'good')).status).toBe(200);
  });

  test('that take long to load: whoever waits is told in time, and the loading goes on', async () => {
    const lazy = model('lazy', { lazy: true, idleUnloadMs: 300 });
    const running = await startServer({ models: [lazy], limits: { receiveMs: 200, requestMs: 500 } });
    const { load } = Embedder;
    let goOn = () => {};
    const slow = new Promise<void>((resolve) => (goOn = resolve));
    vi.spyOn(Embedder, 'load').mockImplementation(async (...given) => {
      await slow;
      return load.apply(Embedder, given as never) as never;
    });
    for (const answer of await Promise.all([
      ask(running),
      post(`${running.url}/embed`, { inputs: 'a' }),
      fetch(`${running.url}/info`),
      fetch(`${running.url}/ovembed/v1/info`),
    ])) {
      expect(answer.status).toBe(504);
    }
    goOn();
    await expect.poll(() => loaded(running)).toEqual({ lazy: true });
    await expect.poll(() => loaded(running)).toEqual({ lazy: false }); // idle, though its clients left before it was there
    expect((await ask(running)).status).toBe(200);
  });

  test('that are idle are unloaded, and loaded again when asked for', async () => {
    const running = await startServer({ models: [model('idle', { idleUnloadMs: 400 })] });
    expect(await loaded(running)).toEqual({ idle: true });
    await expect.poll(() => loaded(running), { timeout: 5_000 }).toEqual({ idle: false });
    expect((await ask(running)).status).toBe(200);
    expect(await loaded(running)).toEqual({ idle: true });
  });

  test('are not unloaded after a time without end', async () => {
    const running = await startServer({ models: [model('kept', { idleUnloadMs: Infinity })] });
    await delay(100);
    expect(await loaded(running)).toEqual({ kept: true });
  });

  test('under way are not unloaded for being idle', async () => {
    const running = await startServer({ models: [model('busy', { idleUnloadMs: 1 })] });
    const input = Array.from({ length: 500 }, (_, i) => `${i} seven old mills`);
    for (const { status } of await Promise.all([1, 2, 3].map(() => ask(running, 'busy', input))))
      expect(status).toBe(200);
  });
});

describe('replace', () => {
  const served = (...given: GivenModel[]) => {
    const models = new ServedModels(given, { logger: resolveLogger(undefined), memoryBytes: 0 });
    afterAll(() => models.close());
    return models;
  };

  test('takes another embedder for another model', async ({ onTestFinished }) => {
    const [first, second] = await Promise.all([1, 2].map(() => Embedder.load(folder, { precision: 'f32' })));
    onTestFinished(async () => void (await Promise.all([first?.close(), second?.close()])));
    const models = served({ name: 'one', embedder: first as Embedder });
    await models.replace([{ name: 'one', embedder: second as Embedder }]);
    expect(models.all[0]?.embedder === second).toBe(true);
  });

  test('lets a request that makes several calls go on with the model that it has', async () => {
    const models = served(model('one'));
    let goOn = () => {};
    const replaced = new Promise<void>((resolve) => (goOn = resolve));
    const used = models.use('one', async (embedder) => {
      await embedder.embedQuery('a');
      await replaced;
      return embedder.embedQuery('b');
    });
    await expect.poll(() => models.all[0]?.embedder).not.toBeNull();
    const before = models.all[0]?.embedder as Embedder;
    await models.replace([model('one', { normalize: false })]);
    goOn();
    expect((await used).length).toBe(32);
    await expect.poll(() => before.embedQuery('a').catch(({ code }) => code)).toBe('ERR_CLOSED');
  });

  test('closes what it has loaded where a later one cannot be', async () => {
    const models = served(model('one'));
    const load = vi.spyOn(Embedder, 'load');
    await expect(models.replace([model('two'), { model: '/nowhere' }])).rejects.toMatchObject({
      code: 'ERR_MODEL_NOT_FOUND',
    });
    const loaded = await (load.mock.results[0]?.value as Promise<Embedder>);
    await expect(loaded.embedQuery('a')).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    expect(models.all.map(({ name }) => name)).toEqual(['one']);
  });
});

describe('memoryBytes', () => {
  /** Models that are as if each took 100 bytes while it is loaded. */
  function three(memoryBytes: number): ServedModels {
    const given = ['one', 'two', 'three'].map((name) => model(name, { lazy: true }));
    const models = new ServedModels(given, { logger: resolveLogger(undefined), memoryBytes });
    vi.spyOn(process.memoryUsage, 'rss').mockImplementation(() => 100 * loadedOf(models).length);
    afterAll(() => models.close());
    return models;
  }
  const loadedOf = ({ all }: ServedModels) => all.flatMap(({ name, embedder }) => (embedder ? [name] : []));
  const use = (models: ServedModels, name: string) => models.use(name, (embedder) => embedder.embedQuery('a'));

  test('the model that was used longest ago goes first', async () => {
    const models = three(199);
    for (const name of ['one', 'two', 'one', 'three']) await use(models, name);
    expect(loadedOf(models)).toEqual(['one', 'three']);
  });

  test('is exact', async () => {
    for (const [memoryBytes, expected] of [
      [100, ['one', 'two']],
      [99, ['two']],
    ] as const) {
      const models = three(memoryBytes);
      await use(models, 'one');
      await use(models, 'two');
      expect(loadedOf(models)).toEqual(expected);
    }
  });

  test('a model under way stays, and where none can go, the request is refused for a while', async () => {
    const models = three(99);
    await models.use('one', async () => {
      await expect(use(models, 'two')).rejects.toMatchObject({ status: 503, retryAfterMs: 1_000 });
      expect(loadedOf(models)).toEqual(['one']);
    });
    await use(models, 'two');
    expect(loadedOf(models)).toEqual(['two']);
  });

  test('one that is asked for while others are unloaded stays', async () => {
    const models = three(199);
    await use(models, 'one');
    await use(models, 'two');
    // Of both that were idle when room was looked for, the second is in use by the time of its turn.
    vi.spyOn(process.memoryUsage, 'rss').mockReturnValue(1_000);
    let isOver = false;
    const refused = use(models, 'three').catch((error) => error);
    await models.use('two', async (embedder) => {
      expect(await refused).toMatchObject({ status: 503 });
      await embedder.embedQuery('still here');
      isOver = true;
    });
    expect([isOver, loadedOf(models)]).toEqual([true, ['two']]);
  });
});
