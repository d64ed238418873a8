/** Who asks, and how much at once: one client's requests must not be all that the server does. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { importPeers } from '../../peers.js';
import { HttpError } from '../http-error.js';
import { whenEnded } from '../request-end.js';

/** What one client may ask for, so that others are served too. */
export interface ClientLimits {
  /** Requests of one client under way at once; more are 429. Default: no limit. */
  concurrent?: number;
  /** Requests of one client in `windowMs`; more are 429 with the time to wait. Needs @fastify/rate-limit. Default: no limit. */
  requests?: number;
  /** Milliseconds. Default 60,000. */
  windowMs?: number;
}

const RETRY_AFTER_MS = 1_000;
const WINDOW_MS = 60_000;

declare module 'fastify' {
  interface FastifyRequest {
    /** What the request's API key is called; null where none is needed. */
    ovembedKey: string | null;
  }
}

/** A key where keys are needed, else an address. */
const nameOf = ({ ovembedKey, ip }: FastifyRequest): string => ovembedKey ?? ip;

/** @param isFree whether a request is not counted, as those of a balancer, which may have the address of its clients */
export async function limitClients(
  app: FastifyInstance,
  { concurrent, requests, windowMs = WINDOW_MS }: ClientLimits,
  isFree: (request: FastifyRequest) => boolean,
): Promise<void> {
  if (concurrent !== undefined) limitConcurrency(app, concurrent, isFree);
  if (requests === undefined) return;
  const { default: rateLimit } = await importPeers(
    () => import('@fastify/rate-limit'),
    'Limits of requests',
    '@fastify/rate-limit',
  );
  await app.register(rateLimit, {
    max: requests,
    timeWindow: windowMs,
    keyGenerator: nameOf,
    allowList: isFree,
    errorResponseBuilder: (_, { ttl }) =>
      new HttpError(429, 'ERR_RATE_LIMIT', `At most ${requests} requests in ${windowMs} ms are taken.`, {
        retryAfterMs: ttl,
      }),
  });
}

function limitConcurrency(app: FastifyInstance, most: number, isFree: (request: FastifyRequest) => boolean): void {
  const underWay = new Map<string, number>();
  app.addHook('onRequest', async (request, reply) => {
    if (isFree(request)) return;
    const client = nameOf(request);
    const count = underWay.get(client) ?? 0;
    if (count >= most) {
      const message = `At most ${most} requests of a client are answered at once.`;
      throw new HttpError(429, 'ERR_OVERLOADED', message, { retryAfterMs: RETRY_AFTER_MS });
    }
    underWay.set(client, count + 1);
    whenEnded(reply, () => {
      const left = (underWay.get(client) as number) - 1;
      if (left > 0) underWay.set(client, left);
      else underWay.delete(client);
    });
  });
}
