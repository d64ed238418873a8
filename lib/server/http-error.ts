/** What goes wrong with a request, before it is put in the words of a protocol. */
import { OvembedError, type OvembedErrorCode } from '../errors.js';

/** The status of an answer that nobody waits for: nginx's. */
export const CLIENT_GONE = 499;

/** A failure with its HTTP status. Messages never hold a text that was sent. */
export class HttpError extends Error {
  readonly status: number;
  /** The field or parameter that is at fault; null: none, or more than one. */
  readonly param: string | null;
  /** Stable, for programs: an `OvembedErrorCode`, or one of HTTP's. */
  readonly code: string;
  readonly retryAfterMs: number | undefined;

  constructor(
    status: number,
    code: string,
    message: string,
    more: { param?: string; retryAfterMs?: number | undefined; cause?: unknown } = {},
  ) {
    super(message, { cause: more.cause });
    this.status = status;
    this.code = code;
    this.param = more.param ?? null;
    this.retryAfterMs = more.retryAfterMs;
  }
}

/** contract.md: queue full 429, draining or dead 503, timeout 504. */
const STATUS: Record<OvembedErrorCode, number> = {
  ERR_INVALID_ARGUMENT: 400,
  ERR_INPUT_TOO_LONG: 400,
  ERR_DOCUMENT: 400,
  ERR_OVERLOADED: 429,
  ERR_QUEUE_TIMEOUT: 429,
  ERR_CLOSED: 503,
  ERR_TIMEOUT: 504,
  ERR_MODEL_NOT_FOUND: 503,
  ERR_MODEL_INVALID: 503,
  ERR_MODEL_UNSUPPORTED: 503,
  ERR_MODEL_PROBE_CRASHED: 503,
  ERR_DOWNLOAD: 503,
  ERR_DEVICE_UNAVAILABLE: 503,
  ERR_DEVICE_FAILED: 503,
  ERR_NON_FINITE: 503,
  ERR_OUT_OF_MEMORY: 503,
  ERR_NATIVE_LOAD: 503,
  ERR_CACHE: 500,
};

export const statusOf = ({ code }: OvembedError): number => STATUS[code];

/** What a client that is refused for a while is told, where nothing better is known. */
const RETRY_AFTER_MS = 1_000;

/** Fastify's "Unsupported Media Type" does not say which is supported; curl sends a form unless told otherwise. */
const NO_SUCH_TYPE =
  'Send the header "content-type: application/json" (or application/x-ndjson, for lines of a large job).';

/** A failure of the library, or of Fastify, as one of HTTP. */
export function toHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  if (error instanceof OvembedError) {
    const status = statusOf(error);
    const retryAfterMs = error.retryAfterMs ?? (status === 429 || status === 503 ? RETRY_AFTER_MS : undefined);
    return new HttpError(status, error.code, error.message, { retryAfterMs, cause: error });
  }
  const { statusCode, code, message } = error as { statusCode?: number; code?: string; message: string };
  if (statusCode === 415) return new HttpError(415, code ?? 'ERR_REQUEST', NO_SUCH_TYPE);
  if (statusCode !== undefined && statusCode < 500) return new HttpError(statusCode, code ?? 'ERR_REQUEST', message);
  if (statusCode === 503) return new HttpError(503, code ?? 'ERR_CLOSED', message, { retryAfterMs: RETRY_AFTER_MS });
  return new HttpError(500, 'ERR_INTERNAL', 'Something unexpected went wrong; the log of the server says what.', {
    cause: error,
  });
}
