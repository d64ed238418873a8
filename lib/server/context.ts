/** What every route of a server is given. */
import type {} from '@fastify/swagger';
import type { ServerLimits } from './limits.js';
import type { RequestMetrics } from './request-metrics.js';
import type { ServedModels } from './served-models.js';

/** Where a server is between its start and its end. */
export interface ServerState {
  phase: 'starting' | 'ready' | 'draining';
}

export interface ServerContext {
  models: ServedModels;
  limits: ServerLimits;
  requests: RequestMetrics;
  state: ServerState;
}
