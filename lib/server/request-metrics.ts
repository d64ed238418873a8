/** What requests did, by route and status: a few additions per request. */
import type { FastifyInstance } from 'fastify';
import { Histogram, type HistogramSnapshot } from '../histogram.js';
import { CLIENT_GONE } from './http-error.js';
import { whenEnded } from './request-end.js';

type Labels = Record<string, string | number>;

const MS_BOUNDS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, Infinity];

/** What TEI calls failures of these statuses. */
const TEI_FAILURES: Record<number, string> = {
  429: 'overloaded',
  400: 'validation',
  413: 'validation',
  422: 'validation',
};

export class RequestMetrics {
  readonly #byRoute = new Map<string, { labels: Labels; count: number; ms: Histogram }>();
  /** Requests under way. */
  active = 0;
  /** When the latest began or ended, by `performance.now()`. */
  latestAt = 0;
  total = 0;
  succeeded = 0;
  readonly #failures = new Map<string, number>();

  /** Counts every request of an app; those to no route as one, so that no client can make labels. */
  watch(app: FastifyInstance): void {
    app.addHook('onRequest', async ({ routeOptions, method }, reply) => {
      // Not reply.elapsedTime, which is 0 in an app that neither logs nor has a hook onResponse.
      const started = performance.now();
      this.active++;
      this.latestAt = started;
      whenEnded(reply, () => {
        this.active--;
        this.latestAt = performance.now();
        const status = reply.raw.writableFinished ? reply.statusCode : CLIENT_GONE;
        this.add(`${method} ${routeOptions.url ?? 'none'}`, status, this.latestAt - started);
      });
    });
  }

  add(route: string, status: number, ms: number): void {
    const key = `${route} ${status}`;
    const entry = this.#byRoute.get(key) ?? { labels: { route, status }, count: 0, ms: new Histogram(MS_BOUNDS) };
    this.#byRoute.set(key, entry);
    entry.count++;
    entry.ms.add(ms);
    this.total++;
    if (status < 400) this.succeeded++;
    else if (status !== CLIENT_GONE) {
      const kind = TEI_FAILURES[status] ?? 'backend';
      this.#failures.set(kind, (this.#failures.get(kind) ?? 0) + 1);
    }
  }

  get counts(): (readonly [Labels, number])[] {
    return [...this.#byRoute.values()].map(({ labels, count }) => [labels, count]);
  }

  get durations(): (readonly [Labels, HistogramSnapshot])[] {
    return [...this.#byRoute.values()].map(({ labels, ms }) => [labels, ms.snapshot()]);
  }

  get failures(): (readonly [Labels, number])[] {
    return [...this.#failures].map(([err, count]) => [{ err }, count]);
  }
}
