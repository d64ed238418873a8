/** A server of its own: guards against the network, an orderly start and end. */

import cluster from 'node:cluster';
import { randomUUID } from 'node:crypto';
import { chmod, readFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { createSecureContext } from 'node:tls';
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifyServerOptions } from 'fastify';
import { invalidArgument, OvembedError } from '../errors.js';
import { importPeers, SERVER_PACKAGES } from '../peers.js';
import { ownDaemonSocket } from '../remote/daemon-socket.js';
import { contextOf, limitsOf, mount, type Routes, type RoutesOptions } from './app.js';
import { checkServerOptions } from './config.js';
import { drain } from './drain.js';
import { ApiKeys, readKeys } from './guards/api-keys.js';
import { checkHost, hostRules, isLoopback } from './guards/host.js';
import { checkForm } from './guards/request-form.js';
import { HttpError } from './http-error.js';
import { DAEMON_LIMITS } from './limits.js';
import { answerWith, openAiError } from './protocols/errors.js';
import { loggerOf, logRequests } from './request-log.js';
import { claimSocket } from './socket-file.js';

/**
 * Options of `createServer`; with `otel`, and without `logger`, those of a configuration file (`ServerConfig`). In a program
 * `instrument()` of `ovembed/otel` is what `otel` is for `ovembed serve`.
 */
export interface ServerOptions extends RoutesOptions {
  /** Address to listen at. Default `127.0.0.1`; another needs keys, or `insecure`. */
  host?: string;
  /** Default 8080; 0: any that is free. */
  port?: number;
  /** A Unix socket in place of host and port. */
  socket?: string;
  /**
   * In place of all three: the socket of this user at which `Embedder.load` with `daemon: 'auto'` looks. As whoever asks there is this
   * user, `limits` are wide where they are not given. Default `false`.
   */
  daemon?: boolean;
  /** File mode of the socket. Default 0o600: its owner alone. */
  socketMode?: number;
  /** Beside those of `apiKeyFile`. One of all is needed by every route but `/health`, `/openapi.json` and the pages. */
  apiKeys?: readonly string[];
  /** A file with a key on every line, read again by `reload`. */
  apiKeyFile?: string;
  /** Listen at a public address without keys. Default `false`. */
  insecure?: boolean;
  /** Names that a `Host` header may have besides; for a public address: only these. */
  allowedHosts?: readonly string[];
  /** Paths of PEM files: the certificate with its chain, and its private key. */
  tls?: { certFile: string; keyFile: string };
  /** Milliseconds that `close` waits for requests under way. Default 30,000. */
  drainMs?: number;
  /** Options of pino for a line of each request (never of texts), or `true` for its defaults. Default `false`. */
  requestLog?: FastifyServerOptions['logger'];
}

const DEFAULT_PORT = 8_080;
const DEFAULT_DRAIN_MS = 30_000;
/** How often connections that send their headers too slowly are looked for. */
const CHECK_MS = 1_000;
const SOCKET_MODE = 0o600;

/** A server that `createServer` made. It listens once `listen` is called. */
export class EmbeddingServer {
  /** The Fastify app, for routes and hooks of your own before `listen`. */
  readonly app: FastifyInstance;
  readonly #options: ServerOptions;
  readonly #routes: Routes;
  #closed: Promise<void> | undefined;
  #giveBack: (() => void) | undefined;
  /** The latest `reload`; never rejects. */
  #reloads: Promise<void> = Promise.resolve();

  /** @internal */
  constructor(app: FastifyInstance, routes: Routes, options: ServerOptions) {
    this.app = app;
    this.#routes = routes;
    this.#options = options;
  }

