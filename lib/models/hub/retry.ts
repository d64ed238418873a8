/** Trying again what a network or a server failed at, at growing distances, or when the server says. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../logger.js';
import { downloadError, RequestFailure } from './failures.js';

export interface RetryPolicy {
  /** Tries in a row that bring nothing new, the first one counted. */
  attempts: number;
  /** Milliseconds before the second try; doubled each time, and then any value from half of it to all. */
  firstDelayMs: number;
  longestDelayMs: number;
  /** A server that asks for more patience than this is not waited for. */
  longestWaitMs: number;
}

/** Attempts and delays as huggingface_hub has them. */
export const RETRY_POLICY: RetryPolicy = {
  attempts: 5,
  firstDelayMs: 500,
  longestDelayMs: 8_000,
  longestWaitMs: 300_000,
};

export interface RetryOptions {
  signal?: AbortSignal | undefined;
  logger?: Logger | undefined;
  /** How much has come so far: tries are counted anew when it has grown. Default: nothing ever comes in part. */
  progress?: () => number;
}

/**
 * Runs `work` until it succeeds.
 *
 * @throws OvembedError `ERR_DOWNLOAD` for a `RequestFailure` that will not pass, or has not after all tries; whatever else
 *   `work` throws; the signal's reason if aborted
 */
export async function retrying<T>(policy: RetryPolicy, work: () => Promise<T>, options: RetryOptions = {}): Promise<T> {
  const { signal, logger, progress = () => 0 } = options;
  let reached = progress();
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof RequestFailure)) throw error;
      if (progress() > reached) attempt = 1;
      reached = Math.max(reached, progress());
      const wait = error.waitMs ?? delay(policy, attempt);
      if (!error.passing || wait > policy.longestWaitMs) throw downloadError(error);
      if (attempt >= policy.attempts) throw downloadError(error, attempt);
      logger?.debug(`${error.address}: ${error.message}; again in ${Math.round(wait)} ms`);
      await sleep(wait, undefined, signal ? { signal } : {}).catch(() => signal?.throwIfAborted());
    }
  }
}

/** Spread out, so that those who failed together do not come back together. */
function delay({ firstDelayMs, longestDelayMs }: RetryPolicy, attempt: number): number {
  const whole = Math.min(firstDelayMs * 2 ** (attempt - 1), longestDelayMs);
  return whole * (0.5 + Math.random() / 2);
}

const MOST_SECONDS = 1e6;

/** Milliseconds that a server asks to be left alone for, by `RateLimit` (the hub's) or `Retry-After`; undefined if it does not. */
export function waitAskedFor(
  headers: Record<string, string | string[] | undefined>,
  now = Date.now(),
): number | undefined {
  const limit = /;\s*r\s*=\s*0\s*;\s*t\s*=\s*(\d+)/.exec(String(headers.ratelimit ?? ''));
  const stated = limit?.[1] ?? headers['retry-after'];
  if (typeof stated !== 'string') return undefined;
  // The hub's seconds are rounded down.
  if (/^\d+$/.test(stated)) return (Math.min(Number(stated), MOST_SECONDS) + (limit ? 1 : 0)) * 1000;
  const date = Date.parse(stated);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
