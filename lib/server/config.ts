/**
 * What a server is told: defaults, then a file, then the environment, then flags; what comes later goes before.
 * A file is `.mjs`, `.js`, `.ts` (where Node loads it), JSON or YAML, and holds the options of `createServer`.
 */
import { readFile } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  aBoolean,
  aDuration,
  aNonEmptyString,
  anInteger,
  aPositiveInteger,
  type Check,
  type Checks,
  checkObject,
  checkOptions,
  listOf,
} from '../checks.js';
import type { Embedder } from '../embedder.js';
import { invalidArgument, OvembedError } from '../errors.js';
import { aLogger, checkLoadOptions } from '../options.js';
import { importPeers } from '../peers.js';
import type { ClientLimits } from './guards/clients.js';
import { LIMIT_CHECKS } from './limits.js';
import type { GivenModel, ModelConfig } from './served-models.js';
import type { ServerOptions } from './server.js';

/** `ServerOptions` that can be written down. */
export type ServerConfig = Omit<ServerOptions, 'logger' | 'models'> & {
  models: readonly ModelConfig[];
  /** Spans and metrics by OpenTelemetry, to the SDK that is registered in the process. Default `false`. */
  otel?: boolean;
};

const MODULES = ['.mjs', '.js', '.cjs', '.mts', '.ts'];

/** @throws OvembedError `ERR_INVALID_ARGUMENT` naming the file, and what in it is not understood */
export async function readConfig(path: string): Promise<Partial<ServerConfig>> {
  const config = await parse(path);
  if (typeof config !== 'object' || config === null) {
    throw new OvembedError('ERR_INVALID_ARGUMENT', `${path} holds no object; its default export is one.`);
  }
  checkConfig(config as Partial<ServerConfig>, path);
  return config;
}

async function parse(path: string): Promise<unknown> {
  const extension = extname(path);
  try {
    if (MODULES.includes(extension)) {
      // Read anew each time: a server is told to reload what has changed.
      const module = await import(`${pathToFileURL(resolve(path)).href}?${Date.now()}`);
      return module.default;
    }
    const text = await readFile(path, 'utf8');
    if (extension === '.json') return JSON.parse(text);
    const { parse } = await importPeers(() => import('yaml'), 'Configurations in YAML', 'yaml');
    return parse(text);
  } catch (cause) {
    if (cause instanceof OvembedError) throw cause;
    const { message } = cause as Error;
    throw new OvembedError('ERR_INVALID_ARGUMENT', `${path} cannot be read as a configuration: ${message}`, { cause });
  }
}

/** Beyond the options of `Embedder.load`. */
const OWN_CHECKS: Record<'model' | 'name' | 'aliases' | 'lazy' | 'idleUnloadMs', Check> = {
  model: aNonEmptyString,
  name: aNonEmptyString,
  aliases: listOf(aNonEmptyString),
  lazy: aBoolean,
  idleUnloadMs: aDuration,
};

const aModel: Check = (value, where) => {
  checkObject(value, where);
  const { model, name, aliases, lazy, idleUnloadMs, ...load } = value as ModelConfig;
  for (const [key, option] of Object.entries({ model, name, aliases, lazy, idleUnloadMs })) {
    const isGiven = key === 'model' || option !== undefined;
    if (isGiven) OWN_CHECKS[key as keyof typeof OWN_CHECKS](option, `${where}.${key}`);
  }
  checkLoadOptions(load, where, Object.keys(OWN_CHECKS));
};

const aGivenModel: Check = (value, where) => {
  checkObject(value, where);
  if (!('embedder' in (value as GivenModel))) return aModel(value, where);
  checkOptions(value as EmbedderGiven, EMBEDDER_CHECKS, where);
};

type EmbedderGiven = Extract<GivenModel, { embedder: unknown }>;

const EMBEDDER_CHECKS: Checks<EmbedderGiven> = {
  name: aNonEmptyString,
  aliases: listOf(aNonEmptyString),
  embedder: (value, name) => {
    if (typeof (value as Partial<Embedder> | null)?.embed !== 'function')
      throw invalidArgument(name, 'an Embedder', value);
  },
};

export function checkModels(models: readonly GivenModel[]): void {
  listOf(aGivenModel)(models, 'models');
  if (models.length === 0) throw new OvembedError('ERR_INVALID_ARGUMENT', 'The server needs at least one model.');
}

const FILE_CHECKS: Checks<{ certFile: string; keyFile: string }> = {
  certFile: aNonEmptyString,
  keyFile: aNonEmptyString,
};

