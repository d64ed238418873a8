/** `ovembed serve`: models behind HTTP, until a signal ends it. */
import cluster from 'node:cluster';
import { OvembedError } from '../../errors.js';
import { DEFAULT_MODEL } from '../../models/index.js';
import { type Instrumentation, instrument } from '../../otel/index.js';
import { importPeers, SERVER_PACKAGES } from '../../peers.js';
import { checkConfig, environmentConfig, printable, readConfig, type ServerConfig } from '../../server/config.js';
import { createServer, type EmbeddingServer } from '../../server/index.js';
import { asDaemon } from '../../server/server.js';
import { claimSocket } from '../../server/socket-file.js';
import { type WorkerOrder, type WorkerReport, Workers } from '../../server/workers.js';
import { EXIT } from '../exit-codes.js';
import { UsageError } from '../failures.js';
import type { CommonFlags } from '../flags.js';
import { StdoutTarget } from '../output/targets.js';
import { commandLogger } from '../stderr.js';

export interface ServeFlags extends CommonFlags {
  config?: string;
  printConfig?: boolean;
  host?: string;
  port?: number;
  socket?: string;
  daemon?: boolean;
  apiKeyFile?: string;
  insecure?: boolean;
  allowedHost?: string[];
  tlsCert?: string;
  tlsKey?: string;
  drainMs?: number;
  memoryMb?: number;
  workers?: number;
  logLevel?: string;
  /** False where `--no-pages` was given. */
  pages?: boolean;
  otel?: boolean;
}

/** @returns the exit code, when the server has ended */
export async function serve(model: string | undefined, flags: ServeFlags): Promise<number> {
  const config = await configOf(model, flags);
  if (flags.printConfig) {
    await new StdoutTarget().append(Buffer.from(`${printable(await asDaemon(config))}\n`));
    return EXIT.ok;
  }
  const { workers = 1 } = flags;
  if (workers > 1 && cluster.isPrimary) return serveByWorkers(workers, config, flags);
  const { logger } = commandLogger(flags);
  const { otel, ...options } = config;
  const observed = otel ? await observe(flags) : undefined;
  const server = await createServer({ ...options, requestLog: requestLogOf(config, flags), ...(logger && { logger }) });
  const ended = untilTold(server, () => configOf(model, flags), flags);
  const address = await untilReady(server);
  if (address !== undefined) {
    if (cluster.isWorker) process.send?.({ event: 'ready', address } satisfies WorkerReport);
    else say(flags, { event: 'ready', address }, `ovembed is ready at ${address}`);
  }
  const exitCode = await ended;
  await observed?.flush(); // the process ends without waiting for what an SDK still holds
  return exitCode;
}

/** Where it listens; undefined where a signal ended it before. */
async function untilReady(server: EmbeddingServer): Promise<string | undefined> {
  try {
    return await server.listen();
  } catch (error) {
    if ((error as OvembedError).code === 'ERR_CLOSED') return undefined;
    throw cannotListen(error as NodeJS.ErrnoException) ?? error;
  }
}

/** A place that is taken, or is not this machine's to give, is a matter of flags. */
function cannotListen(error: NodeJS.ErrnoException): UsageError | undefined {
  if (error.syscall !== 'listen' && error.syscall !== 'getaddrinfo') return undefined;
  return new UsageError(
    `cannot listen: ${error.message.replace(/^listen \w+: /, '')}. Name another place by --port or --host.`,
  );
}

async function observe(flags: ServeFlags): Promise<Instrumentation> {
  const observed = await instrument();
  if (!observed.isRecorded) {
    const event = { event: 'not recorded', message: 'no OpenTelemetry SDK is registered' };
    say(
      flags,
      event,
      `OpenTelemetry: no SDK is registered, so nothing is recorded; NODE_OPTIONS="--import=<file that starts one>"`,
    );
  }
  return observed;
}

