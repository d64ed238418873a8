/** Random mixes of calls on the real engine: whatever ends how, vectors have the bits that their texts have alone. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { Embedder } from '../../lib/index.js';
import { tinyModels, writeTinyModel } from '../../scripts/models/make-tiny.mjs';
import { bits, temporaryFolder } from './support.js';

const SCHEDULES = process.env.OVEMBED_TEST_FULL === '1' ? 100 : 15;
/** Some ten times what they take on two cores: this is for a hang. */
const LIMIT_MS = SCHEDULES * 6_000;

const WORDS = ['river', 'stone', 'the', 'of', 'mill', 'under', 'a', 'long'];

/** Texts of 1 to 40 words, none like another. */
const TEXTS = Array.from({ length: 120 }, (_, i) => {
  const words = Array.from({ length: 1 + ((i * 7) % 40) }, (_, k) => WORDS[(i + k * k) % WORDS.length]);
  return `${i} ${words.join(' ')}`;
});

const folder = temporaryFolder();
writeTinyModel(tinyModels.mean, join(folder, 'mean'));
const load = () =>
  Embedder.load(join(folder, 'mean'), { precision: 'f32', cacheDir: folder, buckets: 16, maxBatchSize: 8 });

let alone: number[][];
beforeAll(async () => {
  await using embedder = await load();
  alone = [];
  for (const text of TEXTS) alone.push(bits((await embedder.embed([text])).data));
});

const ms = fc.integer({ min: 0, max: 15 });
const limits = fc.record({
  /** Milliseconds after which the caller aborts. */
  abortAfter: fc.option(ms, { nil: undefined, freq: 1 }),
  timeoutMs: fc.constantFrom(0, 0, 0, 0, 0, 2, 20),
  queueTimeoutMs: fc.constantFrom(0, 0, 0, 0, 0, 2, 20),
  priority: fc.constantFrom('interactive' as const, 'bulk' as const),
});
const first = fc.nat(TEXTS.length - 1);
const command = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      type: fc.constant('list' as const),
      first,
      count: fc.integer({ min: 0, max: 100 }),
      limits,
    }),
  },
  { weight: 10, arbitrary: fc.record({ type: fc.constant('query' as const), first, limits }) },
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant('stream' as const),
      first,
      count: fc.integer({ min: 1, max: 100 }),
      limits,
      batchSize: fc.integer({ min: 1, max: 40 }),
      ordered: fc.boolean(),
      leaveAfter: fc.integer({ min: 1, max: 200 }),
    }),
  },
  { weight: 8, arbitrary: fc.record({ type: fc.constant('wait' as const), ms }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('close' as const) }) },
);
// Without bias: small cases would leave nothing to compete.
const schedule = fc.noBias(fc.array(command, { minLength: 5, maxLength: 40, size: 'max' }));
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;
type Call = Exclude<Command, { type: 'wait' | 'close' }>;

const placesOf = ({ first, count }: { first: number; count: number }) =>
  Array.from({ length: count }, (_, i) => (first + i) % TEXTS.length);

/** Makes a call and checks every vector that comes of it. Returns how many did. */
async function make(call: Call, embedder: Embedder, options: object): Promise<number> {
  if (call.type === 'query') {
    expect(bits(await embedder.embedQuery(TEXTS[call.first] as string, options))).toEqual(alone[call.first]);
    return 1;
  }
  const places = placesOf(call);
  const texts = places.map((place) => TEXTS[place] as string);
  if (call.type === 'list') {
    const result = await embedder.embed(texts, options);
    expect([...result].map(bits)).toEqual(places.map((place) => alone[place]));
    return result.length;
  }
  const { batchSize, ordered, leaveAfter } = call;
  const seen: number[] = [];
  for await (const { index, embedding } of embedder.stream(texts, { ...options, batchSize, ordered })) {
    expect(bits(embedding)).toEqual(alone[places[index] as number]);
    seen.push(index);
    if (seen.length === leaveAfter) break;
  }
  expect(new Set(seen).size).toBe(Math.min(leaveAfter, texts.length));
  if (ordered) expect(seen).toEqual(seen.map((_, i) => i));
  return seen.length;
}

/** Whether a call may end with this. */
function isExpected(reason: unknown, { limits }: Call, caller: AbortSignal, closed: boolean): boolean {
  if (caller.aborted && reason === caller.reason) return true;
  const codes: unknown[] = [];
  if (limits.timeoutMs > 0) codes.push('ERR_TIMEOUT', 'ERR_OVERLOADED');
  if (limits.queueTimeoutMs > 0) codes.push('ERR_QUEUE_TIMEOUT', 'ERR_OVERLOADED');
  if (closed) codes.push('ERR_CLOSED');
  return codes.includes((reason as { code?: string }).code);
}

test(
  'every call settles with the bits its texts have alone, or with a reason of its own',
  async () => {
    let vectors = 0;
    const run = async (commands: Command[]) => {
      const embedder = await load();
      const calls: Promise<void>[] = [];
      let closed: Promise<void> | undefined;
      const start = async (call: Call) => {
        const { abortAfter, ...options } = call.limits;
        const caller = new AbortController();
        const timer = abortAfter === undefined ? undefined : setTimeout(() => caller.abort({ call }), abortAfter);
        try {
          vectors += await make(call, embedder, { ...options, signal: caller.signal });
        } catch (reason) {
          if (!isExpected(reason, call, caller.signal, closed !== undefined)) throw reason;
        } finally {
          clearTimeout(timer);
        }
      };
      for (const step of commands) {
        if (step.type === 'wait') await delay(step.ms);
        else if (step.type === 'close') closed ??= embedder.close();
        else calls.push(start(step));
      }
      await Promise.all(calls);
      await embedder.close();
      const { state, queue, inFlight } = embedder.status();
      expect([state, queue.interactive.texts, queue.bulk.texts, inFlight.texts]).toEqual(['closed', 0, 0, 0]);
    };
    await fc.assert(fc.asyncProperty(schedule, run), {
      numRuns: SCHEDULES,
      interruptAfterTimeLimit: LIMIT_MS,
      markInterruptAsFailure: true,
    });
    expect(vectors).toBeGreaterThan(5 * SCHEDULES);
  },
  LIMIT_MS + 30_000,
);
