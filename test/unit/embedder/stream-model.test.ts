/** Any source, any consumer: what a stream answers, how far it reads, and that nothing is left behind. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EmbeddingStream, StreamItem } from '../../../lib/batching/stream.js';
import type { Embedder } from '../../../lib/embedder.js';
import type { Input } from '../../../lib/input.js';
import { FakeWorld, vectorOf } from '../fake-native.js';
import { loadFake } from '../load-fake.js';
import { turns, upTo } from './stream-support.js';

const BATCH_SIZE = 4;
const MOST_TEXTS = 30;

/** How long a source takes to answer. A sync source always answers at once. */
const pause = fc.constantFrom('none', 'none', 'microtask', 'turn', 'turns');
type Pause = 'none' | 'microtask' | 'turn' | 'turns';

const source = fc.record({
  sync: fc.boolean(),
  pauses: fc.array(pause as fc.Arbitrary<Pause>, { minLength: 1, maxLength: 6 }),
  /** Infinity: it never ends. */
  length: fc.oneof(fc.nat({ max: MOST_TEXTS }), fc.constant(Infinity)),
  /** What is wrong with the text at `at`, if the source gets so far. */
  fault: fc.constantFrom('none', 'none', 'throws', 'no text', 'too long', 'not finite', 'hangs'),
  at: fc.nat({ max: MOST_TEXTS }),
});
type Plan = typeof source extends fc.Arbitrary<infer T> ? T : never;

const step = fc.oneof(
  { weight: 8, arbitrary: fc.constant('next' as const) },
  { weight: 4, arbitrary: fc.constant('wait' as const) },
  { weight: 3, arbitrary: fc.constant('turn' as const) },
);
const consumer = fc.record({
  steps: fc.array(step, { maxLength: 60 }),
  end: fc.constantFrom('read on', 'read on', 'leave', 'abort'),
});

type Answer = { item: StreamItem } | { reason: unknown } | 'done';

/** A source that follows a plan. */
class Planned {
  read = 0;
  asked = 0;
  over = false;

  constructor(readonly plan: Plan) {}

  open(): Iterable<Input> | AsyncIterable<Input> {
    return this.plan.sync ? this.#texts() : this.#later();
  }

  *#texts(): Generator<Input> {
    try {
      for (; this.read < this.plan.length; ) yield this.#text(this.read++);
    } finally {
      this.over = true;
    }
  }

  async *#later(): AsyncGenerator<Input> {
    const { pauses, fault, at } = this.plan;
    for (const text of this.#texts()) {
      const pause = pauses[this.read % pauses.length];
      if (pause === 'microtask') await null;
      if (pause === 'turn') await nextTurn();
      if (pause === 'turns') await turns(3);
      if (fault === 'hangs' && this.read > at) await new Promise(() => {});
      yield text;
    }
  }

  #text(index: number): Input {
    const { fault, at } = this.plan;
    if (index !== at) return textAt(index);
    if (fault === 'throws') throw new RangeError('thrown by the source');
    if (fault === 'no text') return 7 as never;
    if (fault === 'too long') return 'x'.repeat(100);
    return fault === 'not finite' ? 'poison' : textAt(index);
  }
}

const textAt = (index: number) => `text ${index}${'.'.repeat(index % 3 ? 20 : 0)}`;

/** Reads a stream and notes the answers in the order of the calls; `inTime`, that they came in that order. */
class Reader {
  readonly answers: (Answer | undefined)[] = [];
  items = 0;
  inTime = true;
  #answered = 0;
  #pending: Promise<void> = Promise.resolve();

  constructor(
    readonly stream: EmbeddingStream,
    readonly planned: Planned,
  ) {}

  next(): Promise<void> {
    const call = this.answers.push(undefined) - 1;
    this.#pending = this.stream.next().then(
      ({ done, value }) => this.#note(call, done ? 'done' : { item: value as StreamItem }),
      (reason) => this.#note(call, { reason }),
    );
    return this.#pending;
  }

  /** Waits for all calls, but not for a source that hangs. */
  async wait(): Promise<void> {
    await Promise.race([this.#pending, turns(60)]);
  }

  get isOver(): boolean {
    return this.answers.some((answer) => answer !== undefined && !isItem(answer));
  }

  #note(call: number, answer: Answer): void {
    this.inTime &&= call === this.#answered++;
    this.answers[call] = answer;
    if (isItem(answer)) this.items++;
    expect(this.planned.read).toBeLessThanOrEqual(this.items + 2 * BATCH_SIZE + 1);
  }
}

