/** The server that jobs are queued on: Redis or Valkey, and what it must be. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { OvembedError } from '../errors.js';
import { importPeers } from '../peers.js';
import type { ConnectOptions } from './options.js';

const DEFAULT_REDIS = 'redis://127.0.0.1:6379';
const DEFAULT_PREFIX = 'ovembed-jobs';
/** Keys of `RedisLevel` begin so unless it is told otherwise. */
const CACHE_PREFIX = 'ovembed';

/** Until a server has to answer at first. */
const CONNECT_TIMEOUT_MS = 5_000;
/** Until one that is silent counts as gone. */
const GONE_MS = 3_000;
const RETRY_MS = 250;
const LONGEST_RETRY_MS = 2_000;

const retryStrategy = (times: number) => Math.min(times * RETRY_MS, LONGEST_RETRY_MS);

/** What is used of the packages. */
interface Packages {
  Queue: typeof Queue;
  Worker: typeof Worker;
  Redis: typeof Redis;
}

export interface Connection extends Packages {
  url: string;
  prefix: string;
  /** For what is kept beside the queue. Waits for a server that is gone. */
  client: Redis;
  /** Options for clients of the same server, which BullMQ makes. */
  options: { url: string; maxRetriesPerRequest: null; retryStrategy: (times: number) => number };
  close(): void;
}

/**
 * @throws OvembedError `ERR_INVALID_ARGUMENT` without the packages, for a server that does not answer, and for one that may throw
 *   keys away
 */
export async function connect({ redis, prefix = DEFAULT_PREFIX }: ConnectOptions): Promise<Connection> {
  const url = redis ?? (process.env.OVEMBED_JOBS_REDIS || DEFAULT_REDIS);
  if (prefix === CACHE_PREFIX) {
    throw new OvembedError('ERR_INVALID_ARGUMENT', `The prefix ${prefix} is that of the cache: name another one.`);
  }
  const packages = await loadPackages();
  const options = { url, maxRetriesPerRequest: null, retryStrategy };
  const client = new packages.Redis(url, { maxRetriesPerRequest: null, retryStrategy });
  let problem = 'it does not answer';
  client.on('error', (error: Error) => {
    problem = error.message;
  });
  try {
    checkPolicy(await answer(client, () => problem), url);
  } catch (error) {
    client.disconnect();
    throw error;
  }
  return { ...packages, url, prefix, client, options, close: () => client.disconnect() };
}

const loadPackages = (): Promise<Packages> =>
  importPeers(
    async () => {
      const [{ Queue, Worker }, { Redis }] = await Promise.all([import('bullmq'), import('ioredis')]);
      return { Queue, Worker, Redis };
    },
    'Corpus jobs',
    'bullmq ioredis',
  );

async function answer(client: Redis, problem: () => string): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const unusable = (why: string, options?: ErrorOptions) =>
    new OvembedError('ERR_INVALID_ARGUMENT', `The queue's server at ${hostOf(client)} cannot be used: ${why}`, options);
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(unusable(`${problem()}. Is it running?`)), CONNECT_TIMEOUT_MS);
  });
  const refused = (cause: Error) => {
    throw unusable(`it refuses, as "${cause.message}".`, { cause });
  };
  try {
    return await Promise.race([client.info('memory').catch(refused), late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * What a server that is there will end.
 * @throws OvembedError `ERR_TIMEOUT` once it is gone; it may be back later, and the work go on
 */
export async function whileThere<T>({ client }: Connection, work: Promise<T>): Promise<T> {
  let isOver = false;
  const gone = async (): Promise<never> => {
    for (;;) {
      const answers = client.ping().then(
        () => true,
        () => false,
      );
      const isThere = await Promise.race([answers, sleep(GONE_MS, false, { ref: false })]);
      if (isOver || !isThere) break;
      await sleep(RETRY_MS, undefined, { ref: false });
    }
    throw new OvembedError(
      'ERR_TIMEOUT',
      `The queue's server at ${hostOf(client)} has not answered for ${GONE_MS} ms.`,
    );
  };
  try {
    return await Promise.race([work, gone()]);
  } finally {
    isOver = true;
  }
}

const hostOf = ({ options: { host, port } }: Redis) => `${host}:${port}`;

/** A queue that loses keys loses shards, and would not know. */
function checkPolicy(info: string, url: string): void {
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1];
  if (policy === undefined || policy === 'noeviction') return;
  const { host } = new URL(url);
  const message = `The server at ${host} has maxmemory-policy ${policy}, so it may throw jobs away. Jobs take an instance of their own, apart from the cache, with maxmemory-policy noeviction.`;
  throw new OvembedError('ERR_INVALID_ARGUMENT', message);
}
