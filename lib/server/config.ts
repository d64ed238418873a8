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
import { invalidArgument, OvembedError } from '../errors.js';
import { checkLoadOptions } from '../options.js';
import { importPeers } from '../peers.js';
import type { ClientLimits } from './guards/clients.js';
import { LIMIT_CHECKS } from './limits.js';
import type { ModelConfig } from './served-models.js';
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
  checkLoadOptions(load);
};

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

export function checkConfig(config: Partial<ServerConfig>, where: string): void {
  checkOptions(config, CONFIG_CHECKS, where);
}

/** What the environment says; the names are those of the options. */
export function environmentConfig(env: NodeJS.ProcessEnv): Partial<ServerConfig> {
  const { OVEMBED_HOST, OVEMBED_PORT, OVEMBED_SOCKET, OVEMBED_API_KEY, OVEMBED_API_KEY_FILE, OVEMBED_OTEL } = env;
  return {
    ...(OVEMBED_HOST && { host: OVEMBED_HOST }),
    ...(OVEMBED_PORT && { port: Number(OVEMBED_PORT) }),
    ...(OVEMBED_SOCKET && { socket: OVEMBED_SOCKET }),
    ...(OVEMBED_API_KEY && { apiKeys: OVEMBED_API_KEY.split(',').filter((key) => key !== '') }),
    ...(OVEMBED_API_KEY_FILE && { apiKeyFile: OVEMBED_API_KEY_FILE }),
    ...(OVEMBED_OTEL && { otel: readBoolean('OVEMBED_OTEL', OVEMBED_OTEL) }),
  };
}

function readBoolean(name: string, value: string): boolean {
  if (/^(true|1)$/i.test(value)) return true;
  if (/^(false|0)$/i.test(value)) return false;
  throw invalidArgument(name, 'true or false', value);
}

/** For `--print-config`: keys are not printed. */
export function printable({ apiKeys, ...config }: ServerConfig): object {
  return { ...config, ...(apiKeys && { apiKeys: apiKeys.map(() => '***') }) };
}
