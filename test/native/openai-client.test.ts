/** `ovembed/openai` beside OpenAI's own client with a server of ovembed: for the same calls the same results and errors. */
import OpenAiSdk from 'openai';
import { beforeAll, describe, expect, test } from 'vitest';
import { OpenAI } from '../../lib/adapters/openai/index.js';
import { Embedder, OvembedError } from '../../lib/index.js';
import { tinyModels, writeTinyModel } from '../../scripts/models/make-tiny.mjs';
import { type Running, startServer } from './server/support.js';
import { temporaryFolder } from './support.js';

const TEXTS = ['the river runs', 'seven old mills', 'a much longer text about nothing in particular'];

let running: Running;
let theirs: OpenAiSdk;
let ours: OpenAI;
beforeAll(async () => {
  running = await startServer();
  theirs = new OpenAiSdk({ baseURL: `${running.url}/v1`, apiKey: 'none', maxRetries: 0 });
  ours = new OpenAI({ embedder: running.embedder, name: 'tiny', aliases: ['text-embedding-3-small'], apiKey: 'x' });
});

/** What a program sees of a failure. */
const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => 'none',
    (error) => {
      const { status, code, type, param, message, error: body } = error;
      return { class: error.constructor.name, status, code, type, param, message, body };
    },
  );

describe('results', () => {
  const ids = [5, 6, 7];
  test.for([
    ['a text', { input: TEXTS[0] }],
    ['a list', { input: TEXTS }],
    ['token ids', { input: ids }],
    ['lists of token ids', { input: [ids, [8, 9]] }],
    ['floats', { input: TEXTS, encoding_format: 'float' }],
    ['base64', { input: TEXTS, encoding_format: 'base64' }],
    ['dimensions', { input: TEXTS, dimensions: 8, user: 'me' }],
    ['what is of ovembed alone', { input: TEXTS, input_type: 'query', truncate: 'end' }],
  ] as const)('of %s', async ([, body]) => {
    const asked = { model: 'tiny', ...body } as never;
    const [mine, wanted] = await Promise.all([ours.embeddings.create(asked), theirs.embeddings.create(asked)]);
    const plain = (response: typeof mine) => ({
      ...response,
      data: response.data.map(({ embedding, ...rest }) => {
        const isText = typeof embedding === 'string';
        return { ...rest, embedding: isText ? embedding : Array.from(Float32Array.from(embedding)) };
      }),
    });
    expect(plain(mine)).toEqual(plain(wanted as typeof mine));
    expect(Object.keys(mine)).toEqual(expect.arrayContaining(Object.keys(wanted)));
  });

  test('of a list of models, and of one', async () => {
    const iterated = [];
    for await (const model of ours.models.list()) iterated.push(model);
    const { data } = await theirs.models.list();
    const timeless = (models: object[]) => models.map((model) => ({ ...model, created: 0 }));
    expect(timeless(iterated)).toEqual(timeless(data));
    expect((await ours.models.list()).data).toEqual(iterated);
    expect(await ours.models.retrieve('text-embedding-3-small')).toEqual(iterated[0]);
  });

  test('of an alias name the model', async () => {
    const { model } = await ours.embeddings.create({ model: 'text-embedding-3-small', input: 'a' });
    expect(model).toBe('tiny');
  });
});

