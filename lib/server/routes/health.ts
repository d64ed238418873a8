/** Whether the server lives, may be sent requests, and how it is. */
import type { FastifyPluginAsync } from 'fastify';
import type { ServerContext } from '../context.js';
import type { ServedModel } from '../served-models.js';

/** `draining`: no new requests; `degraded`: it serves, but a device that was asked for does not. */
export type HealthState = 'starting' | 'ok' | 'degraded' | 'failing' | 'draining';

export const healthRoutes: FastifyPluginAsync<ServerContext> = async (app, context) => {
  const tags = ['Operations'];
  app.get('/health/live', { schema: { tags, summary: 'The process answers' } }, () => ({ status: 'ok' }));
  for (const [url, summary] of [
    ['/health', 'How the server is; 503 while it should be sent nothing'],
    ['/health/ready', 'The same'],
    ['/ping', 'The same, as TEI and SageMaker have it'],
  ] as const) {
    app.get(url, { schema: { tags, summary } }, (_, reply) => {
      const report = reportHealth(context);
      const isReady = report.status === 'ok' || report.status === 'degraded';
      return reply.status(isReady ? 200 : 503).send(report);
    });
  }
};

function reportHealth({ models, state }: ServerContext) {
  const reports = models.all.map(reportModel);
  const worst = (['failing', 'degraded'] as const).find((status) => reports.some((report) => report.status === status));
  return { status: state.phase === 'ready' ? (worst ?? 'ok') : state.phase, models: reports };
}

/** Also what the status page shows of a model. */
export function reportModel({ name, embedder }: ServedModel) {
  if (!embedder) return { name, loaded: false, status: 'ok' as const };
  const { info } = embedder;
  const { queue, inFlight, rates } = embedder.status();
  const devices = info.devices.map(({ device, state, reason, latencyMs }) => ({ device, state, reason, latencyMs }));
  const usable = devices.filter(({ state }) => state === 'ready').length;
  const status =
    usable === devices.length ? ('ok' as const) : usable > 0 ? ('degraded' as const) : ('failing' as const);
  return {
    name,
    loaded: true,
    status,
    fingerprint: info.fingerprint,
    device: info.device,
    devices,
    queue,
    inFlight,
    rates,
  };
}
