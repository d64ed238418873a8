import { describe, expect, test } from 'vitest';
import { Admission, QUEUE_SHARE } from '../../../lib/batching/admission.js';
import type { Call } from '../../../lib/batching/work.js';

const BULK: Call = { name: 'embed', priority: 'bulk', since: 0, queueTimeoutMs: 0, timeoutMs: 0 };
const QUERY: Call = { ...BULK, name: 'embedQuery', priority: 'interactive' };
const LIVE = new AbortController().signal;

/** An admission with a place of 4 texts and 40 tokens in bulk. */
function occupied() {
  const admission = new Admission({ texts: 10, tokens: 100 });
  const place = admission.admit(BULK, 4);
  admission.admitTokens(BULK, place, 40);
  return { admission, place };
}

describe('a lane that is full', () => {
  test('refuses texts at once, and says how full it is and when to come back', () => {
    const { admission } = occupied();
    expect(() => admission.admit(BULK, 7)).toThrow(
      expect.objectContaining({
        code: 'ERR_OVERLOADED',
        message: expect.stringContaining('embed: 4 of 10 texts and 40 of 100 tokens wait'),
        retryAfterMs: 1_000,
      }),
    );
    expect(admission.queue('bulk')).toEqual({ texts: 4, tokens: 40, max: { texts: 10, tokens: 100 } });
  });

  test('refuses tokens once they are known', () => {
    const { admission } = occupied();
    const place = admission.admit(BULK, 1);
    expect(() => admission.admitTokens(BULK, place, 61)).toThrow(expect.objectContaining({ code: 'ERR_OVERLOADED' }));
    place.leaveAll();
    expect(admission.queue('bulk')).toMatchObject({ texts: 4, tokens: 40 });
  });

  test('leaves the other lane alone', () => {
    const { admission } = occupied();
    expect(() => admission.admit(QUERY, 10)).not.toThrow();
    expect(() => admission.check(QUERY)).toThrow('no room for embedQuery');
    expect(() => admission.check(BULK)).not.toThrow();
  });

  test('tells when to come back by the speed of the device', () => {
    const { admission } = occupied();
    admission.measured(200, 1_000);
    const place = admission.admit(BULK, 1);
    // 20 tokens too many, at 0.2 tokens per millisecond.
    expect(() => admission.admitTokens(BULK, place, 80)).toThrow(expect.objectContaining({ retryAfterMs: 100 }));
  });
});

describe('a deadline', () => {
  test.each([
    ['queueTimeoutMs', QUEUE_SHARE],
    ['timeoutMs', 1],
  ] as const)('of %s that cannot be met is refused', (limit, share) => {
    const { admission } = occupied();
    admission.measured(200, 1_000);
    expect(admission.waitMs('bulk')).toBe(200);
    expect(() => admission.check({ ...BULK, [limit]: 200 / share })).not.toThrow();
    expect(() => admission.check({ ...BULK, [limit]: 150 / share })).toThrow(
      expect.objectContaining({
        code: 'ERR_OVERLOADED',
        message: expect.stringMatching(/about 200 ms .* 150 ms/),
        retryAfterMs: 50,
      }),
    );
  });

  test('is not guessed at while the speed is not known', () => {
    const { admission } = occupied();
    expect(admission.waitMs('bulk')).toBe(0);
    expect(() => admission.check({ ...BULK, timeoutMs: 1 })).not.toThrow();
  });
});

test('further windows of a call wait for room instead, for texts and for tokens', async () => {
  const { admission, place } = occupied();
  let second: Awaited<ReturnType<typeof admission.wait>> | undefined;
  const waiting = admission.wait(BULK, 8, LIVE).then((entered) => (second = entered));
  await Promise.resolve();
  expect(second).toBeUndefined();
  place.leave(2, 20);
  await waiting;
  expect(admission.queue('bulk')).toMatchObject({ texts: 10, tokens: 20 });
  const tokens = admission.waitTokens(BULK, second as NonNullable<typeof second>, 90, LIVE);
  place.leaveAll();
  await tokens;
  second?.leaveAll();
  second?.leaveAll();
  expect(admission.queue('bulk')).toMatchObject({ texts: 0, tokens: 0 });
});