describe('failures', () => {
  test.for([
    ['an empty text', { input: ['a', ''] }],
    ['no texts', { input: [] }],
    ['no input', {}],
    ['a number', { input: 5 }],
    ['other things', { input: [{}] }],
    ['too many texts', { input: Array(2_049).fill('a') }],
    ['an unknown model', { input: 'a', model: 'gpt' }],
    ['an unknown format', { input: 'a', encoding_format: 'int8' }],
    ['no dimensions', { input: 'a', dimensions: 0 }],
    ['too many dimensions', { input: 'a', dimensions: 33 }],
    ['a prompt that is none', { input: 'a', input_type: 'title' }],
    ['a text that is too long', { input: 'the river runs '.repeat(100), truncate: false }],
    ['an unknown token id', { input: [999_999] }],
  ] as const)('%s', async ([, body]) => {
    const asked = { model: 'tiny', ...body } as never;
    const mine = await failureOf(ours.embeddings.create(asked));
    expect(mine).not.toBe('none');
    expect(mine).toEqual(await failureOf(theirs.embeddings.create(asked)));
  });

  test('are instances of the classes that are the client’s members', async () => {
    const error = await ours.embeddings.create({ model: 'gpt', input: 'a' }).catch((thrown) => thrown);
    for (const Class of [OpenAI.NotFoundError, OpenAI.APIError, OpenAI.OpenAIError, Error]) {
      expect(error).toBeInstanceOf(Class);
    }
    expect(error).not.toBeInstanceOf(OpenAI.BadRequestError);
    expect(await failureOf(ours.models.retrieve('gpt'))).toEqual(await failureOf(theirs.models.retrieve('gpt')));
  });

  test('by abort and by timeout have the classes that they have there, and leave nothing in the queue', async () => {
    const input = Array.from({ length: 2_000 }, (_, i) => `text ${i} ${'of the river '.repeat(10)}`);
    const kinds = async (client: OpenAI | OpenAiSdk) => {
      const controller = new AbortController();
      const create = client.embeddings.create.bind(client.embeddings) as OpenAI['embeddings']['create'];
      const aborted = failureOf(create({ model: 'tiny', input }, { signal: controller.signal }));
      setTimeout(() => controller.abort(), 20);
      const late = await failureOf(create({ model: 'tiny', input }, { timeout: 20 }));
      const already = await failureOf(create({ model: 'tiny', input }, { signal: AbortSignal.abort() }));
      return [await aborted, late, already];
    };
    const mine = await kinds(ours);
    expect(mine).toMatchObject([
      { class: 'APIUserAbortError' },
      { class: 'APIConnectionTimeoutError' },
      { class: 'APIUserAbortError' },
    ]);
    expect(mine).toEqual(await kinds(theirs));
    await expect.poll(() => running.embedder.status().queue.bulk.texts).toBe(0);
  });

  test('a full queue is 429, tried again when it says and as often as it is told', async () => {
    let calls = 0;
    const embedder = Object.create(running.embedder, {
      info: { value: running.embedder.info },
      embed: {
        value: async () => {
          calls++;
          if (calls < 3) throw new OvembedError('ERR_OVERLOADED', 'full', { retryAfterMs: 300 });
          return running.embedder.embed(['a']);
        },
      },
    });
    const client = new OpenAI({ embedder, name: 'tiny' });
    const started = performance.now();
    await client.embeddings.create({ model: 'tiny', input: 'a' });
    expect(performance.now() - started).toBeGreaterThan(590);
    calls = 0;
    const error = await client.embeddings.create({ model: 'tiny', input: 'a' }, { maxRetries: 0 }).catch((e) => e);
    expect(error).toBeInstanceOf(OpenAI.RateLimitError);
    expect([error.status, error.code, error.type]).toEqual([429, 'ERR_OVERLOADED', 'rate_limit_error']);
    expect(error.headers.get('retry-after-ms')).toBe('300');
    expect(error.cause).toBeInstanceOf(OvembedError);
    expect(calls).toBe(1);
  });

  test('of the client’s own options', async () => {
    expect(() => new OpenAI({} as never)).toThrow('embedder or models');
    expect(() => new OpenAI({ embedder: running.embedder, maxRetry: 1 } as never)).toThrow('Did you mean maxRetries');
  });
});

test('models by name are loaded with their first request, and closed with the client', async () => {
  const model = temporaryFolder();
  writeTinyModel(tinyModels.mean, model);
  await using client = new OpenAI({
    models: [
      { model, name: 'tiny', lazy: true, precision: 'f32', streams: 1 },
      { model: '/nowhere', name: 'gone', lazy: true, offline: true },
    ],
  });
  const { data } = await client.embeddings.create({ model: 'tiny', input: TEXTS });
  expect(data.map(({ embedding }) => embedding)).toEqual((await running.embedder.embed(TEXTS)).toArrays());
  await expect(client.embeddings.create({ model: 'gone', input: 'a' })).rejects.toMatchObject({
    status: 503,
    code: 'ERR_MODEL_NOT_FOUND',
  });
  await client.close();
  await expect(client.embeddings.create({ model: 'tiny', input: 'a' })).rejects.toMatchObject({ code: 'ERR_CLOSED' });
});

test('the embedder of a server is used as one of this process', async () => {
  await using remote = await Embedder.connect(running.url);
  const client = new OpenAI({ embedder: remote, name: 'tiny' });
  const { data } = await client.embeddings.create({ model: 'tiny', input: TEXTS });
  expect(data.map(({ embedding }) => embedding)).toEqual((await running.embedder.embed(TEXTS)).toArrays());
});
