/** Requests at random, most of them almost right: whatever comes, the server answers and is not at fault, and works as before. */

import { Agent, type OutgoingHttpHeaders, request } from 'node:http';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Running, startServer } from './support.js';

const FULL = process.env.OVEMBED_TEST_FULL === '1';
const BODIES = FULL ? 100_000 : 2_000;
const OTHERS = FULL ? 5_000 : 300;
const AT_ONCE = 16;
/** Of the server's own accord: it is overloaded or draining, the time is up, a device has failed. */
const DELIBERATE = new Set([503, 504, 424]);

let running: Running;
beforeAll(async () => {
  running = await startServer({ limits: { inputs: 64, bodyBytes: 20_000 } });
});

const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });

function send(method: string, path: string, headers: OutgoingHttpHeaders, body?: string | Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port: running.port, method, path, headers, agent }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode as number)).on('error', reject);
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

const JSON_TYPE = { 'content-type': 'application/json' };

/** Requests that are right, by route. */
const VALID: [path: string, body: Record<string, unknown>][] = [
  ['/v1/embeddings', { input: 'a', model: 'tiny', encoding_format: 'float', dimensions: 8, user: 'u' }],
  ['/v1/embeddings', { input: ['a', 'b c'], encoding_format: 'base64', input_type: 'query', truncate: true }],
  ['/v1/embeddings', { input: [[5, 6], [7]], truncate: 'error', priority: 'bulk', timeout_ms: 1_000 }],
  ['/v1/embeddings/stream', { documents: ['a', { id: 1, text: 'b' }, { text: 5 }] }],
  ['/embed', { inputs: ['a', 'b'], truncate: true, truncation_direction: 'Right', normalize: false, dimensions: 4 }],
  ['/', { inputs: 'a', prompt_name: null }],
  ['/embed_all', { inputs: 'a b', truncate: false }],
  ['/similarity', { inputs: { source_sentence: 'a', sentences: ['b', 'c'] }, parameters: { truncate: true } }],
  ['/tokenize', { inputs: ['a 😀'], add_special_tokens: false, prompt_name: null }],
  ['/decode', { ids: [[5, 6], [7]], skip_special_tokens: false }],
  ['/ovembed/v1/embed', { model: null, inputs: ['a'], options: { dtype: 'int8', dimensions: 8, timeoutMs: 500 } }],
  ['/ovembed/v1/embed-tokens', { inputs: ['a'], options: { truncate: 'end' } }],
  ['/ovembed/v1/tokenize', { texts: ['a'], options: { addSpecialTokens: true } }],
  ['/ovembed/v1/count-tokens', { texts: ['a', ''] }],
  ['/ovembed/v1/decode', { ids: [5], options: { skipSpecialTokens: true } }],
];

