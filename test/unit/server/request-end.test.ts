import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';
import { afterEach, expect, it } from 'vitest';
import { whenEnded } from '../../../lib/server/request-end.js';

let server: Server;
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

function listen(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<number> {
  server = createServer(answer);
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
}

const replyOf = (raw: ServerResponse) => ({ raw }) as FastifyReply;
const ended = (raw: ServerResponse) => new Promise<void>((resolve) => whenEnded(replyOf(raw), resolve));

it('tells all who ask that a request was answered, those after its end too', async () => {
  const told: string[] = [];
  const port = await listen((_, response) => {
    for (const name of ['a', 'b']) whenEnded(replyOf(response), () => told.push(name));
    void ended(response).then(async () => {
      await ended(response);
      told.push('late');
    });
    response.end();
  });
  await fetch(`http://127.0.0.1:${port}`);
  await expect.poll(() => told).toEqual(['a', 'b', 'late']);
});

it('tells that the client went away, and has one set of listeners for all who ask', async () => {
  let gone: Promise<unknown> | undefined;
  const listeners: number[] = [];
  const port = await listen((_, response) => {
    const asking = Array.from({ length: 20 }, () => {
      const one = ended(response);
      listeners.push(response.listenerCount('close'));
      return one;
    });
    gone = Promise.all(asking);
  });
  const asked = request({ port, host: '127.0.0.1' }).on('error', () => {});
  asked.end();
  await expect.poll(() => listeners).toHaveLength(20);
  asked.destroy();
  await Promise.race([gone, delay(5_000).then(() => Promise.reject(new Error('not told')))]);
  expect(new Set(listeners).size).toBe(1);
});
