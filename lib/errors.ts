/**
 * Every error that ovembed raises on purpose is an `OvembedError` with a stable `code`; the message says what was
 * expected, what came and what to do. An abort is no `OvembedError`: it rejects with `signal.reason`.
 */

/** All error codes. Codes are added, never renamed or reused. */
export const ERROR_CODES = [
  'ERR_INVALID_ARGUMENT',
  'ERR_INPUT_TOO_LONG',
  'ERR_CLOSED',
  'ERR_TIMEOUT',
  'ERR_QUEUE_TIMEOUT',
  'ERR_OVERLOADED',
  'ERR_MODEL_NOT_FOUND',
  'ERR_MODEL_INVALID',
  'ERR_MODEL_UNSUPPORTED',
  'ERR_MODEL_PROBE_CRASHED',
  'ERR_DEVICE_UNAVAILABLE',
  'ERR_DEVICE_FAILED',
  'ERR_NON_FINITE',
  'ERR_OUT_OF_MEMORY',
  'ERR_DOWNLOAD',
  'ERR_CACHE',
  'ERR_NATIVE_LOAD',
  'ERR_DOCUMENT',
] as const;

/** A stable error code. */
export type OvembedErrorCode = (typeof ERROR_CODES)[number];

export function isOvembedErrorCode(code: unknown): code is OvembedErrorCode {
  return (ERROR_CODES as readonly unknown[]).includes(code);
}

const BRAND = Symbol.for('ovembed.OvembedError');

/** An error that ovembed raises on purpose. The message says what was expected, what came and what to do. */
export class OvembedError extends Error {
  /** Stable: what programs branch on. Messages may change. */
  readonly code: OvembedErrorCode;
  /** Milliseconds after which another try may succeed; on `ERR_OVERLOADED` and `ERR_QUEUE_TIMEOUT`. */
  readonly retryAfterMs?: number;

  constructor(code: OvembedErrorCode, message: string, options: { cause?: unknown; retryAfterMs?: number } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : {});
    this.name = 'OvembedError';
    this.code = code;
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs;
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** Holds across duplicated copies of the package and across realms (worker threads, vm contexts). */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[BRAND] === true;
  }
}

/** A uniform message for a bad option or argument: what was expected, for what, and what came. */
export function invalidArgument(name: string, expected: string, actual: unknown): OvembedError {
  return new OvembedError('ERR_INVALID_ARGUMENT', `Expected ${expected} for ${name}, received ${describe(actual)}.`);
}

/** A value in the words of a message: short, and never the whole of a long text. */
export function describe(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'string')
    return value.length > 60 ? `a string of ${value.length} characters` : JSON.stringify(value);
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object') return `an object of type ${value.constructor?.name ?? 'null prototype'}`;
  return typeof value;
}