/** What fields may become: most are wrong in some way, and some are right in another. */
const odd = fc.oneof(
  fc.constantFrom<unknown>(
    ...[null, true, false, 0, -1, 1, 1.5, 1e308, 2 ** 31, 2 ** 32, 2 ** 53, '', ' ', 'a', '\u0000', '\ud800', '😀'],
    ...[[], {}, [[]], [null], ['a', 5], [1, 'a'], [[1], 'a'], [-1], [2 ** 32], { __proto__: null, length: 1 }],
    ...['float', 'base64', 'query', 'end', 'Left', 'Infinity', 'NaN', 'mill '.repeat(100), Array(65).fill('a')],
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.array(fc.nat({ max: 2_000 }), { maxLength: 70 }),
  fc.jsonValue({ maxDepth: 3 }),
);

/** How a field is changed; most of the time it gets another value. */
const HOW = ['inside', 'inside', 'replaced', 'replaced', 'replaced', 'gone', 'another'] as const;

/** A valid body with some of its fields, at any depth, exchanged, left out or added. */
const mutant = fc
  .tuple(
    fc.constantFrom(...VALID),
    fc.array(fc.tuple(fc.nat(), fc.constantFrom(...HOW), odd), { minLength: 1, maxLength: 3 }),
  )
  .map(([[path, body], changes]) => {
    let changed: unknown = structuredClone(body);
    for (const [where, how, value] of changes) changed = mutate(changed, where, how, structuredClone(value));
    return { path, body: JSON.stringify(changed) };
  });

function mutate(target: unknown, where: number, how: (typeof HOW)[number], value: unknown): unknown {
  if (typeof target !== 'object' || target === null) return value;
  const record = target as Record<string, unknown>;
  const keys = Object.keys(record);
  if (keys.length === 0) return value;
  const key = keys[where % keys.length] as string;
  if (how === 'inside') record[key] = mutate(record[key], where >> 3, how, value);
  else if (how === 'replaced') record[key] = value;
  else if (how === 'gone') delete record[key];
  else record[`${key}${where % 5 === 0 ? '__proto__' : 'x'}`] = value;
  return record;
}

/** Seconds of the machine are spared by sending several at once. */
async function inGroups<T>(values: Iterable<T>, work: (value: T) => Promise<void>): Promise<void> {
  const iterator = values[Symbol.iterator]();
  const worker = async () => {
    for (let step = iterator.next(); !step.done; step = iterator.next()) await work(step.value);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

const seed = Number(process.env.OVEMBED_TEST_SEED ?? 20_261_126);
const samples = <T>(arbitrary: fc.Arbitrary<T>, count: number) => fc.sample(arbitrary, { numRuns: count, seed });

async function worksAsBefore(): Promise<void> {
  expect(await send('POST', '/v1/embeddings', JSON_TYPE, '{"input":"a"}')).toBe(200);
  expect(await send('GET', '/health', {})).toBe(200);
}

describe('the server is not at fault', () => {
  test(`for ${BODIES} bodies that are almost right`, { timeout: FULL ? 3_600_000 : 120_000 }, async () => {
    const counts = new Map<number, number>();
    const bytesAfter: number[] = [];
    const parts = 10;
    for (let part = 0; part < parts; part++) {
      const bodies = fc.sample(mutant, { numRuns: BODIES / parts, seed: seed + part });
      await inGroups(bodies, async ({ path, body }) => {
        const status = await send('POST', path, JSON_TYPE, body);
        counts.set(status, (counts.get(status) ?? 0) + 1);
        if (status >= 500 && !DELIBERATE.has(status)) expect.fail(`${status} for ${path} ${body}`);
      });
      global.gc?.();
      bytesAfter.push(process.memoryUsage.rss());
    }
    await worksAsBefore();
    // The bodies are of both kinds, so that neither the checks nor what comes behind them is all that was tried.
    expect(counts.get(200)).toBeGreaterThan(BODIES / 20);
    expect(counts.get(400)).toBeGreaterThan(BODIES / 20);
    if (FULL)
      console.log(
        'statuses',
        Object.fromEntries(counts),
        'MB',
        bytesAfter.map((bytes) => Math.round(bytes / 1e6)),
      );
    const [half, last] = [bytesAfter[4] as number, bytesAfter[9] as number];
    expect(last - half).toBeLessThan(40_000_000);
  });

  test(`for ${OTHERS} bodies of any bytes`, async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array)),
      fc.string({ unit: 'binary', maxLength: 300 }).map((text) => Buffer.from(text)),
      mutant.chain(({ body }) => fc.nat(body.length).map((length) => Buffer.from(body.slice(0, length)))),
    );
    const paths = [...VALID.map(([path]) => path), '/v1/embeddings/stream'];
    const types = ['application/json', 'application/x-ndjson', 'application/json; charset=utf-16', 'text/plain'];
    const requests = fc.tuple(bytes, fc.constantFrom(...paths), fc.constantFrom(...types));
    await inGroups(samples(requests, OTHERS), async ([body, path, type]) => {
      const status = await send('POST', path, { 'content-type': type }, body);
      expect(DELIBERATE.has(status) || status < 500, `${status} for ${path} ${type} ${body.toString('latin1')}`).toBe(
        true,
      );
    });
    await worksAsBefore();
  });

  test(`for ${OTHERS} addresses and headers`, async () => {
    const visible = fc.string({ unit: fc.constantFrom(...'ab1%/?&=.,;:+-_~#[]"\' \t\xe9'), maxLength: 30 });
    const parameter = fc.constantFrom(
      'model',
      'dimensions',
      'encoding_format',
      'truncate',
      'ordered',
      'x',
      '__proto__',
    );
    const query = fc
      .array(fc.tuple(parameter, fc.oneof(visible, fc.constantFrom('8', 'tiny', 'true', ''))), { maxLength: 4 })
      .map((pairs) => pairs.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&'));
    const path = fc.oneof(
      fc.constantFrom('/v1/embeddings/stream', '/ovembed/v1/info', '/v1/models', '/health', '/info', '/metrics'),
      visible.map((text) => `/v1/models/${encodeURI(text)}`),
      visible.map((text) => `/${text.replace(/[^!-~]/g, '')}`),
    );
    const header = fc.constantFrom(
      ...['x-request-timeout-ms', 'authorization', 'accept', 'x-request-id', 'traceparent', 'expect', 'if-match', 'te'],
      ...['content-encoding', 'accept-encoding', 'x-forwarded-for', 'x-forwarded-host', 'range', 'cookie'],
    );
    const headers = fc.dictionary(header, fc.oneof(visible, fc.constantFrom('1', '-1', '0', 'NaN', '1e9')), {
      maxKeys: 3,
    });
    const methods = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH', 'TRACE');
    await inGroups(samples(fc.tuple(methods, path, query, headers), OTHERS), async ([method, path, query, headers]) => {
      const body = method === 'POST' ? '"a"\n' : undefined;
      const type = body === undefined ? {} : { 'content-type': 'application/x-ndjson' };
      const status = await send(method, `${path}?${query}`, { ...headers, ...type }, body);
      const told = `${status} for ${method} ${path}?${query} ${JSON.stringify(headers)}`;
      expect(DELIBERATE.has(status) || status < 500, told).toBe(true);
    });
    await worksAsBefore();
  });
});
