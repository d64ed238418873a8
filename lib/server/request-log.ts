/**
 * A line for each request, of what it was and took: never of what was sent. Fastify's own lines would have addresses with their
 * queries, and pino's all fields of an error.
 */
import type { FastifyInstance, FastifyServerOptions } from 'fastify';
import { CLIENT_GONE } from './http-error.js';
import { whenEnded } from './request-end.js';

/** What a request had computed. */
export interface Work {
  /** As requests call it. */
  model: string;
  texts: number;
  tokens: number;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Null where nothing was computed. */
    ovembedWork: Work | null;
  }
}

const REQUEST_ID_HEADER = 'x-request-id';

/** Options of pino, with what keeps texts out. */
export function loggerOf(requestLog: FastifyServerOptions['logger']): FastifyServerOptions['logger'] {
  if (!requestLog) return false;
  const given = requestLog === true ? {} : requestLog;
  return { ...given, serializers: { ...given.serializers, err: describeError } } as FastifyServerOptions['logger'];
}

/** Once it is answered, or the client is gone. Those who only look, as balancers and the status page, at the level `debug`. */
export function logRequests(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    const started = performance.now();
    reply.header(REQUEST_ID_HEADER, request.id);
    whenEnded(reply, () => {
      const { method, routeOptions, ovembedKey, ovembedWork } = request;
      const status = reply.raw.writableFinished ? reply.statusCode : CLIENT_GONE;
      const line = {
        method,
        route: routeOptions.url ?? null,
        status,
        ms: Math.round(1_000 * (performance.now() - started)) / 1_000,
        ...ovembedWork,
        ...(ovembedKey && { client: ovembedKey }),
      };
      const onlyLooks = method === 'GET' && status < 400;
      request.log[onlyLooks ? 'debug' : 'info'](line, 'request');
    });
  });
}

/** Of its cause, which often says what really failed, all but the stack. */
function describeError(error: NodeJS.ErrnoException) {
  const { stack = '', cause } = error;
  return { ...nameAndMessage(error), stack, ...(cause instanceof Error && { cause: nameAndMessage(cause) }) };
}

const nameAndMessage = ({ name, code, message }: NodeJS.ErrnoException) => ({ type: name, code, message });
