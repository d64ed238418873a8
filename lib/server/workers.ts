/**
 * Several processes that share a port, by Node's cluster: the first process listens and hands connections out; each worker has
 * its own models. Workers are told by messages, since a terminal sends its signals to all of them.
 */
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

/** What the first process tells its workers. */
export type WorkerOrder = 'drain' | 'reload';

/** What workers tell the first process. */
export type WorkerReport = { event: 'ready'; address: string } | { event: 'metrics?'; id: number };

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;
/** One that has run for so long was well. */
const WELL_AFTER_MS = 10_000;

export interface WorkersOptions {
  count: number;
  /** A worker that was not asked to ended; another takes its place. */
  onReplaced(exitCode: number | null): void;
}

export class Workers {
  readonly #options: WorkersOptions;
  readonly #metrics: { clusterMetrics(): Promise<string> };
  readonly #ready = new Set<Worker>();
  #ending = false;
  /** So far: one that starts meanwhile may have read what held before. */
  #reloads = 0;

  constructor(options: WorkersOptions, metrics: { clusterMetrics(): Promise<string> }) {
    this.#options = options;
    this.#metrics = metrics;
  }

  /**
   * Starts them one after the other, so that the first compiles the model for all.
   * @returns where they listen; the exit code of one that ended before it was ready; `ended`: by `drain`, before all were
   */
  async start(): Promise<{ address: string } | { exitCode: number } | 'ended'> {
    let address = '';
    for (let i = 0; i < this.#options.count; i++) {
      const started = await this.#fork();
      if (this.#ending) return 'ended';
      if (typeof started === 'number') return { exitCode: started };
      address = started;
    }
    return { address };
  }

  tell(order: WorkerOrder): void {
    if (order === 'reload') this.#reloads++;
    for (const worker of this.#ready) worker.send(order);
  }

  /** Resolves when all have ended. */
  async drain(): Promise<void> {
    this.#ending = true;
    const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
    const exits = workers.map((worker) => once(worker, 'exit'));
    this.tell('drain');
    // One that is only starting has accepted nothing, and does not listen to messages yet.
    for (const worker of workers) if (!this.#ready.has(worker)) worker.process.kill('SIGKILL');
    await Promise.all(exits);
  }

  async #fork(retryMs = FIRST_RETRY_MS): Promise<string | number> {
    const startedAt = performance.now();
    const reloads = this.#reloads;
    const worker = cluster.fork();
    worker.on('message', (report: WorkerReport) => {
      if (report.event === 'metrics?') void this.#answerMetrics(worker, report.id);
    });
    const ready = new Promise<string>((resolve) => {
      worker.on('message', (report: WorkerReport) => report.event === 'ready' && resolve(report.address));
    });
    const ended = once(worker, 'exit').then(([code]) => (code as number | null) ?? 1);
    void ready.then(() => {
      this.#ready.add(worker);
      if (this.#reloads > reloads) worker.send('reload' satisfies WorkerOrder);
    });
    void ended.then(() => this.#ready.delete(worker));
    const outcome = await Promise.race([ready, ended]);
    void ended.then((code) => this.#replace(code, performance.now() - startedAt, retryMs, typeof outcome === 'string'));
    return outcome;
  }

  /** After a pause that grows, unless the last one ran for long. */
  async #replace(code: number, ranMs: number, retryMs: number, wasReady: boolean): Promise<void> {
    if (this.#ending || !wasReady) return;
    this.#options.onReplaced(code);
    const pauseMs = ranMs > WELL_AFTER_MS ? FIRST_RETRY_MS : retryMs;
    await delay(pauseMs);
    if (!this.#ending) await this.#fork(Math.min(2 * pauseMs, LONGEST_RETRY_MS));
  }

  async #answerMetrics(worker: Worker, id: number): Promise<void> {
    const text = await this.#metrics.clusterMetrics().catch((error: Error) => `# ${error.message}\n`);
    if (worker.isConnected()) worker.send({ metrics: text, id });
  }
}

let nextId = 0;

/** In a worker: the figures of all workers together. */
export function metricsOfAll(): Promise<string> {
  const id = nextId++;
  return new Promise((resolve) => {
    const onMessage = (message: { metrics?: string; id?: number }) => {
      if (message.metrics === undefined || message.id !== id) return;
      process.off('message', onMessage);
      resolve(message.metrics);
    };
    process.on('message', onMessage);
    process.send?.({ event: 'metrics?', id } satisfies WorkerReport);
  });
}
