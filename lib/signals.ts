/** The life of one call: it ends by its result, its first failure, its caller's AbortSignal or its timeout. */
import { OvembedError } from './errors.js';

/** How a caller limits a call. */
export interface CallLimits {
  signal?: AbortSignal | undefined;
  /** Milliseconds; 0 or Infinity: no limit. */
  timeoutMs?: number | undefined;
}

/** setTimeout fires at once when given more than this (24.8 days), so longer limits are no limit. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** What an AbortSignal has that work looks at, so that work can be ended by either. */
export interface StopSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
  addEventListener(type: 'abort', listener: () => void, options?: { once: true }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** A StopSignal and nothing more: an AbortSignal with its events costs a short query 30 µs. */
class CallSignal implements StopSignal {
  aborted = false;
  reason: unknown;
  readonly #listeners = new Set<() => void>();

  throwIfAborted(): void {
    if (this.aborted) throw this.reason;
  }

  addEventListener(_: 'abort', listener: () => void): void {
    this.#listeners.add(listener);
  }

  removeEventListener(_: 'abort', listener: () => void): void {
    this.#listeners.delete(listener);
  }

  abort(reason: unknown): void {
    this.aborted = true;
    this.reason = reason;
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) listener();
  }
}

/** The reason when a call ends well. */
const FINISHED = new Error('The call has finished.');

/**
 * A scope that everything started for one call looks at. `signal` aborts when the call is over, whatever ended it, so
 * work that is still queued for it is dropped.
 */
export class CallScope {
  readonly #signal = new CallSignal();
  readonly #caller: AbortSignal | undefined;
  readonly #onCallerAbort = () => this.end(this.#caller?.reason);
  readonly #timer: NodeJS.Timeout | undefined;

  /** @param what names the call in the timeout's message, such as `embedQuery` */
  constructor(what: string, { signal, timeoutMs = 0 }: CallLimits) {
    this.#caller = signal;
    if (signal?.aborted) {
      this.end(signal.reason);
      return;
    }
    if (signal) onAbort(signal, this.#onCallerAbort);
    if (timeoutMs > 0 && timeoutMs <= LONGEST_TIMER_MS) {
      const expired = () => this.end(new OvembedError('ERR_TIMEOUT', `${what} did not finish within ${timeoutMs} ms.`));
      this.#timer = setTimeout(expired, timeoutMs);
    }
  }

  get signal(): StopSignal {
    return this.#signal;
  }

  /** Ends the call: frees the timer and the listener, and aborts `signal`. Only the first reason counts. */
  end(reason: unknown = FINISHED): void {
    if (this.#timer) clearTimeout(this.#timer);
    if (this.#caller) offAbort(this.#caller, this.#onCallerAbort);
    if (!this.#signal.aborted) this.#signal.abort(reason);
  }

  /** Settles with `work`, or at once with the reason if the call ends first. Leaves no rejection unhandled. */
  race<T>(work: Promise<T>): Promise<T> {
    const signal = this.#signal;
    return new Promise<T>((resolve, reject) => {
      const onEnd = () => reject(signal.reason);
      if (signal.aborted) onEnd();
      else signal.addEventListener('abort', onEnd);
      const settle = (end: () => void) => {
        signal.removeEventListener('abort', onEnd);
        end();
      };
      work.then(
        (value) => settle(() => resolve(value)),
        (error) => settle(() => reject(error)),
      );
    });
  }
}

interface SharedListener {
  callbacks: Set<() => void>;
  listener(): void;
}

/** Any number of calls may share a signal, but Node warns of a leak from the eleventh listener on: one serves all calls. */
const listeners = new WeakMap<AbortSignal, SharedListener>();

function onAbort(signal: AbortSignal, callback: () => void): void {
  const shared = listeners.get(signal) ?? listen(signal);
  shared.callbacks.add(callback);
}

function listen(signal: AbortSignal): SharedListener {
  const callbacks = new Set<() => void>();
  const listener = () => {
    for (const callback of callbacks) callback();
  };
  listeners.set(signal, { callbacks, listener });
  signal.addEventListener('abort', listener, { once: true });
  return { callbacks, listener };
}

/** The last callback takes the listener with it, since a signal that is listened to is not collected. */
function offAbort(signal: AbortSignal, callback: () => void): void {
  const shared = listeners.get(signal);
  if (!shared?.callbacks.delete(callback) || shared.callbacks.size > 0) return;
  signal.removeEventListener('abort', shared.listener);
  listeners.delete(signal);
}

/** For what wants a signal of the platform, such as fetch. */
export function platformSignal(signal: StopSignal): AbortSignal {
  const controller = new AbortController();
  const abort = () => controller.abort(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  return controller.signal;
}

/** Settles with the work, or rejects with the reason once the signal aborts. */
export function untilAborted<T>(work: Promise<T>, signal: StopSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** Hands on what a generator gives, in a scope that ends with it or ends it. */
export async function* inScope<T, R>(
  name: string,
  limits: CallLimits,
  run: (scope: CallScope) => AsyncGenerator<T, R, undefined>,
  onEnd: (ms: number, failure?: { reason: unknown }) => void,
): AsyncGenerator<T, R, undefined> {
  const started = performance.now();
  const scope = new CallScope(name, limits);
  let failure: { reason: unknown } | undefined;
  try {
    scope.signal.throwIfAborted();
    return yield* run(scope);
  } catch (reason) {
    failure = { reason };
    throw reason;
  } finally {
    scope.end(failure?.reason);
    onEnd(performance.now() - started, failure);
  }
}