function isItem(answer: Answer | undefined): answer is { item: StreamItem } {
  return typeof answer === 'object' && 'item' in answer;
}

async function consume(reader: Reader, { steps, end }: { steps: readonly string[]; end: string }, abort: () => void) {
  for (const one of steps) {
    if (one === 'next') void reader.next();
    if (one === 'wait') await reader.wait();
    if (one === 'turn') await nextTurn();
  }
  if (end === 'abort') abort();
  if (end === 'leave') await reader.stream.return();
  // An infinite source is read for a while, and a source that hangs is left in the end.
  for (let i = 0; i < 2 * MOST_TEXTS && !reader.isOver; i++) {
    void reader.next();
    await reader.wait();
  }
  if (!reader.isOver) await reader.stream.return();
  await reader.next();
}

/** How many of the first texts have vectors whatever comes after them, of a stream that is read to its end. */
function certain({ length, fault, at, sync }: Plan): { texts: number; fails: boolean } {
  const met = at < length && !(sync && fault === 'hangs');
  if (fault === 'none' || !met) return { texts: length, fails: false };
  if (fault === 'throws' || fault === 'no text') return { texts: at, fails: true };
  // What is under way with a failing text may go with it.
  return { texts: Math.max(0, at - BATCH_SIZE + 1), fails: fault !== 'hangs' };
}

function checkAnswers(reader: Reader, plan: Plan, ordered: boolean, ending: string): void {
  const { answers } = reader;
  const items = answers.filter(isItem).map(({ item }) => item);
  const rest = answers.slice(items.length);
  expect(reader.inTime).toBe(true);
  expect(answers.slice(0, items.length).every(isItem)).toBe(true);
  expect(rest.filter((answer) => answer !== 'done').length).toBeLessThanOrEqual(1);
  expect(rest.slice(1).every((answer) => answer === 'done')).toBe(true);

  for (const { index, embedding } of items) expect(embedding).toEqual(vectorOf(textAt(index)));
  const indices = items.map(({ index }) => index);
  const sorted = indices.toSorted((a, b) => a - b);
  if (ordered) expect(indices).toEqual(upTo(indices.length));
  else expect(new Set(indices).size).toBe(indices.length);

  if (ending !== 'read on') return;
  const { texts, fails } = certain(plan);
  if (texts > MOST_TEXTS) return;
  expect(sorted.slice(0, texts)).toEqual(upTo(texts));
  expect(typeof rest[0] === 'object').toBe(fails);
}

async function run(embedder: Embedder, plan: Plan, ordered: boolean, reading: { steps: string[]; end: string }) {
  const planned = new Planned(plan);
  const caller = new AbortController();
  const options = { batchSize: BATCH_SIZE, ordered, truncate: 'error' as const, signal: caller.signal };
  const reader = new Reader(embedder.stream(planned.open(), options), planned);
  await consume(reader, reading, () => caller.abort('aborted'));
  await reader.stream.return();
  await turns(5);
  checkAnswers(reader, plan, ordered, reading.end);
  if (reader.planned.read > 0 && plan.fault !== 'hangs') expect(planned.over).toBe(true);
}

test('every next() is answered in order: items, then a failure at most once, then done; and all is freed', async () => {
  const world = new FakeWorld();
  world.poison.add('poison');
  const embedder = await loadFake(world, { maxBatchSize: 3 });
  let delays: number[] = [];
  let batches = 0;
  world.onInfer = () => turns(delays[batches++ % delays.length]);
  await fc.assert(
    fc.asyncProperty(
      source,
      consumer,
      fc.boolean(),
      fc.array(fc.nat({ max: 3 }), { minLength: 1 }),
      async (plan, reading, ordered, slowness) => {
        delays = slowness;
        await run(embedder, plan, ordered, reading);
        expect([world.openEncodings, world.inFlight]).toEqual([0, 0]);
        expect(embedder.status().queue.bulk).toMatchObject({ texts: 0, tokens: 0 });
      },
    ),
    { numRuns: 400 },
  );
});
