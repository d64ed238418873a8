import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Embedder } from '../../../lib/embedder.js';
import { Embeddings } from '../../../lib/embeddings.js';
import { FakeWorld, textsOf, vectorOf } from '../fake-native.js';
import { Gate } from '../gate.js';
import { loadFake } from '../load-fake.js';

/** What may happen, in any order; `which` picks among the calls or batches there are. */
const event = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('list' as const), size: fc.integer({ min: 0, max: 12 }) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('query' as const) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('abort' as const), which: fc.nat() }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constant('finish' as const), which: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('fail' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('close' as const) }) },
);

interface Call {
  texts: string[];
  caller: AbortController;
  /** The call was made after close(). */
  late: boolean;
  /** It was still open when it was aborted. */
  aborted: boolean;
  settled: number;
  outcome: { value: Embeddings | Float32Array } | { reason: unknown } | undefined;
}

/** Drives an embedder and notes how its calls end. */
class Run {
  readonly world = new FakeWorld();
  readonly device = new Gate();
  readonly calls: Call[] = [];
  embedder!: Embedder;
  closed: Promise<void> | undefined;

  async start(): Promise<void> {
    this.world.onInfer = (parts) => this.device.pass(textsOf(parts).join());
    this.embedder = await loadFake(this.world, { maxBatchSize: 2 });
  }

  submit(size: number, send: (texts: string[], signal: AbortSignal) => Promise<Embeddings | Float32Array>): void {
    const texts = Array.from(
      { length: size },
      (_, i) => `call ${this.calls.length} text ${i}${'.'.repeat(i % 3 ? 20 : 0)}`,
    );
    const caller = new AbortController();
    const late = this.closed !== undefined;
    const call: Call = { texts, caller, late, aborted: false, settled: 0, outcome: undefined };
    this.calls.push(call);
    send(texts, caller.signal).then(
      (value) => this.#note(call, { value }),
      (reason) => this.#note(call, { reason }),
    );
  }

  abort(which: number): void {
    const call = this.calls[which % this.calls.length];
    if (!call) return;
    call.aborted ||= call.outcome === undefined && !call.late;
    call.caller.abort(call);
  }

  #note(call: Call, outcome: Call['outcome']): void {
    call.settled++;
    call.outcome = outcome;
  }
}

function check({ texts, late, aborted, settled, outcome }: Call, call: Call): void {
  expect(settled).toBe(1);
  if (outcome && 'value' in outcome) {
    expect([late, aborted]).toEqual([false, false]);
    const rows = outcome.value instanceof Embeddings ? [...outcome.value] : [outcome.value];
    expect(rows).toEqual(texts.map((text) => vectorOf(outcome.value instanceof Embeddings ? text : `q: ${text}`)));
    return;
  }
  const reason = outcome?.reason as { code?: string; message?: string };
  if (aborted) expect(reason).toBe(call);
  else if (late) expect(reason.code).toBe('ERR_CLOSED');
  else expect(texts.some((text) => reason.message?.includes(text))).toBe(true);
}

test('whatever happens, every call settles once: with its own vectors in order, or with its own reason', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 40 }), async (events) => {
      const run = new Run();
      await run.start();
      for (const step of events) {
        if (step.type === 'list') run.submit(step.size, (texts, signal) => run.embedder.embed(texts, { signal }));
        if (step.type === 'query') run.submit(1, ([text = ''], signal) => run.embedder.embedQuery(text, { signal }));
        if (step.type === 'abort') run.abort(step.which);
        if (step.type === 'finish') await run.device.finish(step.which);
        if (step.type === 'fail') await run.device.fail(step.which);
        if (step.type === 'close') run.closed ??= run.embedder.close();
      }
      run.device.open();
      await run.embedder.close();
      await run.device.letThrough(0);
      for (const call of run.calls) check(call, call);
      expect([run.world.openEncodings, run.world.openPipelines, run.world.inFlight]).toEqual([0, 0, 0]);
      expect(run.world.mostInFlight).toBeLessThanOrEqual(run.world.concurrency);
    }),
    { numRuns: 300 },
  );
});
