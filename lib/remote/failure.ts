/** What an answer other than 200 means. */
import { isOvembedErrorCode, OvembedError, type OvembedErrorCode } from '../errors.js';

/** Of a server, read to its end. */
export interface Answer {
  statusCode: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  bytes: Buffer;
}

/** The error as the server threw it, or what can be told of an answer by a guard of its, or by a proxy. */
export function failureOf(answer: Answer): OvembedError {
  const { code, message } = fieldsOf(answer);
  if (isOvembedErrorCode(code)) return failed(code, message, answer);
  return failed(meaningOf(answer.statusCode, code), `The server answered ${answer.statusCode}: ${message}`, answer);
}

function failed(code: OvembedErrorCode, message: string, answer: Answer): OvembedError {
  const retryAfterMs = retryAfterOf(answer);
  return new OvembedError(code, message, retryAfterMs === undefined ? {} : { retryAfterMs });
}

function meaningOf(statusCode: number, code: unknown): OvembedErrorCode {
  if (code === 'model_not_found') return 'ERR_MODEL_NOT_FOUND';
  if (statusCode === 429) return 'ERR_OVERLOADED';
  if (statusCode === 408) return 'ERR_TIMEOUT';
  return statusCode >= 400 && statusCode < 500 ? 'ERR_INVALID_ARGUMENT' : 'ERR_DEVICE_FAILED';
}

/** Milliseconds until another try, by whoever says it the most exactly. */
function retryAfterOf(answer: Answer): number | undefined {
  const { headers } = answer;
  const seconds = headers['retry-after'];
  const said = [fieldsOf(answer).retryAfterMs, headers['retry-after-ms'], seconds && 1_000 * Number(seconds)];
  return said
    .filter((ms) => ms !== undefined)
    .map(Number)
    .find((ms) => ms >= 0 && ms < Infinity);
}

interface Fields {
  code?: unknown;
  message: string;
  retryAfterMs?: unknown;
}

/** Of a body that may be anybody's. */
export function fieldsOf({ bytes }: Answer): Fields {
  const { code, message, retryAfterMs, error } = objectOf(bytes);
  const text = [message, (error as { message?: unknown } | undefined)?.message].find((one) => typeof one === 'string');
  return { code, message: (text as string | undefined) ?? 'no reason was given', retryAfterMs };
}

function objectOf(bytes: Buffer): Record<string, unknown> {
  try {
    return Object(JSON.parse(bytes.toString('utf8')));
  } catch {
    return {};
  }
}
