/** Spans and metrics of calls, through a real SDK. */
import { setTimeout as delay } from 'node:timers/promises';
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { calls } from '../../../lib/call-watch.js';
import type { Embedder } from '../../../lib/embedder.js';
import { callMetricNames } from '../../../lib/otel/names.js';
import { FakeWorld } from '../fake-native.js';
import { loadFake } from '../load-fake.js';
import { histogram, type Recorded, recording, SECRET, wordsOf } from './support.js';

const recorded: Recorded = await recording();
const seen: string[] = [];
let world: FakeWorld;
let embedder: Embedder;
beforeAll(async () => {
  world = new FakeWorld();
  embedder = await loadFake(world);
});
afterAll(() => embedder.close());
beforeEach(() => (world.onInfer = () => {}));
afterEach(() => {
  for (const span of recorded.spans) seen.push(wordsOf(span));
});

const only = () => {
  expect(recorded.spans).toHaveLength(1);
  return recorded.spans[0] as Recorded['spans'][number];
};
const COMMON = {
  'gen_ai.operation.name': 'embeddings',
  'gen_ai.provider.name': 'ovembed',
  'gen_ai.request.model': 'org/model',
};

describe('a span', () => {
  test('of a list says what was asked and done', async () => {
    await embedder.embedDocuments([SECRET, 'ab', SECRET, 'x'.repeat(100)]);
    const span = only();
    expect(span).toMatchObject({ name: 'embeddings org/model', kind: SpanKind.INTERNAL, parentSpanContext: undefined });
    expect(span.instrumentationScope.name).toBe('ovembed');
    expect(span.status.code).toBe(SpanStatusCode.UNSET);
    expect(span.attributes).toEqual({
      ...COMMON,
      'gen_ai.embeddings.dimension.count': 4,
      'gen_ai.usage.input_tokens': 2 * (SECRET.length + 2) + 4 + 64,
      'ovembed.method': 'embedDocuments',
      'ovembed.dtype': 'float32',
      'ovembed.priority': 'bulk',
      'ovembed.texts': 4,
      'ovembed.truncated': 1,
      'ovembed.device': 'CPU',
      'ovembed.devices': ['CPU'],
      'ovembed.precision': expect.any(String),
      'ovembed.activations': expect.any(String),
      'ovembed.batches': expect.any(Number),
      'ovembed.padded_tokens': expect.any(Number),
      'ovembed.cache_hits': 0,
      'ovembed.duplicates': 1,
      'ovembed.tokenize_ms': expect.any(Number),
      'ovembed.queue_ms': expect.any(Number),
      'ovembed.infer_ms': expect.any(Number),
      'ovembed.pool_ms': expect.any(Number),
    });
  });

  test('of every method that gives vectors has its name', async () => {
    await embedder.embedQuery(SECRET, { dimensions: 2, dtype: 'float16' });
    await embedder.embed([SECRET]);
    await embedder.embedTokens([SECRET, 'ab']);
    await embedder.embedChunks([
      {
        text: SECRET,
        chunks: [
          { start: 0, end: 9 },
          { start: 9, end: 30 },
        ],
      },
    ]);
    for await (const _ of embedder.stream([SECRET, 'b', 'c'], { batchSize: 2 }));
    await embedder.embedRecords([{ text: SECRET }, { text: 'b' }], { text: 'text' });
    await embedder.calibrate([SECRET, 'another']);
    const told = recorded.spans.map(({ attributes }) => [
      attributes['ovembed.method'],
      attributes['ovembed.texts'],
      attributes['gen_ai.usage.input_tokens'],
      attributes['gen_ai.embeddings.dimension.count'],
    ]);
    const length = SECRET.length;
    expect(told).toEqual([
      ['embedQuery', 1, length + 5, 2],
      ['embed', 1, length + 2, 4],
      ['embedTokens', 2, length + 2 + 4, 4],
      ['embedChunks', 2, length, 4],
      ['stream', 3, length + 2 + 3 + 3, 4],
      ['embedRecords', 2, length + 2 + 3, 4],
      ['calibrate', 2, length + 2 + 9, 4],
    ]);
  });

  test('lasts as long as the call', async () => {
    world.onInfer = () => delay(40);
    await embedder.embedQuery('a');
    const [seconds, nanoseconds] = only().duration;
    expect(seconds * 1_000 + nanoseconds / 1e6).toBeGreaterThanOrEqual(38);
  });

  test('is of the caller, and what the call does is of it', async () => {
    const tracer = recorded.provider.getTracer('user');
    const parents: (string | undefined)[] = [];
    const caller = async (name: string) =>
      tracer.startActiveSpan(name, async (span) => {
        await delay(Math.random() * 5);
        const own = span.spanContext().spanId;
        await embedder.embed([name]);
        expect(trace.getActiveSpan()).toBe(span);
        for await (const _ of embedder.stream(source(name))) expect(trace.getActiveSpan()).toBe(span);
        await embedder.embedQuery(name);
        span.end();
        return own;
      });
    async function* source(name: string) {
      yield `${name}!`;
      await delay(1);
      parents.push(trace.getActiveSpan()?.spanContext().spanId);
      yield `${name}?`;
    }
    const owners = await Promise.all(['one', 'two', 'three', 'four'].map(caller));
    const children = recorded.spans.filter(({ name }) => name.startsWith('embeddings'));
    expect(children).toHaveLength(12);
    for (const own of owners) {
      const mine = children.filter(({ parentSpanContext }) => parentSpanContext?.spanId === own);
      expect(mine.map(({ attributes }) => attributes['ovembed.method']).sort()).toEqual([
        'embed',
        'embedQuery',
        'stream',
      ]);
      const stream = mine.find(({ attributes }) => attributes['ovembed.method'] === 'stream');
      expect(parents).toContain(stream?.spanContext().spanId);
    }
  });

  test.for([
    ['of ours', () => embedder.embedQuery(42 as never), 'ERR_INVALID_ARGUMENT'],
    ['by a timeout', () => embedder.embed([SECRET], { timeoutMs: 5 }), 'ERR_TIMEOUT'],
    ['by an abort', () => embedder.embed([SECRET], { signal: AbortSignal.timeout(5) }), 'aborted'],
    ['by an abort before it began', () => embedder.embed([SECRET], { signal: AbortSignal.abort() }), 'aborted'],
    ['of a source, whatever it says', () => readAll(embedder.stream(failing())), '_OTHER'],
    [
      'of a stream by an abort',
      () => readAll(embedder.stream([SECRET], { signal: AbortSignal.timeout(5) })),
      'aborted',
    ],
  ] as const)('of a failure %s has its kind', async ([, call, kind]) => {
    world.onInfer = () => delay(20);
    await expect(call()).rejects.toBeDefined();
    const { status, attributes, events } = only();
    expect(status).toEqual({ code: SpanStatusCode.ERROR });
    expect(attributes['error.type']).toBe(kind);
    expect(events).toEqual([]);
  });

  test('of a stream that is left ends, and counts what was done', async () => {
    for await (const _ of embedder.stream(['a', 'b', 'c'], { batchSize: 1 })) break;
    const { status, attributes } = only();
    expect(status.code).toBe(SpanStatusCode.UNSET);
    expect(attributes['ovembed.texts']).toBeGreaterThanOrEqual(1);
  });

  test('is not made of calls that give no vectors', async () => {
    await embedder.countTokens([SECRET]);
    await embedder.tokenize([SECRET]);
    await embedder.decode([65]);
    expect(recorded.spans).toEqual([]);
  });
});

