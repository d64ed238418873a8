/** What is used of a Redis client, and how one is made of a URL. */
import { OvembedError } from '../errors.js';

/** The part of ioredis (5, 6) and iovalkey that the Redis level uses. */
export interface RedisClient {
  /** A `keyPrefix` of the client goes before that of the cache. */
  readonly options?: { keyPrefix?: string | undefined };
  /** MGET, with values as bytes. */
  mgetBuffer(...keys: string[]): Promise<(Uint8Array | null)[]>;
  /** Several commands in one message. */
  pipeline(commands: unknown[][]): {
    /** Sends them. */
    exec(): Promise<[error: Error | null, result: unknown][] | null>;
  };
  /** SCAN. */
  scan(cursor: string, match: 'MATCH', pattern: string, count: 'COUNT', keys: number): Promise<[string, string[]]>;
  /** Ends the connection at once. Called only for a client that the level made of a URL. */
  disconnect(reconnect?: boolean): void;
  /** Errors are told to somebody, so that they do not end the process. */
  on(event: 'error', listener: (error: Error) => void): unknown;
}

type ClientModule = { Redis: new (url: string, options: object) => RedisClient };

/** The first of these that is installed is taken; ioredis speaks with Valkey, too. */
const MODULES = ['ioredis', 'iovalkey'];

const OPTIONS = {
  connectTimeout: 500,
  // An end that is gone without a word does not say good-bye: its connection is cut.
  disconnectTimeout: 100,
  retryStrategy: () => 250,
  // Commands fail with their connection, as a later answer is of no use.
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
};

/**
 * A client that connects in the background.
 * @throws OvembedError `ERR_CACHE` if no client package is installed
 */
export async function connectRedis(url: string): Promise<RedisClient> {
  for (const name of MODULES) {
    const module = await importIfInstalled(name);
    if (module) return new module.Redis(url, OPTIONS);
  }
  throw new OvembedError('ERR_CACHE', 'cache.redis.url needs the package ioredis or iovalkey: npm install ioredis.');
}

async function importIfInstalled(name: string): Promise<ClientModule | undefined> {
  try {
    return (await import(name)) as ClientModule;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}
