/**
 * Ending without dropping a request. What Node's `close` does at once would: it closes idle connections, on some of which a
 * request is on its way, and forgets connections that wait to be accepted. test/e2e/serve.test.ts, "drains".
 */
import type { Server } from 'node:http';
import { Server as NetServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { RequestMetrics } from './request-metrics.js';

/** While connections that wait are accepted, and balancers that ask are told that the server is not ready. */
const ACCEPT_MS = 100;
/** A client that keeps its connection and has sent nothing for so long has nothing on its way. */
const QUIET_MS = 200;
const LOOK_MS = 20;

/**
 * Resolves when nothing is under way, or after `limitMs`. Answers tell clients meanwhile to close their connections.
 */
export async function drain(server: Server, requests: RequestMetrics, limitMs: number): Promise<void> {
  const end = performance.now() + limitMs;
  await delay(Math.min(ACCEPT_MS, limitMs));
  // The close of net.Server stops listening and leaves connections alone; that of http.Server does not.
  NetServer.prototype.close.call(server);
  const isQuiet = () => requests.active === 0 && performance.now() - requests.latestAt > QUIET_MS;
  while (!isQuiet() && performance.now() < end) await delay(LOOK_MS);
}
