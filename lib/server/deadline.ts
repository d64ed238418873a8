/** How long a request may take, and what ends it before. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CLIENT_GONE, HttpError } from './http-error.js';
import type { ServerLimits } from './limits.js';
import { whenEnded } from './request-end.js';

/** Milliseconds, of the server's at most. */
export const TIMEOUT_HEADER = 'x-request-timeout-ms';

/** For a call that a request makes, or several; spread into their options, it gives each the time that is left by then. */
export interface RequestLimit {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** @param asked by the request's body; goes before the header */
export function limitOf(reply: FastifyReply, limits: ServerLimits, asked?: number | null): RequestLimit {
  const end = performance.now() + timeoutOf(reply.request, limits, asked);
  return {
    get timeoutMs() {
      return Math.max(1, Math.ceil(end - performance.now()));
    },
    signal: clientGone(reply),
  };
}

function timeoutOf({ headers }: FastifyRequest, { requestMs }: ServerLimits, asked?: number | null): number {
  const header = headers[TIMEOUT_HEADER];
  const timeout = asked ?? (header === undefined ? requestMs : Number(header));
  if (timeout > 0) return Math.min(timeout, requestMs);
  throw new HttpError(400, 'ERR_INVALID_ARGUMENT', `${TIMEOUT_HEADER} must be a number of milliseconds above 0.`);
}

/** Aborts when the client is gone before it was answered, so that what is queued for it is dropped. */
function clientGone(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  whenEnded(reply, () => {
    if (!reply.raw.writableFinished)
      controller.abort(new HttpError(CLIENT_GONE, 'ERR_CLIENT_GONE', 'The client went away.'));
  });
  return controller.signal;
}
