/** The scheduler against its model, whatever is submitted, aborted, delayed, failed or drained, in any order. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AGEING_MS } from '../../../lib/batching/scheduler.js';
import type { Priority } from '../../../lib/batching/work.js';
import type { WorkPlan } from './modelled-work.js';
import { PRIORITIES, Schedule, type Settings } from './schedule.js';

const SCHEDULES = process.env.OVEMBED_TEST_FULL === '1' ? 10_000 : 500;
/** Most time for schedules and for finding a shorter one that fails. */
const LONGEST_MS = 300_000;

const settings: fc.Arbitrary<Settings> = fc.record({
  plan: fc.record({
    buckets: fc.constantFrom([4], [3, 8]),
    maxLength: fc.constant(0),
    batchTokens: fc.integer({ min: 6, max: 40 }),
    maxBatchSize: fc.integer({ min: 1, max: 6 }),
  }),
  concurrency: fc.integer({ min: 1, max: 3 }),
  maxQueue: fc.record({ texts: fc.integer({ min: 4, max: 30 }), tokens: fc.integer({ min: 20, max: 150 }) }),
  batchDelayMs: fc.constantFrom(0, 0, 0, 5),
});

const work: fc.Arbitrary<WorkPlan> = fc.record({
  lengths: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 10 }),
  dimensions: fc.constantFrom(0, 0, 2),
  toxic: fc.integer({ min: 0, max: 60 }),
  nonFinite: fc.integer({ min: 0, max: 60 }),
});

const limits = fc.record({
  priority: fc.constantFrom(...PRIORITIES),
  queueTimeoutMs: fc.constantFrom(0, 0, 10, 60),
  timeoutMs: fc.constantFrom(0, 0, 0, 25, 90),
});

/** `which` picks among the works or batches there are. */
const command = fc.oneof(
  { weight: 8, arbitrary: fc.record({ type: fc.constant('submit' as const), work, limits }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('continue' as const), which: fc.nat(), work }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('abort' as const), which: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('pass' as const), ms: fc.constantFrom(1, 3, 12, 40) }) },
  { weight: 12, arbitrary: fc.record({ type: fc.constant('finish' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('fail' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('drain' as const) }) },
);

async function run(schedule: Schedule, step: typeof command extends fc.Arbitrary<infer T> ? T : never): Promise<void> {
  if (step.type === 'submit') return schedule.submit(step.work, step.limits);
  if (step.type === 'continue') return schedule.continue(step.which, step.work);
  if (step.type === 'abort') return schedule.abort(step.which);
  if (step.type === 'pass') return schedule.pass(step.ms);
  if (step.type === 'finish') return schedule.finish(step.which);
  if (step.type === 'fail') return schedule.finish(step.which, true);
  return schedule.drain();
}

test('every schedule goes as the model says, step by step, and leaves nothing behind', {
  timeout: LONGEST_MS + 60_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(settings, fc.array(command, { maxLength: 60, size: 'max' }), async (options, commands) => {
      const schedule = new Schedule(options);
      for (const step of commands) await run(schedule, step);
      await schedule.end();
    }),
    { numRuns: SCHEDULES, interruptAfterTimeLimit: LONGEST_MS, markInterruptAsFailure: true },
  );
});

const ROOMY: Settings = {
  plan: { buckets: [4], maxLength: 0, batchTokens: 16, maxBatchSize: 4 },
  concurrency: 2,
  maxQueue: { texts: 1_000, tokens: 10_000 },
  batchDelayMs: 0,
};

const NO_LIMITS = { queueTimeoutMs: 0, timeoutMs: 0 };

const plain = (texts: number): WorkPlan => {
  return { lengths: new Array(texts).fill(3), dimensions: 0, toxic: -1, nonFinite: -1 };
};

test.each([3, 40, 300])(
  'of %i ms batches, bulk gets one in time, however many interactive texts wait',
  async (batchMs) => {
    const schedule = new Schedule(ROOMY);
    await schedule.submit(plain(400), { priority: 'bulk', ...NO_LIMITS });
    let lastBulk = schedule.clock.now();
    for (let i = 0; i < 40; i++) {
      for (let texts = schedule.scheduler.waiting('interactive'); texts < 16; texts += 4) {
        await schedule.submit(plain(4), { priority: 'interactive', ...NO_LIMITS });
      }
      await schedule.pass(batchMs, batchMs);
      const before = schedule.scheduler.waiting('bulk');
      for (let left = schedule.device.running.length; left > 0; left--) await schedule.finish(0);
      if (schedule.scheduler.waiting('bulk') < before) lastBulk = schedule.clock.now();
      expect(schedule.clock.now() - lastBulk).toBeLessThanOrEqual(AGEING_MS + batchMs);
    }
    await schedule.end();
  },
);

test('an interactive text waits for no more than what was on the device, however much bulk waits', async () => {
  const schedule = new Schedule(ROOMY);
  await schedule.submit(plain(200), { priority: 'bulk', ...NO_LIMITS });
  for (let i = 0; i < 20; i++) {
    await schedule.pass(AGEING_MS + 1, AGEING_MS + 1);
    await schedule.submit(plain(1), { priority: 'interactive' satisfies Priority, ...NO_LIMITS });
    await schedule.finish(0);
    expect(schedule.scheduler.waiting('interactive')).toBe(0);
    await schedule.finish(0);
  }
  await schedule.end();
});
