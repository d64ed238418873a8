/** Failures in the words of each protocol. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type HttpError, toHttpError } from '../http-error.js';
import { tellFailure } from '../request-watch.js';

/** How a protocol words a failure. */
export type ErrorShape = (error: HttpError) => { status: number; body: unknown };

/** OpenAI's: all four keys are always there. */
export const openAiError: ErrorShape = ({ status, message, param, code }) => ({
  status,
  body: { error: { message, type: openAiType(status), param, code } },
});

function openAiType(status: number): string {
  if (status === 429) return 'rate_limit_error';
  return status < 500 ? 'invalid_request_error' : 'server_error';
}

/** TEI's `ErrorResponse`; its statuses differ from OpenAI's for what a client got wrong. */
export const teiError: ErrorShape = ({ status, code, message }) => {
  const [teiStatus, error_type] = teiType(status, code);
  return { status: teiStatus, body: { error: message, error_type } };
};

function teiType(status: number, code: string): [number, string] {
  if (code === 'ERR_EMPTY') return [400, 'Empty'];
  if (code === 'ERR_DEVICE_FAILED' || code === 'ERR_NON_FINITE') return [424, 'Backend'];
  if (status === 429) return [429, 'Overloaded'];
  if (status === 503) return [503, 'Unhealthy'];
  if (status === 400) return [422, 'Validation'];
  return [status, status < 500 ? 'Validation' : 'Backend'];
}

/** For `setErrorHandler`: the failure in the protocol's words, and in the log if it is the server's. */
export function answerWith(shape: ErrorShape) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const failure = toHttpError(error);
    const { status, body } = shape(failure);
    tellFailure(request, failure.code);
    if (status >= 500) request.log.error({ code: failure.code, err: failure.cause ?? failure }, 'request failed');
    if (failure.retryAfterMs !== undefined) {
      reply.header('retry-after', Math.max(1, Math.ceil(failure.retryAfterMs / 1_000)));
      reply.header('retry-after-ms', Math.ceil(failure.retryAfterMs));
    }
    reply.status(status).send(body);
  };
}

/** Ovembed's own: the code of the `OvembedError` as it was thrown. */
export const remoteError: ErrorShape = ({ status, code, message, retryAfterMs }) => ({
  status,
  body: { code, message, ...(retryAfterMs !== undefined && { retryAfterMs }) },
});
