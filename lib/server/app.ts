/**
 * The routes and their guards as a Fastify plugin: `app.register(ovembed, { models })` mounts them into a user's server, and
 * `createServer` makes one that has nothing else.
 */
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest, FastifySchemaCompiler } from 'fastify';
import { checkOptions } from '../checks.js';
import { type Logger, resolveLogger } from '../logger.js';
import { checkBody } from './body-check.js';
import { checkModels } from './config.js';
import type { ServerContext, ServerState } from './context.js';
import { ApiKeys } from './guards/api-keys.js';
import { type ClientLimits, limitClients } from './guards/clients.js';
import { limitBodies } from './guards/slow-body.js';
import { HttpError } from './http-error.js';
import { DEFAULT_LIMITS, LIMIT_CHECKS, type ServerLimits } from './limits.js';
import { documentRoutes } from './openapi/document.js';
import { answerWith, openAiError } from './protocols/errors.js';
import { RequestMetrics } from './request-metrics.js';
import { watchRequests } from './request-watch.js';
import { healthRoutes } from './routes/health.js';
import { jobRoutes } from './routes/jobs.js';
import { metricsRoutes } from './routes/metrics.js';
import { openAiRoutes } from './routes/openai.js';
import { isPage, pageRoutes } from './routes/pages.js';
import { remoteRoutes } from './routes/remote.js';
import { statusRoutes } from './routes/status.js';
import { teiRoutes } from './routes/tei.js';
import { type GivenModel, ServedModels } from './served-models.js';

/** What the routes serve, and to whom. */
export interface RoutesOptions {
  /** The first is the one of requests that name none. An embedder that is given is not closed. */
  models: readonly GivenModel[];
  /** One of them is needed by every route but `/health`, `/openapi.json` and the pages. Default: none is needed. */
  apiKeys?: readonly string[];
  /** Those that are not given have their defaults. */
  limits?: Partial<ServerLimits>;
  /** Of each client: its API key, else its address. */
  clients?: ClientLimits;
  /** Resident bytes above which idle models are unloaded before another is loaded. Default 0: no bound. */
  memoryBytes?: number;
  /**
   * A status page at `/` and documentation at `/docs`. Default: `true` for `createServer`, `false` within an app of yours, which may
   * have its own.
   */
  pages?: boolean;
  /** For what models say while they load and work. Default: silent, or as `OVEMBED_LOG` says. */
  logger?: Logger;
}

/** What the owner of the routes can do with them. */
export interface Routes extends ServerContext {
  apiKeys: ApiKeys;
  clients: ClientLimits;
  pages: boolean;
}

export function limitsOf({ limits = {} }: Pick<RoutesOptions, 'limits'>): ServerLimits {
  checkOptions(limits, LIMIT_CHECKS, 'limits');
  return { ...DEFAULT_LIMITS, ...limits };
}

/** @param apiKeys those of the options, or ones that their owner exchanges */
export function contextOf(options: RoutesOptions, apiKeys = new ApiKeys(options.apiKeys ?? [])): Routes {
  const { models, limits = {}, clients = {}, memoryBytes = 0, pages = false, logger } = options;
  const state: ServerState = { phase: 'ready' };
  return {
    models: new ServedModels(models, { logger: resolveLogger(logger), memoryBytes }),
    limits: limitsOf({ limits }),
    clients,
    pages,
    requests: new RequestMetrics(),
    state,
    apiKeys,
  };
}

const isHealth = (url: string) => url.startsWith('/health') || url === '/ping';

/** Routes that need no key: a balancer asks them, or they tell nothing of this server. */
function isPublic(method: string, url: string): boolean {
  // POST / is TEI's, beside the page.
  return /^(GET|HEAD)$/.test(method) && (isHealth(url) || url === '/openapi.json' || isPage(url));
}

/**
 * For `app.register`, with a prefix if you like. Models are loaded before the app is ready, and closed with it. Loading counts
 * towards Fastify's `pluginTimeout` (10 s): `fastify({ pluginTimeout: 0 })`, or `lazy` models, where it may take longer.
 */
export const ovembed: FastifyPluginAsync<RoutesOptions> = async (app, options) => {
  checkModels(options.models);
  const context = contextOf(options);
  context.requests.watch(app);
  await mount(app, context);
  app.addHook('onClose', () => context.models.close()); // before they are loaded, as that may fail half way
  await context.models.warmUp();
};

/** Models are the caller's to load and close, and requests to count. */
export const mount: FastifyPluginAsync<Routes> = async (app, context) => {
  const { apiKeys, limits, state } = context;
  watchRequests(app);
  app.setErrorHandler(answerWith(openAiError));
  app.decorateRequest('ovembedKey', null);
  app.decorateRequest('ovembedWork', null);
  const urlOf = ({ routeOptions }: FastifyRequest) => routeOptions.url?.slice(app.prefix.length) ?? '';
  app.addHook('onRequest', async (request, reply) => {
    request.ovembedKey = isPublic(request.method, urlOf(request)) ? null : apiKeys.check(request);
    if (state.phase === 'draining') reply.header('connection', 'close');
  });
  await limitClients(app, context.clients, (request) => isHealth(urlOf(request)));
  app.setValidatorCompiler(checkBody as FastifySchemaCompiler<unknown>);
  jsonOnly(app);
  limitBodies(app, limits);
  await documentRoutes(app, apiKeys);
  await app.register(healthRoutes, context);
  await app.register(metricsRoutes, context);
  await app.register(openAiRoutes, context);
  await app.register(jobRoutes, context);
  await app.register(teiRoutes, context);
  await app.register(remoteRoutes, context);
  await app.register(statusRoutes, context);
  if (context.pages) await app.register(pageRoutes);
};

/** A page of another site can send text and forms without asking, but not JSON. */
function jsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) =>
    parse(request, body as string, (error, value) => {
      // Its message would quote what was sent.
      if (error) done(new HttpError(400, 'ERR_JSON', 'The body is not valid JSON.'));
      else done(null, value);
    }),
  );
}
