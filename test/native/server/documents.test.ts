/** Large jobs by `/v1/embeddings/stream`: a line for each document, whatever is wrong with others. */
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Embedder } from '../../../lib/index.js';
import { fromBase64 } from '../../../lib/vectors/base64.js';
import { tinyModels, writeTinyModel } from '../../../scripts/models/make-tiny.mjs';
import { temporaryFolder } from '../support.js';
import { float32, type Running, startServer } from './support.js';

const FULL = process.env.OVEMBED_TEST_FULL === '1';
const MEGABYTES = FULL ? 200 : 50;

let running: Running;
/** Of the model that is served; it has prompts. */
let embedder: Embedder;
beforeAll(async () => {
  const folder = temporaryFolder();
  writeTinyModel({ ...tinyModels.mean, prompts: { query: 'query: ', document: 'passage: ' } }, folder);
  embedder = await Embedder.load(folder, { precision: 'f32', streams: 1 });
  const limits = { bodyBytes: 40_000, receiveMs: 1_500, charactersPerToken: 500 };
  running = await startServer({ limits, models: [{ name: 'tiny', embedder }] });
});
afterAll(() => embedder.close());

interface Row {
  index: number;
  id?: string | number;
  embedding: number[] | string;
  tokens: number;
  truncated: boolean;
  error?: { code: string; message: string };
}

/** A request whose body is written bit by bit, and its answer. */
function begin(
  query = '',
  type = 'application/x-ndjson',
  { url } = running,
): { asked: ClientRequest; answer: Promise<IncomingMessage> } {
  const asked = request(`${url}/v1/embeddings/stream${query}`, {
    method: 'POST',
    headers: { 'content-type': type },
  });
  const answer = new Promise<IncomingMessage>((resolve, reject) => asked.on('response', resolve).on('error', reject));
  return { asked, answer };
}

async function* rowsOf(answer: IncomingMessage): AsyncGenerator<Row> {
  for await (const line of createInterface({ input: answer })) yield JSON.parse(line);
}

async function collect(rows: AsyncIterable<Row>): Promise<Row[]> {
  const all = [];
  for await (const row of rows) all.push(row);
  return all;
}

/** All lines of the answer to a whole body. */
async function send(body: string | Buffer, query = '', type?: string) {
  const { asked, answer } = begin(query, type);
  asked.end(body);
  const response = await answer;
  const rows = await collect(rowsOf(response));
  return { status: response.statusCode, headers: response.headers, rows, last: rows.at(-1) };
}

