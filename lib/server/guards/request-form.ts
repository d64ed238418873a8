/** Requests that Node lets pass though they are none that a client sends. test/native/server/attacks.test.ts */
import type { FastifyRequest } from 'fastify';
import { HttpError } from '../http-error.js';

/** More are sent by nobody; Node would leave out silently what comes behind the 2,000th. */
const MOST_HEADERS = 100;

export function checkForm({ raw }: FastifyRequest): void {
  if (raw.httpVersionMajor < 1) throw new HttpError(400, 'ERR_HTTP_VERSION', 'Send HTTP/1.1.');
  if (raw.rawHeaders.length > 2 * MOST_HEADERS) {
    throw new HttpError(431, 'ERR_HEADERS', `A request has at most ${MOST_HEADERS} headers.`);
  }
  const encoding = raw.headers['content-encoding'];
  if (encoding === undefined || encoding === 'identity') return;
  throw new HttpError(415, 'ERR_CONTENT_ENCODING', 'Send the body without Content-Encoding.');
}
