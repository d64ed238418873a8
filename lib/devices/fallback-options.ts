/** What `load` may say about devices that fail. */
import type { Check, Checks } from '../checks.js';
import { aBoolean, aDuration, aPositiveInteger, checkOptions, oneOf } from '../checks.js';
import { invalidArgument } from '../errors.js';

/** Times are in milliseconds. */
export interface FallbackOptions {
  /** Times that a device is given a batch before the next one is. Integer from 1. Default 3. */
  tries?: number;
  /** Wait before the second try, and up to half as long again; it doubles from try to try. Default 100. */
  delayMs?: number;
  /** Longest that a device may take for 1,024 tokens, padding counted; larger batches have more. Default 60,000. */
  inferTimeoutMs?: number;
  /**
   * When a device that was compared with the CPU is compared again, by a short text. `'batch'`: after each batch, and before its
   * vectors are handed out; batches that end while such a text runs share the next. `'interval'`: every `healthIntervalMs`
   * only, so that a device that begins to answer wrong is believed until then. Default `'batch'`.
   */
  verify?: 'batch' | 'interval';
  /** How often a device is tried that was not used meanwhile. Default 30,000. */
  healthIntervalMs?: number;
  /** Longest that such a try, one short text, may take. Default 5,000. */
  healthTimeoutMs?: number;
  /** Smallest cosine of a device's vectors to those of the CPU in f32. From 0 to 1. Default 0.999. */
  minCosine?: number;
  /** Longest that `load` waits for a device while another could serve already; it joins later. Default 30,000. */
  loadTimeoutMs?: number;
  /** Whether a device other than the CPU is loaded in a child process first, once per model and driver. Default `true`. */
  probe?: boolean;
}

export type FallbackPolicy = Required<FallbackOptions>;

const DEFAULTS: FallbackPolicy = {
  tries: 3,
  delayMs: 100,
  inferTimeoutMs: 60_000,
  verify: 'batch',
  healthIntervalMs: 30_000,
  healthTimeoutMs: 5_000,
  minCosine: 0.999,
  loadTimeoutMs: 30_000,
  probe: true,
};

const aCosine: Check = (value, name) => {
  if (typeof value === 'number' && value >= 0 && value <= 1) return;
  throw invalidArgument(name, 'a number from 0 to 1', value);
};

const CHECKS: Checks<FallbackOptions> = {
  tries: aPositiveInteger,
  delayMs: aDuration,
  inferTimeoutMs: aPositiveInteger,
  verify: oneOf('batch', 'interval'),
  healthIntervalMs: aPositiveInteger,
  healthTimeoutMs: aPositiveInteger,
  minCosine: aCosine,
  loadTimeoutMs: aDuration,
  probe: aBoolean,
};

export const aFallback: Check = (value, name) => {
  if (typeof value === 'boolean') return;
  checkOptions(value as object, CHECKS, name);
};

/** Without fallback a batch has one try. */
export function fallbackPolicy(fallback: boolean | FallbackOptions = true): FallbackPolicy {
  if (typeof fallback === 'boolean') return fallback ? DEFAULTS : { ...DEFAULTS, tries: 1 };
  return { ...DEFAULTS, ...fallback };
}
