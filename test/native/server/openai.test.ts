/** OpenAI's API, by OpenAI's own client. */
import OpenAI from 'openai';
import { beforeAll, describe, expect, test } from 'vitest';
import { post, type Running, startServer } from './support.js';

let running: Running;
let client: OpenAI;
beforeAll(async () => {
  running = await startServer({ apiKeys: ['secret', 'other'] });
  client = new OpenAI({ baseURL: `${running.url}/v1`, apiKey: 'secret', maxRetries: 0 });
});

const TEXTS = ['the river runs', 'seven old mills', 'a much longer text about nothing in particular'];
const expected = async (options = {}) => (await running.embedder.embed(TEXTS, options)).toArrays();

describe('embeddings', () => {
  test('by default (base64 on the wire) are those of the library, bit by bit', async () => {
    const { data, model, usage, object } = await client.embeddings.create({ model: 'tiny', input: TEXTS });
    expect(data.map(({ embedding }) => Array.from(embedding))).toEqual(await expected());
    expect(data.map(({ index, object }) => [index, object])).toEqual(TEXTS.map((_, i) => [i, 'embedding']));
    const { tokens } = (await running.embedder.embed(TEXTS)).usage;
    expect({ model, usage, object }).toEqual({
      model: 'tiny',
      usage: { prompt_tokens: tokens, total_tokens: tokens },
      object: 'list',
    });
  });

  test('as floats have the same bits', async () => {
    const { data } = await client.embeddings.create({ model: 'tiny', input: TEXTS, encoding_format: 'float' });
    expect(data.map(({ embedding }) => Array.from(Float32Array.from(embedding)))).toEqual(await expected());
  });

  test('of a single text, of token ids and of lists of them are those of the text', async () => {
    const [text] = TEXTS as [string];
    const [tokenized] = await running.embedder.tokenize([text]);
    const ids = Array.from(tokenized?.ids as Uint32Array);
    for (const input of [text, ids, [ids]]) {
      const { data } = await client.embeddings.create({ model: 'tiny', input });
      expect(data.map(({ embedding }) => Array.from(embedding))).toEqual([(await expected())[0]]);
    }
  });

  test('are cut to dimensions, and normalised after that', async () => {
    const { data } = await client.embeddings.create({ model: 'tiny', input: TEXTS, dimensions: 8 });
    expect(data.map(({ embedding }) => Array.from(embedding))).toEqual(await expected({ dimensions: 8 }));
  });

  test('of null for what is not given are floats', async () => {
    const nulls = { model: null, encoding_format: null, dimensions: null, user: null, input_type: null };
    const { body } = await post(`${running.url}/v1/embeddings`, { input: 'a', ...nulls }, bearer);
    expect(body.data[0].embedding).toHaveLength(32);
  });

  test('of a long list come in pieces, and whole', async () => {
    const input = Array.from({ length: 1_000 }, (_, i) => `text ${i % 7}`);
    const { data } = await client.embeddings.create({ model: 'tiny', input, encoding_format: 'float' });
    expect(data.map(({ index }) => index)).toEqual(input.map((_, i) => i));
    expect(data[700]?.embedding).toEqual(data[0]?.embedding);
  });
});

const bearer = { authorization: 'Bearer secret' };

describe('what is refused', () => {
  const refused = (body: unknown, headers: Record<string, string> = bearer) =>
    post(`${running.url}/v1/embeddings`, body, headers);

  test.for([
    ['an empty text', { input: '' }, 'input'],
    ['an empty text in a list', { input: ['a', ''] }, 'input'],
    ['no texts', { input: [] }, 'input'],
    ['no input', {}, 'input'],
    ['a number', { input: 5 }, 'input'],
    ['a list of numbers below 0', { input: [-1] }, 'input'],
    ['a list of other things', { input: [{}] }, 'input'],
    ['an unknown format', { input: 'a', encoding_format: 'int8' }, 'encoding_format'],
    ['no dimensions', { input: 'a', dimensions: 0 }, 'dimensions'],
    ['a prompt that is no string', { input: 'a', input_type: 'title' }, 'input_type'],
    ['more dimensions than the model has', { input: 'a', dimensions: 33 }, 'dimensions'],
    ['ids that the model does not have', { input: [[5], [99_999]] }, 'input'],
    ['a text that is too long', { input: 'mill '.repeat(200), truncate: false }, 'input'],
    ['half a character', { input: 'a\ud800' }, 'input'],
  ] as const)('%s: 400, and which field', async ([, body, param]) => {
    const answer = await refused({ model: 'tiny', ...body });
    expect(answer.status).toBe(400);
    expect(answer.body.error).toEqual({
      message: expect.stringContaining(param),
      type: 'invalid_request_error',
      param,
      code: expect.any(String),
    });
  });

  test('an unknown model: 404, as the client tells it', async () => {
    await expect(client.embeddings.create({ model: 'gpt', input: 'a' })).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
      param: 'model',
    });
  });

  test('a wrong key, and none: 401', async () => {
    const wrong = new OpenAI({ baseURL: `${running.url}/v1`, apiKey: 'wrong', maxRetries: 0 });
    await expect(wrong.models.list()).rejects.toMatchObject({ status: 401, code: 'invalid_api_key' });
    expect((await refused({ input: 'a' }, {})).status).toBe(401);
    expect((await refused({ input: 'a' }, { authorization: 'Bearer other' })).status).toBe(200);
  });

  test('a text is never quoted', async () => {
    const secret = 'attack at dawn';
    for (const body of [`{"input":"${secret}`, { input: `${secret}\ud800` }, { input: [secret, 5, {}] }]) {
      const { status, text } = await refused(body);
      expect(status).toBe(400);
      expect(text).not.toContain('dawn');
    }
  });
});

describe('models', () => {
  test('are listed, and found by name', async () => {
    const listed = [];
    for await (const { id, owned_by } of client.models.list()) listed.push({ id, owned_by });
    expect(listed).toEqual([{ id: 'tiny', owned_by: 'ovembed' }]);
    expect(await client.models.retrieve('tiny')).toMatchObject({ id: 'tiny', object: 'model' });
    await expect(client.models.retrieve('other')).rejects.toMatchObject({ status: 404 });
  });
});
