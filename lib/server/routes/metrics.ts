/** `/metrics` for Prometheus: what embedders count anyway, and what requests did; under TEI's names, too, for its dashboards. */
import cluster from 'node:cluster';
import type { FastifyPluginAsync } from 'fastify';
import type { Metric, MetricValue, MetricValueWithName } from 'prom-client';
import type { CacheLevelStats } from '../../cache/stats.js';
import type { HistogramSnapshot } from '../../histogram.js';
import { importPeers, SERVER_PACKAGES } from '../../peers.js';
import type { ServerContext } from '../context.js';
import type { RequestMetrics } from '../request-metrics.js';
import type { ServedModels } from '../served-models.js';
import { metricsOfAll } from '../workers.js';

type Labels = Record<string, string | number>;
type Samples = readonly (readonly [labels: Labels, value: number | HistogramSnapshot])[];

/** A name with its other names, what it means, and how it is read. Times are in seconds, as Prometheus has them. */
interface Family {
  names: readonly string[];
  help: string;
  type: 'counter' | 'gauge' | 'histogram';
  read(): Samples | Promise<Samples>;
}

export const metricsRoutes: FastifyPluginAsync<ServerContext> = async (app, { models, requests }) => {
  const { Registry, AggregatorRegistry } = await importPeers(() => import('prom-client'), 'Servers', SERVER_PACKAGES);
  const registry = new Registry();
  if (cluster.isWorker) {
    AggregatorRegistry.setRegistries(registry);
    new AggregatorRegistry(); // answers the first process when it asks
  }
  for (const family of [...modelFamilies(models), ...requestFamilies(requests)]) {
    for (const name of family.names) registry.registerMetric(metric(name, family));
  }
  app.get('/metrics', { schema: { tags: ['Operations'], summary: 'Figures for Prometheus' } }, async (_, reply) =>
    reply.type(registry.contentType).send(await (cluster.isWorker ? metricsOfAll() : registry.metrics())),
  );
};

function modelFamilies(models: ServedModels): Family[] {
  const loaded = () => models.all.flatMap(({ name, embedder }) => (embedder ? [{ name, embedder }] : []));
  const perModel =
    (read: (embedder: ReturnType<typeof loaded>[number]['embedder']) => number | HistogramSnapshot) => () =>
      loaded().map(({ name, embedder }) => [{ model: name }, read(embedder)] as const);
  const ofMetrics = <K extends 'texts' | 'tokens' | 'paddedTokens' | 'fallbacks'>(key: K) =>
    perModel((embedder) => embedder.metrics()[key]);
  const inSeconds = (key: 'callMs' | 'inferMs' | 'poolMs' | 'queueMs') =>
    perModel((embedder) => seconds(embedder.metrics()[key]));
  const perLane = (read: (queue: { texts: number; tokens: number; fraction: number }) => number) => () =>
    loaded().flatMap(({ name, embedder }) =>
      Object.entries(embedder.status().queue).map(
        ([priority, queue]) => [{ model: name, priority }, read(queue)] as const,
      ),
    );
  const perLevel = (read: (level: CacheLevelStats) => number) => async () => {
    const levels = loaded().map(async ({ name, embedder }) =>
      ((await embedder.cache?.stats()) ?? []).map(
        (level) => [{ model: name, level: level.name }, read(level)] as const,
      ),
    );
    return (await Promise.all(levels)).flat();
  };
  return [
    {
      names: ['ovembed_texts_total', 'te_embed_count', 'te_embed_success'],
      help: 'Texts that were run on a device',
      type: 'counter',
      read: ofMetrics('texts'),
    },
    counter('ovembed_tokens_total', 'Their tokens, padding left out', ofMetrics('tokens')),
    counter('ovembed_padded_tokens_total', 'Their tokens, padding counted', ofMetrics('paddedTokens')),
    counter('ovembed_fallbacks_total', 'Batches that went to another device', ofMetrics('fallbacks')),
    counter('ovembed_calls_total', 'Calls that ended, by outcome', () =>
      loaded().flatMap(({ name, embedder }) =>
        Object.entries(embedder.metrics().calls).map(([outcome, count]) => [{ model: name, outcome }, count] as const),
      ),
    ),
    counter(
      'ovembed_cache_hits_total',
      'Vectors that a level of the cache had',
      perLevel(({ hits }) => hits),
    ),
    counter(
      'ovembed_cache_misses_total',
      'Vectors that it had not',
      perLevel(({ misses }) => misses),
    ),
    {
      names: ['ovembed_queue_texts', 'te_queue_size'],
      help: 'Texts that wait for a device',
      type: 'gauge',
      read: perLane(({ texts }) => texts),
    },
    gauge(
      'ovembed_queue_tokens',
      'Their tokens',
      perLane(({ tokens }) => tokens),
    ),
    gauge(
      'ovembed_queue_fraction',
      'How full the queue is, from 0 to 1',
      perLane(({ fraction }) => fraction),
    ),
    gauge('ovembed_device_ready', 'Whether a device may be used', () =>
      loaded().flatMap(({ name, embedder }) =>
        embedder.info.devices.map(
          ({ device, state }) => [{ model: name, device, state }, state === 'ready' ? 1 : 0] as const,
        ),
      ),
    ),
    {
      names: ['ovembed_queue_duration_seconds', 'te_embed_queue_duration', 'te_request_queue_duration'],
      help: 'Seconds that texts of a call waited for a device',
      type: 'histogram',
      read: inSeconds('queueMs'),
    },
    {
      names: ['ovembed_infer_duration_seconds', 'te_embed_inference_duration', 'te_request_inference_duration'],
      help: 'Seconds of batches on a device',
      type: 'histogram',
      read: inSeconds('inferMs'),
    },
    {
      names: ['ovembed_call_duration_seconds', 'te_embed_duration'],
      help: 'Seconds of calls from start to end',
      type: 'histogram',
      read: inSeconds('callMs'),
    },
    {
      names: ['ovembed_batch_texts', 'te_batch_next_size'],
      help: 'Texts of a batch',
      type: 'histogram',
      read: perModel((embedder) => embedder.metrics().batchTexts),
    },
  ];
}

