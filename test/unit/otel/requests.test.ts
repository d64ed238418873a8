/** Spans and metrics of requests to a server, and of calls to the models of another process, through a real SDK. */
import { request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type Context,
  context,
  createContextKey,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Embedder } from '../../../lib/embedder.js';
import type { RemoteEmbedder } from '../../../lib/remote/remote-embedder.js';
import { createServer, type EmbeddingServer } from '../../../lib/server/index.js';
import { requests } from '../../../lib/server/request-watch.js';
import { FakeWorld } from '../fake-native.js';
import { loadFake } from '../load-fake.js';
import { histogram, type Recorded, recording, SECRET, wordsOf } from './support.js';

const recorded: Recorded = await recording();
const tracer = recorded.provider.getTracer('user');
const seen: string[] = [];
let world: FakeWorld;
let embedder: Embedder;
let server: EmbeddingServer;
let remote: RemoteEmbedder;
let port: number;
beforeAll(async () => {
  world = new FakeWorld();
  embedder = await loadFake(world);
  server = await createServer({ port: 0, models: [{ name: 'served', embedder }], apiKeys: ['a-key'] });
  // As in a start that is traced: what is served later is no part of it.
  const address = await tracer.startActiveSpan('start', (span) => server.listen().finally(() => span.end()));
  port = (server.app.server.address() as AddressInfo).port;
  remote = await Embedder.connect(address, { apiKey: 'a-key' });
  await spans(4);
  recorded.reset();
});
afterAll(async () => {
  await remote.close();
  await server.close();
  await embedder.close();
});
afterEach(() => {
  for (const span of recorded.spans) seen.push(wordsOf(span));
});

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const TRACEPARENT = `00-${TRACE}-${PARENT}-01`;

/** Posts with headers as they are given; some of them `fetch` would not send. */
function ask(path: string, body: unknown, headers: Record<string, string | string[]> = {}): Promise<number> {
  const all = { 'content-type': 'application/json', authorization: 'Bearer a-key', ...headers };
  return new Promise((resolve, reject) => {
    const asked = httpRequest({ port, path, method: 'POST', headers: all, agent: false }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode as number));
    });
    asked.on('error', reject);
    asked.end(JSON.stringify(body));
  });
}

const embed = (headers: Record<string, string | string[]> = {}) =>
  ask('/v1/embeddings?q=1', { input: [SECRET] }, headers);

/** The server tells of an answer after the client has it. */
async function spans(count: number): Promise<Recorded['spans']> {
  for (let i = 0; i < 200 && recorded.spans.length < count; i++) await delay(5);
  expect(recorded.spans.length, recorded.spans.map(({ name }) => name).join()).toBe(count);
  return recorded.spans;
}
const named = (name: string) => recorded.spans.find((span) => span.name === name) as Recorded['spans'][number];