const lines = (...values: unknown[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('');
const TEXTS = ['the river runs', 'seven old mills', 'a much longer text about nothing in particular'];

test('an id that a double does not hold is refused rather than told as another; null is none', async () => {
  const { rows } = await send(
    ['9007199254740991', '9007199254740993', '1e400', '-0.5', 'null'].map((id) => `{"id":${id},"text":"a"}`).join('\n'),
  );
  expect(rows.slice(0, -1).map(({ id, error }) => error?.message ?? id)).toEqual([
    9007199254740991,
    expect.stringContaining('as a string'),
    expect.stringContaining('as a string'),
    -0.5,
    undefined,
  ]);
});

test('no body at all: 400', async () => {
  const { status } = await fetch(`${running.url}/v1/embeddings/stream`, { method: 'POST' });
  expect(status).toBe(400);
});

test('a model whose name is not ASCII, as one called by its folder, is told by a header all the same', async () => {
  const { url } = await startServer({ models: [{ name: 'modèle/模型 1', embedder }] });
  const body = lines(TEXTS[0]);
  const headers = { 'content-type': 'application/x-ndjson' };
  const response = await fetch(`${url}/v1/embeddings/stream`, { method: 'POST', headers, body });
  expect(response.status).toBe(200);
  expect(decodeURI(response.headers.get('x-ovembed-model') as string)).toBe('modèle/模型 1');
  expect(await response.text()).toContain('"done":true');
});

describe('rows', () => {
  test('have the vectors of the library, the ids of the client and places', async () => {
    const expected = await embedder.embedDocuments(TEXTS);
    const body = lines(TEXTS[0], { id: 'second', text: TEXTS[1] }, { id: 3, text: TEXTS[2], more: 1 });
    const { status, headers, rows } = await send(body);
    expect([status, headers['content-type']]).toEqual([200, 'application/x-ndjson; charset=utf-8']);
    expect(headers['x-ovembed-fingerprint']).toBe(embedder.info.fingerprint);
    const ids = [undefined, 'second', 3];
    const prompt_tokens = expected.usage.tokens;
    expect(rows.map((row) => ({ ...row, ...(row.embedding && { embedding: float32(row.embedding) }) }))).toEqual([
      ...TEXTS.map((_, index) => ({
        index,
        ...(ids[index] !== undefined && { id: ids[index] }),
        embedding: Array.from(expected.at(index) as Float32Array),
        tokens: expected.tokens[index],
        truncated: false,
      })),
      { done: true, rows: 3, errors: 0, usage: { prompt_tokens, total_tokens: prompt_tokens } },
    ]);
  });

  test('are the same for a list in JSON, and as base64', async () => {
    const { rows } = await send(lines(...TEXTS));
    expect((await send(JSON.stringify({ documents: TEXTS }), '', 'application/json')).rows).toEqual(rows);
    const { rows: base64 } = await send(lines(...TEXTS), '?encoding_format=base64');
    expect(base64.slice(0, -1).map(({ embedding }) => Array.from(fromBase64(embedding as string)))).toEqual(
      rows.slice(0, -1).map(({ embedding }) => float32(embedding)),
    );
  });

  test('are told how by the address', async () => {
    const { rows } = await send(lines(...TEXTS), '?model=tiny&dimensions=8&input_type=query&ordered=false');
    const expected = await embedder.embed(TEXTS, { dimensions: 8, inputType: 'query' });
    for (const { index, embedding } of rows.slice(0, -1))
      expect(float32(embedding)).toEqual(Array.from(expected.at(index) as Float32Array));
    const long = 'mill '.repeat(100);
    expect((await send(lines(long))).rows[0]?.truncated).toBe(true);
    for (const truncate of ['false', 'error']) {
      const { rows } = await send(lines('a', long, 'b'), `?truncate=${truncate}`);
      expect(rows.map(({ error }) => error?.code)).toEqual([undefined, 'ERR_INPUT_TOO_LONG', undefined, undefined]);
    }
  });

  test('of a model that is configured to refuse long texts have an error each, and the others go on', async () => {
    const folder = temporaryFolder();
    writeTinyModel(tinyModels.mean, folder);
    const { url } = await startServer({ models: [{ model: folder, precision: 'f32', truncate: 'error' }] });
    const rowsOf = async (query: string) => {
      const answer = await fetch(`${url}/v1/embeddings/stream${query}`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-ndjson' },
        body: lines('a', { id: 7, text: 'mill '.repeat(100) }, 'b'),
      });
      return (await answer.text())
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
    };
    const rows = await rowsOf('');
    expect(rows[1]).toEqual({ index: 1, id: 7, error: { code: 'ERR_INPUT_TOO_LONG', message: expect.any(String) } });
    expect(rows.map(({ index }) => index)).toEqual([0, 1, 2, undefined]);
    expect(rows[3]).toMatchObject({ done: true, rows: 2, errors: 1 });
    expect((await rowsOf('?truncate=end'))[3]).toMatchObject({ done: true, rows: 3, errors: 0 });
  });

  test('of long texts that are read in windows are those of the library', async () => {
    const texts = ['a', 'mill '.repeat(100), 'the river runs '.repeat(40), 'b'];
    const { rows } = await send(lines(...texts), '?truncate=chunk');
    const expected = await embedder.embedDocuments(texts, { truncate: 'chunk' });
    expect([...expected.chunks].some((chunks) => chunks > 1)).toBe(true);
    for (const [i, { embedding, tokens, truncated }] of rows.slice(0, -1).entries()) {
      expect([i, float32(embedding)]).toEqual([i, Array.from(expected.at(i) as Float32Array)]);
      expect([tokens, truncated]).toEqual([expected.tokens[i], false]);
    }
    expect(rows.at(-1)).toMatchObject({ done: true, rows: 4, errors: 0 });
  });

  test('of nothing are none', async () => {
    for (const body of ['', '\n\r\n\n']) {
      const { rows } = await send(body);
      expect(rows).toEqual([{ done: true, rows: 0, errors: 0, usage: { prompt_tokens: 0, total_tokens: 0 } }]);
    }
  });

  test('come while more is being sent', async () => {
    const { asked, answer } = begin();
    asked.write(lines('a'));
    const rows = rowsOf(await answer);
    expect((await rows.next()).value.index).toBe(0);
    asked.write(lines('b'));
    expect((await rows.next()).value.index).toBe(1);
    asked.end(lines(5));
    expect((await rows.next()).value.error.code).toBe('ERR_INVALID_ARGUMENT');
    expect((await rows.next()).value).toMatchObject({ done: true, rows: 2, errors: 1 });
  });
});

describe('a bad document', () => {
  const tooLong = () => 'a'.repeat(500 * embedder.info.maxTokens + 1);
  const BAD: [string, string | Buffer | (() => string), string, unknown][] = [
    ['no JSON', '{"id":1,"text":"dawn', 'ERR_JSON', undefined],
    ['no text', '{"id":"x"}', 'ERR_INVALID_ARGUMENT', 'x'],
    ['another type', '{"id":7,"text":5}', 'ERR_INVALID_ARGUMENT', 7],
    ['an id that is none', '{"id":{},"text":"dawn"}', 'ERR_INVALID_ARGUMENT', undefined],
    ['null', 'null', 'ERR_INVALID_ARGUMENT', undefined],
    ['half a character', '{"id":7,"text":"dawn \\ud800"}', 'ERR_INVALID_ARGUMENT', 7],
    ['no UTF-8', Buffer.from('"\xff dawn"', 'latin1'), 'ERR_UTF8', undefined],
    ['too many characters', () => JSON.stringify({ id: 1, text: tooLong() }), 'ERR_INPUT_TOO_LONG', 1],
  ];

  test.for(BAD)('%s: has an error in its place, is not quoted, and the others go on', async ([, bad, code, id]) => {
    const body = Buffer.concat([
      Buffer.from(lines('a')),
      Buffer.from(typeof bad === 'function' ? bad() : bad),
      Buffer.from(`\n${lines('b')}`),
    ]);
    const { status, rows } = await send(body);
    expect(status).toBe(200);
    expect(rows.map(({ index }) => index)).toEqual([0, 1, 2, undefined]);
    expect(rows[1]).toEqual({
      index: 1,
      ...(id !== undefined && { id }),
      error: { code, message: expect.any(String) },
    });
    expect(rows[1]?.error?.message).not.toContain('dawn');
    expect(rows[3]).toMatchObject({ done: true, rows: 2, errors: 1 });
  });

  test('keeps its place among many, and thousands of them are told at once', async () => {
    const values = Array.from({ length: 5_000 }, (_, i) => (i % 1_700 === 3 ? 'a' : 0));
    const { rows } = await send(lines(...values));
    expect(rows.slice(0, -1).map(({ index }) => index)).toEqual(values.map((_, i) => i));
    expect(rows.at(-1)).toMatchObject({ done: true, rows: 3, errors: 4_997 });
    const unordered = await send(lines(...values), '?ordered=false');
    expect(new Set(unordered.rows.slice(0, -1).map(({ index }) => index)).size).toBe(values.length);
  });

  test('a line beyond the limit ends the job, which says so', async () => {
    const fits = `"${'a'.repeat(15_000)}"`.padEnd(39_999);
    expect((await send(`${fits}\n`)).last).toMatchObject({ done: true, rows: 1 });
    const { rows } = await send(`${lines('a')}${fits} \n${lines('b')}`);
    expect(rows.at(-1)).toMatchObject({ done: false, rows: 1, error: { code: 'ERR_LINE_TOO_LONG' } });
    expect((await send(`${fits} \n`)).status).toBe(413);
  });
});

describe('a job that cannot begin has a status', () => {
  test.for([
    ['?model=other', 404],
    ['?dimensions=33', 400],
    ['?dimensions=0', 400],
    ['?dimensions=8&dimensions=9', 400],
    ['?encoding_format=int8', 400],
    ['?ordered=yes', 400],
  ] as const)('%s: %i', async ([query, expected]) => {
    const { status, rows } = await send(lines('a'), query);
    expect(status).toBe(expected);
    expect(rows[0]).toMatchObject({ error: { type: 'invalid_request_error', code: expect.any(String) } });
  });

  test('a body of another kind: 400 and 415', async () => {
    expect((await send('{"documents":5}', '', 'application/json')).status).toBe(400);
    expect((await send('{}', '', 'application/json')).status).toBe(400);
    expect((await send(lines('a'), '', 'text/plain')).status).toBe(415);
  });
});

describe('a client', () => {
  const longLine = lines('the river runs past seven old mills '.repeat(400));

  test.for(['application/x-ndjson', 'application/json'])('that goes away ends its job, of %s', async (type) => {
    const server = await startServer();
    const { asked, answer } = begin('', type, server);
    asked.on('error', () => {});
    const documents = Array.from({ length: 15_000 }, (_, i) => `${i} ${'mill '.repeat(20)}`);
    asked.end(type.endsWith('/json') ? JSON.stringify({ documents }) : lines(...documents));
    (await answer).destroy();
    // Waits for jobs, and so for ever where one is not over.
    await server.embedder.close();
    expect(server.embedder.metrics().texts).toBeLessThan(documents.length * 0.8);
  });

  test('that is silent for long is cut off; one that pauses for less is not', async () => {
    const { asked, answer } = begin();
    asked.on('error', () => {});
    asked.write(lines('a'));
    const response = await answer;
    for (let i = 0; i < 3; i++) {
      await delay(700);
      asked.write(lines('b'));
    }
    const started = performance.now();
    await collect(rowsOf(response)).catch(() => {});
    expect(performance.now() - started).toBeLessThan(4_000);
    expect(performance.now() - started).toBeGreaterThan(1_000);
  });

  test('that does not read is sent no more than fits on the way, and no more of what it sends is read', async () => {
    const { asked, answer } = begin();
    const count = 3_000;
    const before = embedder.metrics().texts;
    const done = () => embedder.metrics().texts - before;
    for (let i = 0; i < count; i++) asked.write(lines({ id: 'x'.repeat(10_000), text: `text ${i}` }));
    asked.end();
    const response = await answer;
    let latest = -1;
    while (latest !== done()) {
      latest = done();
      await delay(1_000);
    }
    expect(latest).toBeLessThan(count * 0.8);
    const rows = await collect(rowsOf(response));
    expect(rows.at(-1)).toMatchObject({ done: true, rows: count });
  });

  test(`sends ${MEGABYTES} MB in constant memory`, { timeout: 600_000 }, async () => {
    const { asked, answer } = begin('?encoding_format=base64');
    const count = Math.ceil((MEGABYTES * 1_000_000) / longLine.length);
    void (async () => {
      for (let i = 0; i < count; i++) {
        if (!asked.write(longLine)) await new Promise((resolve) => asked.once('drain', resolve));
      }
      asked.end();
    })();
    let rows = 0;
    let atFirst = 0;
    let most = 0;
    for await (const row of rowsOf(await answer)) {
      rows++;
      if (rows % 250 === 0) {
        global.gc?.();
        const { rss } = process.memoryUsage();
        if (rows < count / 4) atFirst = Math.max(atFirst, rss);
        else most = Math.max(most, rss);
      }
      if ('done' in row) expect(row).toMatchObject({ done: true, rows: count, errors: 0 });
    }
    expect(rows).toBe(count + 1);
    expect(most).toBeGreaterThan(0);
    expect(most - atFirst).toBeLessThan(25_000_000);
    if (FULL) console.log('MB at first and at most', atFirst / 1e6, most / 1e6);
  });
});
