/** What a failed call is in HTTP: the same statuses as `ovembed serve` answers with. */
import { OvembedError } from 'ovembed';

const STATUS = {
  ERR_INVALID_ARGUMENT: 400,
  ERR_INPUT_TOO_LONG: 400,
  ERR_OVERLOADED: 429,
  ERR_QUEUE_TIMEOUT: 429,
  ERR_TIMEOUT: 504,
};

/** @returns {{ status: number, headers: Record<string, string>, body: { error: { code: string, message: string } } }} */
export function answerTo(error) {
  if (!(error instanceof OvembedError)) return answer(error.status ?? error.statusCode ?? 500, error);
  // All else (a device that failed, an embedder that is closing) may pass: another instance, or another time, may do.
  return answer(STATUS[error.code] ?? 503, error);
}

function answer(status, { code = status < 500 ? 'ERR_REQUEST' : 'ERR_INTERNAL', message, retryAfterMs = 1000 }) {
  const headers = status === 429 || status === 503 ? { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) } : {};
  // What is not a client's fault and not ovembed's is nobody's business outside.
  return { status, headers, body: { error: { code, message: status === 500 ? 'Internal error.' : message } } };
}
