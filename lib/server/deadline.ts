/** How long a request may take, and what ends it before. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CLIENT_GONE, HttpError } from './http-error.js';
import type { ServerLimits } from './limits.js';

/** Milliseconds, of the server's at most. */
export const TIMEOUT_HEADER = 'x-request-timeout-ms';

/** @param asked by the request's body; goes before the header */
export function timeoutOf({ headers }: FastifyRequest, { requestMs }: ServerLimits, asked?: number | null): number {
  const header = headers[TIMEOUT_HEADER];
  const timeout = asked ?? (header === undefined ? requestMs : Number(header));
  if (timeout > 0) return Math.min(timeout, requestMs);
  throw new HttpError(400, 'ERR_INVALID_ARGUMENT', `${TIMEOUT_HEADER} must be a number of milliseconds above 0.`);
}

/** Aborts when the client is gone before it was answered, so that what is queued for it is dropped. */
export function clientGone({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController();
  raw.once('close', () => {
    if (!raw.writableFinished) controller.abort(new HttpError(CLIENT_GONE, 'ERR_CLIENT_GONE', 'The client went away.'));
  });
  return controller.signal;
}