describe('a request', () => {
  test('has a span of its route, which the call is of', async () => {
    expect(await embed()).toBe(200);
    await spans(2);
    const request = named('POST /v1/embeddings');
    expect(request).toMatchObject({ kind: SpanKind.SERVER, parentSpanContext: undefined, status: { code: 0 } });
    expect(request.attributes).toEqual({
      'http.request.method': 'POST',
      'http.route': '/v1/embeddings',
      'url.path': '/v1/embeddings',
      'url.scheme': 'http',
      'network.protocol.version': '1.1',
      'server.address': 'localhost',
      'server.port': port,
      'http.response.status_code': 200,
    });
    const call = named('embeddings org/model');
    expect(call.kind).toBe(SpanKind.INTERNAL);
    expect(call.parentSpanContext?.spanId).toBe(request.spanContext().spanId);
  });

  test('goes on with the trace of its headers', async () => {
    await embed({ traceparent: TRACEPARENT, tracestate: 'a=b' });
    await spans(2);
    const { parentSpanContext, spanContext } = named('POST /v1/embeddings');
    expect(parentSpanContext).toMatchObject({ traceId: TRACE, spanId: PARENT, isRemote: true });
    expect(named('POST /v1/embeddings').spanContext().traceState?.serialize()).toBe('a=b');
    expect(named('embeddings org/model').spanContext().traceId).toBe(TRACE);
    expect(spanContext).toBeDefined();
  });

  test('of two traces goes on with that of the last hop; with none that can be read it begins one', async () => {
    const other = `00-${TRACE}-00f067aa0ba902b7-01`;
    await embed({ traceparent: [TRACEPARENT, other] });
    await spans(2);
    expect(named('POST /v1/embeddings').parentSpanContext?.spanId).toBe('00f067aa0ba902b7');
    await embed({ traceparent: SECRET });
    const all = await spans(4);
    expect(all.filter(({ parentSpanContext }) => parentSpanContext === undefined)).toHaveLength(1);
  });

  test('that is refused has not failed, but is told by its status', async () => {
    expect(await ask('/v1/embeddings', { input: [''] })).toBe(400);
    expect(await embed({ authorization: 'Bearer another' })).toBe(401);
    const all = await spans(2);
    expect(all.map(({ attributes }) => attributes['http.response.status_code'])).toEqual([400, 401]);
    for (const { status, attributes } of all) {
      expect(status.code).toBe(SpanStatusCode.UNSET);
      expect(attributes).not.toHaveProperty('error.type');
    }
  });

  test('that the server cannot answer has failed, with the code of why', async () => {
    world.onInfer = () => delay(50);
    expect(await embed({ 'x-request-timeout-ms': '5' })).toBe(504);
    world.onInfer = () => {};
    await spans(2);
    for (const { status, attributes } of recorded.spans) {
      expect(status).toEqual({ code: SpanStatusCode.ERROR });
      expect(attributes['error.type']).toBe('ERR_TIMEOUT');
    }
  });

  test('whose client goes away has no status', async () => {
    world.onInfer = () => delay(50);
    const headers = { 'content-type': 'application/json', authorization: 'Bearer a-key' };
    const asked = httpRequest({ port, path: '/v1/embeddings', method: 'POST', headers });
    asked.on('error', () => {});
    asked.end(JSON.stringify({ input: SECRET }));
    while (world.inFlight === 0) await delay(1);
    asked.destroy();
    await spans(2);
    world.onInfer = () => {};
    const { status, attributes } = named('POST /v1/embeddings');
    expect([status.code, attributes['error.type']]).toEqual([SpanStatusCode.ERROR, 'aborted']);
    expect(attributes).not.toHaveProperty('http.response.status_code');
    expect(named('embeddings org/model').attributes['error.type']).toBe('aborted');
  });

  test('of many documents lasts until the last line is written', async () => {
    world.onInfer = () => delay(5);
    const documents = Array.from({ length: 40 }, (_, i) => ({ text: `${SECRET} ${i}` }));
    expect(await ask('/v1/embeddings/stream', { documents })).toBe(200);
    world.onInfer = () => {};
    await spans(2);
    const [request, stream] = [named('POST /v1/embeddings/stream'), named('embeddings org/model')];
    expect(stream.parentSpanContext?.spanId).toBe(request.spanContext().spanId);
    expect(stream.attributes['ovembed.texts']).toBe(40);
  });

  test('whose body comes late keeps its context', async () => {
    const body = JSON.stringify({ input: SECRET });
    const headers = {
      'content-type': 'application/json',
      authorization: 'Bearer a-key',
      'content-length': body.length,
    };
    const asked = httpRequest({ port, path: '/v1/embeddings', method: 'POST', headers, agent: false });
    asked.on('response', (response) => response.resume());
    asked.write(body.slice(0, 5));
    await delay(30);
    asked.end(body.slice(5));
    await spans(2);
    expect(named('embeddings org/model').parentSpanContext?.spanId).toBe(
      named('POST /v1/embeddings').spanContext().spanId,
    );
  });

  const inject = (inside: Context) =>
    context.with(inside, async () => {
      const headers = { authorization: 'Bearer a-key', host: 'localhost' };
      await server.app.inject({ method: 'POST', url: '/v1/embeddings', headers, payload: { input: SECRET } });
    });

  test('that another instrumentation has a span of gets no other, and its call is of that', async () => {
    const span = tracer.startSpan('HTTP', { kind: SpanKind.SERVER }, ROOT_CONTEXT);
    await inject(trace.setSpan(ROOT_CONTEXT, span));
    span.end();
    await spans(2);
    expect(named('embeddings org/model').parentSpanContext?.spanId).toBe(span.spanContext().spanId);
  });

  test('that an instrumentation of HTTP leaves out is left out, and it is told the route', async () => {
    const rpc = { type: 'http', route: undefined };
    const span = trace.wrapSpanContext({ traceId: TRACE, spanId: PARENT, traceFlags: TraceFlags.NONE });
    const key = createContextKey('OpenTelemetry SDK Context Key RPC_METADATA');
    await inject(trace.setSpan(ROOT_CONTEXT, span).setValue(key, rpc));
    await delay(20);
    expect(recorded.spans).toEqual([]);
    expect(rpc.route).toBe('/v1/embeddings');
  });
});

