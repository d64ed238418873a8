/** The end of a request: it is answered, or its client is gone. */
import { finished } from 'node:stream';
import type { FastifyReply } from 'fastify';

const callbacks = new WeakMap<object, (() => void)[]>();

/**
 * Not the hook onResponse, which knows nothing of clients that went away, and is called for what was refused before. All who ask share
 * one look at the answer: each of its own has several listeners, of more than ten of which Node warns.
 */
export function whenEnded({ raw }: FastifyReply, callback: () => void): void {
  const others = callbacks.get(raw);
  if (others) {
    others.push(callback);
    return;
  }
  const all = [callback];
  callbacks.set(raw, all);
  finished(raw, () => {
    // Left to the collector of garbage, what requests held kept it so busy that refusals took twice as long (bench/server, load).
    callbacks.delete(raw);
    for (const each of all) each();
  });
}
