/**
 * A line for each request, of what it was and took: never of what was sent. Fastify's own lines would have addresses with their
 * queries, and pino's all fields of an error.
 */
import { finished } from 'node:stream';
import type { FastifyInstance, FastifyServerOptions } from 'fastify';
import type { ApiKeys } from './guards/api-keys.js';

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

/** The status of an answer that nobody waited for: nginx's. */
const CLIENT_GONE = 499;

const REQUEST_ID_HEADER = 'x-request-id';

/** Options of pino, with what keeps texts out. */
export function loggerOf(requestLog: FastifyServerOptions['logger']): FastifyServerOptions['logger'] {
  if (!requestLog) return false;
  const given = requestLog === true ? {} : requestLog;
  return { ...given, serializers: { ...given.serializers, err: describeError } } as FastifyServerOptions['logger'];
}

/** Once it is answered, or the client is gone. Those who only look, as balancers and the status page, at the level `debug`. */
export function logRequests(app: FastifyInstance, apiKeys: ApiKeys): void {
  app.addHook('onRequest', async (request, reply) => {
    const started = performance.now();
    reply.header(REQUEST_ID_HEADER, request.id);
    finished(reply.raw, () => {
      const { method, routeOptions, ovembedKey, ovembedWork } = request;
      const status = reply.raw.writableFinished ? reply.statusCode : CLIENT_GONE;
      const line = {
        method,
        route: routeOptions.url ?? null,
        status,
        ms: Math.round(1_000 * (performance.now() - started)) / 1_000,
        ...ovembedWork,
        ...(typeof ovembedKey === 'number' && { client: apiKeys.nameOf(ovembedKey) }),
      };
      const onlyLooks = method === 'GET' && status < 400;
      request.log[onlyLooks ? 'debug' : 'info'](line, 'request');
    });
  });
}

function describeError({ name, code, message, stack = '' }: NodeJS.ErrnoException) {
  return { type: name, code, message, stack };
}