describe('a call to a model of another process', () => {
  test('has a span of a client, and carries the trace to the server', async () => {
    await tracer.startActiveSpan('user', async (span) => {
      await remote.embedDocuments([SECRET, 'b']);
      span.end();
    });
    await spans(4);
    const client = named('embeddings served');
    const chain = [named('user'), client, named('POST /ovembed/v1/embed'), named('embeddings org/model')];
    for (const [i, span] of chain.entries()) {
      expect(span.parentSpanContext?.spanId).toBe(chain[i - 1]?.spanContext().spanId);
      expect(span.spanContext().traceId).toBe(chain[0]?.spanContext().traceId);
    }
    expect(client.kind).toBe(SpanKind.CLIENT);
    expect(client.attributes).toMatchObject({
      'gen_ai.operation.name': 'embeddings',
      'gen_ai.request.model': 'served',
      'gen_ai.embeddings.dimension.count': 4,
      'gen_ai.usage.input_tokens': SECRET.length + 2 + 3,
      'server.address': '127.0.0.1',
      'server.port': port,
      'ovembed.method': 'embedDocuments',
      'ovembed.texts': 2,
      'ovembed.device': 'CPU',
    });
  });

  test('that gives no vectors has one too', async () => {
    await remote.tokenize([SECRET]);
    await remote.countTokens([SECRET]);
    await remote.decode([65, 66]);
    const all = await spans(6);
    expect(all.filter(({ kind }) => kind === SpanKind.CLIENT).map(({ name }) => name)).toEqual([
      'tokenize served',
      'count_tokens served',
      'decode served',
    ]);
  });

  test('that fails, or is given up, has its kind', async () => {
    await expect(remote.embed([SECRET], { dimensions: 5_000 })).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
    const caller = new AbortController();
    world.onInfer = () => delay(50);
    setTimeout(() => caller.abort('enough'), 10);
    await expect(remote.embedQuery(SECRET, { signal: caller.signal })).rejects.toBe('enough');
    const clients = recorded.spans.filter(({ kind }) => kind === SpanKind.CLIENT);
    expect(clients.map(({ attributes }) => attributes['error.type'])).toEqual(['ERR_INVALID_ARGUMENT', 'aborted']);
    await delay(100);
    world.onInfer = () => {};
  });
});

test('metrics of requests', async () => {
  const all = await recorded.metrics();
  const points = all['http.server.request.duration'] ?? [];
  const well = points.find(
    ({ attributes }) => (attributes as Record<string, unknown>)['http.route'] === '/v1/embeddings',
  );
  expect(well?.attributes).toEqual({
    'http.request.method': 'POST',
    'url.scheme': 'http',
    'network.protocol.version': '1.1',
    'http.route': '/v1/embeddings',
    'http.response.status_code': 200,
  });
  expect(histogram(well).buckets.boundaries).toEqual([
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
  ]);
  const active = all['http.server.active_requests'];
  expect(active?.reduce((sum, { value }) => sum + (value as number), 0)).toBe(0);
  const common = {
    'gen_ai.operation.name': 'embeddings',
    'gen_ai.provider.name': 'ovembed',
    'gen_ai.request.model': 'org/model',
  };
  expect(all['gen_ai.server.request.duration']?.map(({ attributes }) => attributes)).toEqual(
    expect.arrayContaining([common, { ...common, 'error.type': 'ERR_TIMEOUT' }]),
  );
});

test('no span holds a text, a key or a query', () => {
  expect(seen.length).toBeGreaterThan(20);
  for (const words of seen) expect(words).not.toMatch(/heron|a-key|q=1/);
});

test('nothing is recorded any more once it is disabled', async () => {
  recorded.instrumentation.disable();
  await embed();
  await delay(20);
  expect(recorded.spans).toEqual([]);
  expect(requests.hasSubscribers).toBe(false);
});
