/** An embedder behind HTTP: `ovembed/server`. Needs fastify, typebox, prom-client and @fastify/swagger. */
export { ovembed, type RoutesOptions } from './app.js';
export type { ServerConfig } from './config.js';
export type { ClientLimits } from './guards/clients.js';
export type { ServerLimits } from './limits.js';
export type { GivenModel, ModelConfig } from './served-models.js';
export { createServer, EmbeddingServer, type ServerOptions } from './server.js';
