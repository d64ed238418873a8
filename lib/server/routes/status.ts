/** What the status page shows, once a second: what is counted anyway. */
import cluster from 'node:cluster';
import type { FastifyPluginAsync } from 'fastify';
import type { CacheLevelStats } from '../../cache/stats.js';
import type { HistogramSnapshot } from '../../histogram.js';
import type { EmbedderInfo } from '../../info.js';
import type { CallMetrics } from '../../metrics.js';
import { VERSION } from '../../version.js';
import type { ServerContext, ServerState } from '../context.js';
import type { RequestMetrics } from '../request-metrics.js';
import type { ServedModel } from '../served-models.js';
import { reportModel } from './health.js';

/** In JSON, the last bound of a histogram, which is Infinity, is null. */
export interface StatusReport {
  version: string;
  phase: ServerState['phase'];
  /** That answered: with `--workers` one of several, whose figures are its own. */
  process: { pid: number; isWorker: boolean; uptimeSeconds: number; residentBytes: number };
  /** Requests under way, this one left out. */
  active: number;
  /** Those with a body, since the start. */
  routes: RouteStatus[];
  models: ModelStatus[];
}

export interface RouteStatus {
  /** Method and path. */
  route: string;
  status: number;
  /** Milliseconds. */
  ms: HistogramSnapshot;
}

export type ModelStatus = ReturnType<typeof reportModel> & {
  aliases: readonly string[];
  /** Null while it is not loaded. */
  info: Pick<
    EmbedderInfo,
    'model' | 'dimensions' | 'maxTokens' | 'precision' | 'deviceName' | 'deviceReason' | 'streams' | 'threads'
  > | null;
  metrics: CallMetrics | null;
  cache: CacheStatus[];
};

export type CacheStatus = Pick<
  CacheLevelStats,
  'name' | 'hits' | 'misses' | 'errors' | 'bytes' | 'entries' | 'leftOut'
>;

export const statusRoutes: FastifyPluginAsync<ServerContext> = async (app, { models, requests, state }) => {
  app.get('/ovembed/v1/status', { schema: { hide: true } }, async (): Promise<StatusReport> => {
    return {
      version: VERSION,
      phase: state.phase,
      process: {
        pid: process.pid,
        isWorker: cluster.isWorker,
        uptimeSeconds: process.uptime(),
        residentBytes: process.memoryUsage.rss(),
      },
      active: requests.active - 1,
      routes: routesOf(requests),
      models: await Promise.all(models.all.map(statusOf)),
    };
  });
};

/** Without those that only look, as the page does. */
function routesOf({ durations }: RequestMetrics): RouteStatus[] {
  return durations
    .map(([{ route, status }, ms]) => ({ route: String(route), status: Number(status), ms }))
    .filter(({ route }) => route.startsWith('POST '));
}

async function statusOf(model: ServedModel): Promise<ModelStatus> {
  const { embedder, aliases } = model;
  const report = { ...reportModel(model), aliases };
  if (!embedder) return { ...report, info: null, metrics: null, cache: [] };
  const { model: id, dimensions, maxTokens, precision, deviceName, deviceReason, streams, threads } = embedder.info;
  const levels = (await embedder.cache?.stats()) ?? [];
  return {
    ...report,
    info: { model: id, dimensions, maxTokens, precision, deviceName, deviceReason, streams, threads },
    metrics: embedder.metrics(),
    cache: levels.map(({ name, hits, misses, errors, bytes, entries, leftOut }) => ({
      name,
      hits,
      misses,
      errors,
      bytes,
      entries,
      leftOut,
    })),
  };
}