  /**
   * Listens, then loads the models: `/health` says `starting` until they are ready.
   * @returns where it listens
   * @throws OvembedError `ERR_CLOSED` if `close` is called meanwhile, and what listening and loading throw
   */
  async listen(): Promise<string> {
    const { host = '127.0.0.1', port = DEFAULT_PORT, socket, socketMode = SOCKET_MODE } = this.#options;
    const { state, models } = this.#routes;
    state.phase = 'starting';
    // A worker's socket is the first process's.
    if (socket !== undefined && !cluster.isWorker) this.#giveBack = await claimSocket(socket);
    const address = await this.app.listen(socket === undefined ? { host, port } : { path: socket });
    if (socket !== undefined) await chmod(socket, socketMode);
    await models.warmUp();
    if (this.#closed !== undefined) throw new OvembedError('ERR_CLOSED', 'The server was closed before it was ready.');
    state.phase = 'ready';
    return address;
  }

  /**
   * Models, keys and limits of requests as they are configured now; the file of keys is read again. Requests under way go on
   * with what they were let in with. All else stays: where it listens, `allowedHosts`, `clients`, `memoryBytes`, `drainMs`, `pages`,
   * `tls`, `requestLog`, and of `limits` what Node and Fastify hold: `bodyBytes`, `headerBytes` and `connections`.
   * One that is asked for meanwhile comes after it.
   * @throws OvembedError if something is not right; then nothing has changed
   */
  reload(given: ServerOptions = this.#options): Promise<void> {
    const reloaded = this.#reloads.then(() => this.#reload(given));
    this.#reloads = reloaded.catch(() => undefined);
    return reloaded;
  }

  async #reload(given: ServerOptions): Promise<void> {
    checkServerOptions(given, 'reload');
    const options = await asDaemon(given);
    const keys = await allKeys(options);
    refuseOpenDoor({ ...this.#options, insecure: options.insecure ?? false }, keys);
    const { models, limits, apiKeys } = this.#routes;
    const changed = limitsOf(options);
    await models.replace(options.models);
    apiKeys.replace(keys);
    Object.assign(limits, changed);
  }

  /** Not ready any more, answers what was accepted, ends. Twice is once. */
  close(): Promise<void> {
    this.#closed ??= this.#drain();
    return this.#closed;
  }

  async #drain(): Promise<void> {
    this.#routes.state.phase = 'draining';
    const { drainMs = DEFAULT_DRAIN_MS } = this.#options;
    try {
      await drain(this.app.server, this.#routes.requests, drainMs);
      this.app.server.closeAllConnections();
      await this.app.close();
    } finally {
      this.#giveBack?.();
      this.#routes.models.stopLoading();
      await this.#routes.models.close();
    }
  }
}

/**
 * Makes a server that serves models over HTTP, and does not listen yet.
 * @throws OvembedError `ERR_INVALID_ARGUMENT` for options that are unknown or do not fit, for a public address without keys, for files that cannot be read, and for
 *   packages that are not installed (fastify and others are optional peers)
 */
export async function createServer(given: ServerOptions): Promise<EmbeddingServer> {
  checkServerOptions(given, 'createServer');
  const options = await asDaemon(given);
  const { host = '127.0.0.1', socket, allowedHosts = [], tls, requestLog = false } = options;
  const keys = await allKeys(options);
  refuseOpenDoor(options, keys);
  const routes = contextOf({ ...options, pages: options.pages ?? true }, new ApiKeys(keys));
  const { limits } = routes;
  const { fastify, LogController } = await importPeers(() => import('fastify'), 'Servers', SERVER_PACKAGES);
  const https = tls && (await certificateOf(tls));
  const sockets = { maxHeaderSize: limits.headerBytes, connectionsCheckingInterval: CHECK_MS };
  const app = fastify({
    ...(https ? { https: { ...https, ...sockets } } : { http: sockets }),
    bodyLimit: limits.bodyBytes,
    // Bodies have their own limit, as those that stream take their time.
    requestTimeout: 0,
    // Of a socket on which nothing moves at all, be it a client that does not read.
    connectionTimeout: 2 * Math.max(limits.receiveMs, limits.requestMs),
    keepAliveTimeout: 72_000,
    return503OnClosing: true,
    forceCloseConnections: 'idle',
    logger: loggerOf(requestLog),
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    // An address that is none; Fastify would quote it.
    frameworkErrors: (_error: unknown, request: FastifyRequest, reply: FastifyReply) =>
      answerWith(openAiError)(new HttpError(400, 'ERR_URL', 'The address is not a valid one.'), request, reply),
    routerOptions: { maxParamLength: 200 },
  } as FastifyServerOptions) as unknown as FastifyInstance;
  const { server } = app;
  server.headersTimeout = Math.min(limits.receiveMs, 15_000);
  server.maxConnections = limits.connections;
  server.maxHeadersCount = 0;
  logRequests(app);
  routes.requests.watch(app);
  const rules = hostRules(socket === undefined ? host : null, allowedHosts);
  app.addHook('onRequest', async (request) => {
    checkForm(request);
    checkHost(request, rules);
  });
  app.addHook('onRequest', async ({ headers }) => refuseForeign(headers));
  app.setErrorHandler(answerWith(openAiError));
  app.setNotFoundHandler(() => {
    throw new HttpError(404, 'ERR_NOT_FOUND', 'There is no such route.');
  });
  await app.register(mount, routes);
  return new EmbeddingServer(app, routes, options);
}

/**
 * What `daemon` stands for.
 * @throws OvembedError `ERR_INVALID_ARGUMENT` beside another socket, or where the socket could be somebody else's
 */
export async function asDaemon<T extends Omit<ServerOptions, 'models'>>({ daemon = false, ...options }: T): Promise<T> {
  if (!daemon) return options as T;
  const socket = await ownDaemonSocket();
  if (options.socket !== undefined && options.socket !== socket) {
    throw invalidArgument('socket', 'none, as the daemon has its own,', options.socket);
  }
  return { ...options, daemon, socket, limits: { ...DAEMON_LIMITS, ...options.limits } } as unknown as T;
}

function refuseOpenDoor(
  { host = '127.0.0.1', socket, insecure = false }: ServerOptions,
  keys: readonly string[],
): void {
  if (socket !== undefined || isLoopback(host) || keys.length > 0 || insecure) return;
  const message = `${host} is a public address, and there is no API key: whoever reaches it could use the server. Set apiKeys or apiKeyFile, or insecure.`;
  throw new OvembedError('ERR_INVALID_ARGUMENT', message);
}

/** Browsers tell where the page is from that asks: only the server's own may. */
function refuseForeign({ origin, host }: IncomingHttpHeaders): void {
  if (origin === undefined || origin === `http://${host}` || origin === `https://${host}`) return;
  throw new HttpError(403, 'ERR_ORIGIN', 'Requests of web pages of other sites are refused.');
}

async function allKeys({ apiKeys = [], apiKeyFile }: ServerOptions): Promise<string[]> {
  return [...apiKeys, ...(apiKeyFile === undefined ? [] : await readKeys(apiKeyFile))];
}

async function certificateOf({ certFile, keyFile }: NonNullable<ServerOptions['tls']>) {
  const https = { cert: await read(certFile), key: await read(keyFile) };
  try {
    createSecureContext(https);
    return https;
  } catch (cause) {
    const message = `${certFile} and ${keyFile} are no PEM files of a certificate and its key: ${(cause as Error).message}`;
    throw new OvembedError('ERR_INVALID_ARGUMENT', message, { cause });
  }
}

async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new OvembedError('ERR_INVALID_ARGUMENT', `A file of tls cannot be read: ${path}.`, { cause });
  }
}
