/** Text Embeddings Inference's API; shapes and statuses as its router has them. */
import { beforeAll, describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../../../lib/server/limits.js';
import { float32, post, type Running, startServer } from './support.js';

let running: Running;
beforeAll(async () => {
  running = await startServer();
});

const TEXTS = ['the river runs', 'seven old mills'];
const call = (route: string, body: unknown) => post(running.url + route, body);

describe('/embed', () => {
  test('gives a list of vectors, even for one text', async () => {
    const expected = (await running.embedder.embed(TEXTS)).toArrays();
    for (const route of ['/embed', '/', '/invocations']) {
      const { body, headers } = await call(route, { inputs: TEXTS });
      expect(float32(body)).toEqual(expected);
      expect(headers.get('x-compute-tokens')).toBe(headers.get('x-ovembed-tokens'));
      expect(headers.get('x-compute-characters')).toBe(String(TEXTS.join('').length));
      expect(headers.get('x-compute-time')).toBe(headers.get('x-total-time'));
      expect(headers.get('x-ovembed-fingerprint')).toBe(running.embedder.info.fingerprint);
    }
    expect(float32((await call('/embed', { inputs: TEXTS[0] })).body)).toEqual([expected[0]]);
  });

  test('normalises unless told otherwise, and after the cut', async () => {
    const length = (vector: number[]) => Math.hypot(...vector);
    const { body: plain } = await call('/embed', { inputs: TEXTS, normalize: false });
    expect(Math.abs(length(plain[0]) - 1)).toBeGreaterThan(0.01);
    const { body: cut } = await call('/embed', { inputs: TEXTS, dimensions: 8 });
    expect(length(cut[0])).toBeCloseTo(1, 5);
    expect(cut[0]).toHaveLength(8);
  });

  test('cuts what is too long, or refuses it', async () => {
    const long = 'mill '.repeat(100);
    const cut = await call('/embed', { inputs: long });
    expect([cut.status, cut.headers.get('x-ovembed-truncated')]).toEqual([200, '1']);
    const refused = await call('/embed', { inputs: long, truncate: false });
    expect([refused.status, refused.body.error_type]).toEqual([422, 'Validation']);
  });

  test('a text of nothing is one', async () => {
    const { body } = await call('/embed', { inputs: '' });
    expect(float32(body)).toEqual((await running.embedder.embed([''])).toArrays());
  });
});

test('/embed_all gives a vector for each token', async () => {
  const expected = await running.embedder.embedTokens(TEXTS);
  const { body } = await call('/embed_all', { inputs: TEXTS });
  expect(float32(body.map((rows: number[][]) => rows.flat()))).toEqual(expected.map(({ data }) => Array.from(data)));
  expect(body.map((rows: number[][]) => rows.length)).toEqual(expected.map(({ tokens }) => tokens));
});

test('/similarity gives cosines', async () => {
  const { body } = await call('/similarity', {
    inputs: { source_sentence: TEXTS[0], sentences: [TEXTS[0], TEXTS[1]] },
  });
  expect(body[0]).toBeCloseTo(1, 5);
  expect(body[1]).toBeLessThan(0.9999);
});

test('/tokenize writes long answers piece by piece, and they are the same', async () => {
  const texts = ['mill 😀 '.repeat(900), '', 'mill'];
  const { body } = await call('/tokenize', { inputs: texts, add_special_tokens: false });
  const tokenized = await running.embedder.tokenize(texts, { addSpecialTokens: false });
  expect(body.map((tokens: { id: number }[]) => tokens.map(({ id }) => id))).toEqual(
    tokenized.map(({ ids }) => Array.from(ids)),
  );
  expect(body[0].at(-1).stop).toBe(900 * 7 - 1);
});

test('/decode takes as much as /embed', async () => {
  const status = async (ids: unknown) => (await call('/decode', { ids })).status;
  expect(await status(Array(DEFAULT_LIMITS.inputs).fill([1]))).toBe(200);
  expect(await status(Array(DEFAULT_LIMITS.inputs + 1).fill([1]))).toBe(422);
  expect(await status(Array(DEFAULT_LIMITS.tokens).fill(1))).toBe(200);
  expect(await status(Array(DEFAULT_LIMITS.tokens + 1).fill(1))).toBe(422);
});

test('/tokenize gives offsets in characters, and /decode the text', async () => {
  const { body } = await call('/tokenize', { inputs: ['a 😀 mill'] });
  const [tokens] = body as {
    id: number;
    text: string;
    special: boolean;
    start: number | null;
    stop: number | null;
  }[][];
  expect(tokens?.[0]).toMatchObject({ special: true, start: null, stop: null });
  expect(tokens?.at(-1)).toMatchObject({ special: true });
  const last = tokens?.at(-2);
  expect(last?.stop).toBe(8);
  expect('mill'.endsWith(last?.text as string)).toBe(true);
  const { body: decoded } = await call('/decode', { ids: tokens?.map(({ id }) => id) });
  expect(decoded).toHaveLength(1);
  expect(decoded[0]).toContain('mill');
  const { body: bare } = await call('/tokenize', { inputs: 'mill', add_special_tokens: false });
  expect(bare[0].every(({ special }: { special: boolean }) => !special)).toBe(true);
});

test('/info tells model and limits', async () => {
  const { body } = await fetch(`${running.url}/info`).then(async (answer) => ({ body: await answer.json() }));
  expect(body).toMatchObject({
    served_model_name: 'tiny',
    model_type: { embedding: { pooling: 'mean' } },
    max_input_length: running.embedder.info.maxTokens,
    max_client_batch_size: 2_048,
  });
});

describe('failures are in its words', () => {
  test.for([
    ['no texts', { inputs: [] }, 400, 'Empty'],
    ['another type', { inputs: 5 }, 422, 'Validation'],
    ['too many dimensions', { inputs: 'a', dimensions: 33 }, 422, 'Validation'],
    ['an unknown prompt', { inputs: 'a', prompt_name: 'title' }, 422, 'Validation'],
  ] as const)('%s', async ([, sent, status, error_type]) => {
    const answer = await call('/embed', sent);
    expect(answer.status).toBe(status);
    expect(answer.body).toEqual({ error: expect.any(String), error_type });
  });
});

test('/ping tells whether it is well, as SageMaker asks', async () => {
  const answer = await fetch(`${running.url}/ping`);
  expect([answer.status, await answer.json()]).toMatchObject([200, { status: 'ok' }]);
});

test('/metrics has the names that its dashboards ask for, with what was counted', async () => {
  await call('/embed', { inputs: 'a' });
  const metrics = await (await fetch(`${running.url}/metrics`)).text();
  for (const name of [
    'te_request_count',
    'te_request_success',
    'te_request_duration_count',
    'te_request_queue_duration_count',
    'te_request_inference_duration_count',
    'te_embed_count',
    'te_embed_success',
    'te_batch_next_size_count',
  ]) {
    expect(metrics).toMatch(new RegExp(`^${name}(\\{.*\\})? [1-9]`, 'm'));
  }
  expect(metrics).toMatch(/^te_queue_size\{.*\} 0$/m);
});
