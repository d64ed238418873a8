/** A body that does not come in time. Node's own limit is for the whole server, and for what streams there is none. */
import type { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { HttpError } from '../http-error.js';
import type { ServerLimits } from '../limits.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The type of bodies that the route reads as they come, by `limitSilence`. */
    streamedType?: string;
  }
}

const late = () => new HttpError(408, 'ERR_SLOW_BODY', 'The body did not come in time.');

export function limitBodies(app: FastifyInstance, limits: ServerLimits): void {
  app.addHook('preParsing', async ({ method, routeOptions, headers }, _reply, payload) => {
    // Nobody reads theirs to its end, so it would be late where an answer takes long.
    if (method === 'GET' || method === 'HEAD') return payload;
    const { streamedType } = routeOptions.config;
    if (streamedType !== undefined && headers['content-type']?.toLowerCase().startsWith(streamedType)) return payload;
    const timer = setTimeout(() => (payload as Readable).destroy(late()), limits.receiveMs);
    payload.once('end', () => clearTimeout(timer)).once('close', () => clearTimeout(timer));
    return payload;
  });
}

/** A body of any size, which may take its time, but not be silent for long while more of it is waited for. */
export async function* limitSilence(
  body: Readable,
  { receiveMs }: ServerLimits,
): AsyncGenerator<Buffer, void, undefined> {
  // Destroying it would close the connection, on which it is still to be told what went wrong.
  const chunks = body.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer, undefined>;
  for (;;) {
    const timer = setTimeout(() => body.destroy(late()), receiveMs);
    const { done, value } = await chunks.next().finally(() => clearTimeout(timer));
    if (done) return;
    yield value;
  }
}