function requestFamilies(requests: RequestMetrics): Family[] {
  return [
    counter('ovembed_http_requests_total', 'Requests that were answered', () => requests.counts),
    {
      names: ['ovembed_http_request_duration_seconds', 'te_request_duration'],
      help: 'Seconds from the headers of a request to the end of its answer',
      type: 'histogram',
      read: () => requests.durations.map(([labels, ms]) => [labels, seconds(ms)]),
    },
    { names: ['te_request_count'], help: 'Requests', type: 'counter', read: () => [[{}, requests.total]] },
    {
      names: ['te_request_success'],
      help: 'Requests that went well',
      type: 'counter',
      read: () => [[{}, requests.succeeded]],
    },
    { names: ['te_request_failure'], help: 'Requests that failed', type: 'counter', read: () => requests.failures },
  ];
}

const counter = (name: string, help: string, read: Family['read']): Family => ({
  names: [name],
  help,
  type: 'counter',
  read,
});
const gauge = (name: string, help: string, read: Family['read']): Family => ({
  names: [name],
  help,
  type: 'gauge',
  read,
});

const seconds = ({ bounds, counts, count, sum }: HistogramSnapshot): HistogramSnapshot => ({
  bounds: bounds.map((ms) => ms / 1_000),
  counts,
  count,
  sum: sum / 1_000,
});

/** A metric of prom-client that is read when Prometheus asks, as nothing is counted twice. */
function metric(name: string, { help, type, read }: Family): Metric {
  const get = async () => ({
    name,
    help,
    type,
    aggregator: 'sum',
    values: (await read()).flatMap(([labels, value]) =>
      typeof value === 'number' ? [{ labels, value }] : buckets(name, labels, value),
    ),
  });
  return { name, help, type, get } as unknown as Metric;
}

function buckets(
  name: string,
  labels: Labels,
  { bounds, counts, count, sum }: HistogramSnapshot,
): MetricValue<string>[] {
  const of = (suffix: string, value: number, more: Labels = {}): MetricValueWithName<string> => ({
    metricName: name + suffix,
    labels: { ...labels, ...more },
    value,
  });
  const upTo = bounds.map((bound, i) =>
    of('_bucket', counts[i] as number, { le: bound === Infinity ? '+Inf' : bound }),
  );
  return [...upTo, of('_sum', sum), of('_count', count)];
}
