/** Two windows of a call at a time, so that one is tokenised while the other is on the device. */
import type { CallScope } from '../signals.js';

const UNDER_WAY = 2;

/**
 * Starts work on windows as they come, with two under way, and yields the results in order. The first failure, of
 * work or of the source of windows, ends the scope, so that the call's other work stops too. However it ends, no work is
 * under way afterwards.
 */
export async function* pipelined<Window, Result>(
  windows: Iterable<Window> | AsyncIterable<Window>,
  start: (window: Window) => Promise<Result>,
  scope: CallScope,
): AsyncGenerator<Result, void, undefined> {
  const underWay: Promise<Result>[] = [];
  try {
    for await (const window of windows) {
      const work = start(window);
      work.catch((error) => scope.end(error));
      if (underWay.push(work) === UNDER_WAY) yield await (underWay.shift() as Promise<Result>);
    }
    while (underWay.length > 0) yield await (underWay.shift() as Promise<Result>);
  } catch (error) {
    scope.end(error);
    throw error;
  } finally {
    await Promise.allSettled(underWay);
  }
}