async function configOf(model: string | undefined, flags: ServeFlags): Promise<ServerConfig> {
  const { device, precision, activations, revision, modelFile, cacheDir, offline } = flags;
  const load = defined({ device, precision, activations, revision, modelFile, cacheDir, offline });
  const file = flags.config === undefined ? {} : await readConfig(flags.config);
  const named = model ?? flags.model;
  const models = (named === undefined ? file.models : undefined) ?? [
    { model: named ?? process.env.OVEMBED_MODEL ?? DEFAULT_MODEL },
  ];
  const { tlsCert, tlsKey, memoryMb } = flags;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new OvembedError('ERR_INVALID_ARGUMENT', '--tls-cert and --tls-key go together.');
  }
  const given = defined({
    host: flags.host,
    port: flags.port,
    socket: flags.socket,
    daemon: flags.daemon,
    apiKeyFile: flags.apiKeyFile,
    insecure: flags.insecure,
    allowedHosts: flags.allowedHost,
    drainMs: flags.drainMs,
    pages: flags.pages === false ? false : undefined,
    otel: flags.otel,
    memoryBytes: memoryMb === undefined ? undefined : memoryMb * 2 ** 20,
    tls: tlsCert === undefined ? undefined : { certFile: tlsCert, keyFile: tlsKey },
  });
  const { socket, limits, clients, ...environment } = environmentConfig(process.env);
  const config = {
    ...file,
    ...environment,
    ...(limits && { limits: { ...file.limits, ...limits } }),
    ...(clients && { clients: { ...file.clients, ...clients } }),
    // The daemon's own goes before that of the environment.
    ...(socket !== undefined && !flags.daemon && { socket }),
    ...given,
    models: models.map((one) => ({ ...one, ...load })),
  };
  checkConfig(config as ServerConfig, 'ovembed serve');
  return config as ServerConfig;
}

/** JSON on stderr, unless the configuration has a log of its own. */
function requestLogOf({ requestLog }: ServerConfig, { logLevel, quiet }: ServeFlags): ServerConfig['requestLog'] {
  if (requestLog !== undefined && logLevel === undefined) return requestLog;
  return { level: logLevel ?? (quiet ? 'warn' : 'info'), stream: process.stderr };
}

const defined = <T extends object>(given: T) =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));

/** Ends at the first SIGINT or SIGTERM, in order; at the second at once. SIGHUP: what can be changed is read again. */
function untilTold(
  server: EmbeddingServer,
  configAgain: () => Promise<ServerConfig>,
  flags: ServeFlags,
): Promise<number> {
  let reloads = Promise.resolve(); // one after the other, so that what is read last is what holds
  const reload = () => {
    reloads = reloads
      .then(configAgain)
      .then(({ otel: _, ...options }) => server.reload(options))
      .then(
        () => say(flags, { event: 'reloaded' }, 'ovembed has read its configuration again'),
        (error: Error) =>
          tell(flags, { event: 'not reloaded', message: error.message }, `not reloaded: ${error.message}`),
      );
  };
  const drained = onEnd(flags, () => server.close());
  if (cluster.isWorker) {
    process.on('message', (order: WorkerOrder) => {
      if (order === 'drain') process.emit('SIGTERM');
      if (order === 'reload') reload();
    });
  } else process.on('SIGHUP', reload);
  return drained;
}

async function serveByWorkers(count: number, config: ServerConfig, flags: ServeFlags): Promise<number> {
  const { socket } = await asDaemon(config);
  // Kept until the end, as a lock ends with what holds it.
  const giveBack = socket === undefined ? undefined : await claimSocket(socket);
  const { AggregatorRegistry } = await importPeers(() => import('prom-client'), 'Servers', SERVER_PACKAGES);
  const onReplaced = (exitCode: number | null) =>
    say(flags, { event: 'worker replaced', exitCode }, `a worker ended (${exitCode}); another takes its place`);
  const workers = new Workers({ count, onReplaced }, new AggregatorRegistry());
  const ended = onEnd(flags, () => workers.drain());
  process.on('SIGHUP', () => workers.tell('reload'));
  try {
    const started = await workers.start();
    if (started === 'ended') return await ended;
    if ('exitCode' in started) return started.exitCode;
    const { address } = started;
    say(flags, { event: 'ready', address }, `ovembed is ready at ${address}, by ${count} processes`);
    return await ended;
  } finally {
    giveBack?.();
  }
}

/** The exit code, when a signal has come and the end is done. A terminal's Ctrl-C reaches workers, too: they leave it to the first process. */
function onEnd(flags: ServeFlags, end: () => Promise<void>): Promise<number> {
  if (cluster.isWorker) process.on('SIGINT', () => {});
  return new Promise((resolve, reject) => {
    let ending = false;
    for (const signal of cluster.isWorker ? (['SIGTERM'] as const) : (['SIGINT', 'SIGTERM'] as const)) {
      process.on(signal, () => {
        if (ending) process.exit(EXIT[signal]);
        ending = true;
        say(flags, { event: 'draining' }, 'ovembed answers what it has accepted, then ends');
        end().then(() => resolve(EXIT.ok), reject);
      });
    }
  });
}

/** Of workers only failures are told, and with `--quiet`, too. */
function say(flags: ServeFlags, event: object, message: string): void {
  if (!flags.quiet && cluster.isPrimary) tell(flags, event, message);
}

function tell({ json }: ServeFlags, event: object, message: string): void {
  process.stderr.write(json ? `${JSON.stringify(event)}\n` : `${message}\n`);
}
