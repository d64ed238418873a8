/** Which failures may be over when a call is made again; every framework is told in its own way. */
import { OvembedError } from '../errors.js';

const REFUSED = new WeakSet<object>();

/** Says of a failure that it will come again, whatever its code. */
export function markRefused<T>(error: T): T {
  if (typeof error === 'object' && error !== null) REFUSED.add(error);
  return error;
}

/** A full queue says when there is room; a server that does not answer may have been restarted. */
export function mayRetry(error: unknown): error is OvembedError {
  if (!(error instanceof OvembedError) || REFUSED.has(error)) return false;
  return error.retryAfterMs !== undefined || error.code === 'ERR_DEVICE_UNAVAILABLE';
}