const CLIENT_CHECKS: Checks<ClientLimits> = {
  concurrent: aPositiveInteger,
  requests: aPositiveInteger,
  windowMs: aPositiveInteger,
};

const CONFIG_CHECKS: Checks<ServerConfig> = {
  models: listOf(aModel),
  host: aNonEmptyString,
  port: anInteger(0, 65_535),
  socket: aNonEmptyString,
  socketMode: anInteger(0, 0o777),
  daemon: aBoolean,
  apiKeys: listOf(aNonEmptyString),
  apiKeyFile: aNonEmptyString,
  insecure: aBoolean,
  allowedHosts: listOf(aNonEmptyString),
  tls: (value, name) => checkOptions(value as object, FILE_CHECKS, name),
  limits: (value, name) => checkOptions(value as object, LIMIT_CHECKS, name),
  clients: (value, name) => checkOptions(value as object, CLIENT_CHECKS, name),
  memoryBytes: anInteger(0, Number.MAX_SAFE_INTEGER),
  drainMs: aDuration,
  pages: aBoolean,
  otel: aBoolean,
  requestLog: (value, name) => {
    if (typeof value !== 'boolean' && typeof value !== 'object')
      throw invalidArgument(name, 'a boolean or options of pino', value);
  },
};

const { otel: _, ...SERVER_CHECKS } = CONFIG_CHECKS;

export function checkServerOptions(options: ServerOptions, where: string): void {
  checkOptions(options, { ...SERVER_CHECKS, models: () => {}, logger: aLogger }, where);
  checkModels(options.models);
}

export function checkConfig(config: Partial<ServerConfig>, where: string): void {
  checkOptions(config, CONFIG_CHECKS, where);
}

const aText = (text: string) => text;

/** How the text of a variable is read; what comes of it is checked as that of a file. */
const ENVIRONMENT: Partial<Record<keyof ServerConfig, (text: string, variable: string) => unknown>> = {
  host: aText,
  port: Number,
  socket: aText,
  socketMode: (text) => Number.parseInt(text, 8),
  daemon: readBoolean,
  apiKeyFile: aText,
  insecure: readBoolean,
  allowedHosts: readList,
  memoryBytes: Number,
  drainMs: Number,
  pages: readBoolean,
  otel: readBoolean,
};

/** What the environment says: `OVEMBED_API_KEY`, and the names of options, such as `OVEMBED_DRAIN_MS` and `OVEMBED_LIMITS_INPUTS`. */
export function environmentConfig(env: NodeJS.ProcessEnv): Partial<ServerConfig> {
  const read = (
    names: readonly string[],
    prefix: string,
    as: (name: string) => (text: string, name: string) => unknown,
  ) =>
    Object.fromEntries(
      names.flatMap((name) => {
        const variable = prefix + name.replace(/[A-Z]/g, '_$&').toUpperCase();
        const text = env[variable];
        return text ? [[name, as(name)(text, variable)]] : [];
      }),
    );
  const limits = read(Object.keys(LIMIT_CHECKS), 'OVEMBED_LIMITS_', () => Number);
  const clients = read(Object.keys(CLIENT_CHECKS), 'OVEMBED_CLIENTS_', () => Number);
  return {
    ...read(Object.keys(ENVIRONMENT), 'OVEMBED_', (name) => ENVIRONMENT[name as keyof ServerConfig] ?? aText),
    ...(env.OVEMBED_API_KEY && { apiKeys: readList(env.OVEMBED_API_KEY) }),
    ...(Object.keys(limits).length > 0 && { limits }),
    ...(Object.keys(clients).length > 0 && { clients }),
  };
}

function readList(text: string): string[] {
  return text.split(',').filter((one) => one !== '');
}

function readBoolean(text: string, variable: string): boolean {
  if (/^(true|1)$/i.test(text)) return true;
  if (/^(false|0)$/i.test(text)) return false;
  throw invalidArgument(variable, 'true or false', text);
}

/** For `--print-config`: neither keys nor the passwords of URLs are printed. */
export function printable(config: ServerConfig): string {
  const hide = (name: string, value: unknown) => {
    if (name === 'apiKeys') return (value as readonly string[]).map(() => '***');
    return typeof value === 'string' ? value.replace(/(:\/\/[^\s/:@]*:)[^\s/]*@/g, '$1***@') : value;
  };
  return JSON.stringify(config, hide, 2);
}