test('vectors from a cache are counted as such', async () => {
  const cached = await loadFake(new FakeWorld(), { cache: { memory: {} } });
  await cached.embed(['a', 'b']);
  await cached.embed(['a', 'b', 'c']);
  expect(recorded.spans.map(({ attributes }) => attributes['ovembed.cache_hits'])).toEqual([0, 2]);
  await cached.close();
});

test('metrics have the buckets and attributes of the conventions', async () => {
  const { 'gen_ai.client.operation.duration': duration, 'gen_ai.client.token.usage': tokens } =
    await recorded.metrics();
  const well = duration?.find(({ attributes }) => !('error.type' in attributes));
  expect(well?.attributes).toEqual(COMMON);
  expect(histogram(well).buckets.boundaries).toEqual([
    0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
  ]);
  expect(duration?.map(({ attributes }) => (attributes as Record<string, string>)['error.type']).sort()).toEqual([
    'ERR_INVALID_ARGUMENT',
    'ERR_TIMEOUT',
    '_OTHER',
    'aborted',
    undefined,
  ]);
  expect(tokens?.map(({ attributes }) => attributes)).toEqual([{ ...COMMON, 'gen_ai.token.type': 'input' }]);
  const { buckets, sum } = histogram(tokens?.[0]);
  expect(buckets.boundaries).toEqual([
    1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864,
  ]);
  const before = sum as number;
  await embedder.embed(['ab', 'abc']);
  const after = histogram((await recorded.metrics())['gen_ai.client.token.usage']?.[0]);
  expect(after.sum).toBe(before + 9);
});

test('who asks for the latest names of the conventions gets them', () => {
  expect(callMetricNames('http/dup, gen_ai_latest_experimental')).toEqual({
    duration: 'gen_ai.client.embeddings.duration',
    tokens: 'gen_ai.client.embeddings.operation.input_tokens',
  });
});

test('no span holds a text', () => {
  expect(seen.length).toBeGreaterThan(20);
  for (const words of seen) expect(words).not.toMatch(/heron|secret source/);
});

test('nothing is recorded any more once it is disabled, and calls are not watched', async () => {
  expect(calls.hasSubscribers).toBe(true);
  recorded.instrumentation.disable();
  recorded.instrumentation.disable();
  await embedder.embed(['a']);
  for await (const _ of embedder.stream(['a']));
  expect(recorded.spans).toEqual([]);
  expect(calls.hasSubscribers).toBe(false);
});

// biome-ignore lint/correctness/useYield: it fails before it yields
async function* failing(): AsyncGenerator<string> {
  throw new Error('of a secret source');
}

async function readAll(source: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of source);
}
