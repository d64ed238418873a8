/** A call whose model may have to be loaded first: one signal and one limit of time hold for both. */
import type { LimitOptions } from '../options.js';
import { CallScope } from '../signals.js';

/**
 * Rejects once the call is over, though the model is still being loaded: that goes on, for other calls.
 * @param what names the call in the timeout's message
 * @param run is given the options with what is left of the time, to be asked when there is a model; throws if the call is over
 */
export async function withinLimits<O extends LimitOptions, T>(
  what: string,
  options: O,
  run: (left: () => O) => Promise<T>,
): Promise<T> {
  const started = performance.now();
  const scope = new CallScope(what, options);
  const left = () => {
    scope.signal.throwIfAborted();
    const { timeoutMs = 0 } = options;
    if (!(timeoutMs > 0)) return options; // no limit, or one that the embedder will not take
    return { ...options, timeoutMs: Math.max(1, Math.ceil(timeoutMs - (performance.now() - started))) };
  };
  try {
    scope.signal.throwIfAborted();
    return await scope.race(run(left));
  } finally {
    scope.end();
  }
}
