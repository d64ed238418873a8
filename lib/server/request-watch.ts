/** Requests as other code of the process can watch them: the channel `ovembed:request`. */
import { tracingChannel } from 'node:diagnostics_channel';
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Watch, type Watched } from '../watch.js';
import { whenEnded } from './request-end.js';

/** A message of `ovembed:request`. Its outcome is `ok` whatever the status is, unless something failed. */
export interface WatchedRequest extends Watched {
  readonly method: string;
  /** The route's pattern, such as `/v1/models/*`. */
  readonly route: string | undefined;
  /** Without the query. */
  readonly path: string;
  readonly scheme: 'http' | 'https';
  readonly httpVersion: string;
  /** With all that they hold: they are for what carries a trace, and not to be recorded. */
  readonly headers: IncomingHttpHeaders;
  /** Of the answer, once it is sent; undefined if the client went away before. */
  status?: number;
}

export const requests = tracingChannel<WatchedRequest, WatchedRequest>('ovembed:request');

/** Requests that are watched, and what failed of them. */
const watches = new WeakMap<FastifyRequest, { watch: Watch<WatchedRequest>; failure?: string }>();

/** What comes after the first hook is in its context, as Fastify keeps that while it reads a body. */
export function watchRequests(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (!requests.hasSubscribers) return done();
    const watch = new Watch(requests, describe(request));
    watches.set(request, { watch });
    whenEnded(reply, () => settle(request, reply));
    return watch.run(done);
  });
}

/** @param code of the failure that the request is answered with */
export function tellFailure(request: FastifyRequest, code: string): void {
  const watched = watches.get(request);
  if (watched) watched.failure = code;
}

function describe({ method, routeOptions, raw, protocol }: FastifyRequest): WatchedRequest {
  return {
    method,
    route: routeOptions.url,
    path: (raw.url ?? '/').split('?', 1)[0] as string,
    scheme: protocol,
    httpVersion: raw.httpVersion,
    headers: raw.headers,
  };
}

function settle(request: FastifyRequest, { raw, statusCode }: FastifyReply): void {
  const { watch, failure } = watches.get(request) as { watch: Watch<WatchedRequest>; failure?: string };
  watches.delete(request); // as in request-end.ts
  if (raw.writableFinished) watch.message.status = statusCode;
  watch.settle(raw.writableFinished ? (failure ?? 'ok') : 'aborted');
}
