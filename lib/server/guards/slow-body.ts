/** A body that does not come in time. Node's own limit is for the whole server, and for what streams there is none. */
import type { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { HttpError } from '../http-error.js';
import type { ServerLimits } from '../limits.js';

export function limitBodies(app: FastifyInstance, limits: ServerLimits): void {
  app.addHook('preParsing', async (_request, _reply, payload) => {
    const late = new HttpError(408, 'ERR_SLOW_BODY', 'The body did not come in time.');
    const timer = setTimeout(() => (payload as Readable).destroy(late), limits.receiveMs);
    payload.once('end', () => clearTimeout(timer)).once('close', () => clearTimeout(timer));
    return payload;
  });
}
