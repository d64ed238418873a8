/** The option `cache` of `Embedder.load`, and the levels that it asks for. */
import {
  aFunction,
  aNonEmptyString,
  aPositiveInteger,
  type Check,
  type Checks,
  checkOptions,
  oneOf,
} from '../checks.js';
import { invalidArgument } from '../errors.js';
import type { Logger } from '../logger.js';
import { DTYPES, type Dtype } from '../vectors/dtype.js';
import { DiskLevel, type DiskLevelOptions } from './disk-level.js';
import { EmbeddingCache } from './embedding-cache.js';
import type { CacheLevel } from './level.js';
import { MemoryLevel, type MemoryLevelOptions } from './memory-level.js';
import { RedisLevel, type RedisLevelOptions } from './redis-level.js';

/** Where vectors are kept, so that none is computed twice. Levels are asked in the order memory, redis, disk, `levels`. */
export interface CacheOptions {
  /** What keys begin with; caches of different prefixes do not see each other. Default `ovembed`. */
  prefix?: string;
  /**
   * What vectors are kept as; with another type than `float32`, what is computed passes through it as well, so that a kept
   * vector has the bits of a computed one. `int8` and `uint8` need the load option `ranges`; `binary` and `ubinary` serve
   * calls of these two only. Default `'float32'`, which serves calls of every `dtype`.
   */
  dtype?: Dtype;
  /** In this process. Default: on; `false`: off. */
  memory?: MemoryLevelOptions | false;
  /** In Redis or Valkey, shared by machines. Default: off. */
  redis?: Pick<RedisLevelOptions, 'client' | 'url' | 'ttlMs' | 'timeoutMs'>;
  /** In a file, shared by the processes of a machine. Default: off. */
  disk?: DiskLevelOptions;
  /** Levels of your own, fastest first. */
  levels?: readonly CacheLevel[];
}

export const DEFAULT_PREFIX = 'ovembed';

const CLIENT_METHODS = ['mgetBuffer', 'pipeline'];

const aRedisClient: Check = (value, name) => {
  const client = value as Record<string, unknown> | null;
  if (CLIENT_METHODS.every((method) => typeof client?.[method] === 'function')) return;
  throw invalidArgument(name, 'a client of ioredis or iovalkey', value);
};

const aLevelList: Check = (value, name) => {
  if (!Array.isArray(value)) throw invalidArgument(name, 'a list of cache levels', value);
  for (const [i, level] of value.entries()) {
    aNonEmptyString(level?.name, `${name}[${i}].name`);
    for (const method of ['get', 'set', 'delete', 'clear']) aFunction(level[method], `${name}[${i}].${method}`);
  }
};

const MEMORY_CHECKS: Checks<MemoryLevelOptions> = { maxBytes: aPositiveInteger, maxEntries: aPositiveInteger };
const REDIS_CHECKS: Checks<NonNullable<CacheOptions['redis']>> = {
  client: aRedisClient,
  url: aNonEmptyString,
  ttlMs: aPositiveInteger,
  timeoutMs: aPositiveInteger,
};
const DISK_CHECKS: Checks<DiskLevelOptions> = { path: aNonEmptyString, maxBytes: aPositiveInteger };

const CHECKS: Checks<CacheOptions> = {
  prefix: aNonEmptyString,
  memory: (value, name) => {
    if (value !== false) checkOptions(value as MemoryLevelOptions, MEMORY_CHECKS, name);
  },
  redis: (value, name) => checkOptions(value as object, REDIS_CHECKS, name),
  disk: (value, name) => {
    checkOptions(value as DiskLevelOptions, DISK_CHECKS, name);
    aNonEmptyString((value as DiskLevelOptions).path, `${name}.path`);
  },
  levels: aLevelList,
  dtype: oneOf(...DTYPES),
};

/** @throws OvembedError `ERR_INVALID_ARGUMENT` */
export const checkCacheOptions: Check = (value, name) => {
  if (value !== false) checkOptions(value as CacheOptions, CHECKS, name);
};

/**
 * @throws OvembedError `ERR_CACHE` if a level cannot be opened, as when no client for Redis is installed; a server that does
 *   not answer is no such case
 */
export async function openCache(options: CacheOptions, logger: Logger): Promise<EmbeddingCache> {
  const { prefix = DEFAULT_PREFIX, dtype, memory = {}, redis, disk, levels = [] } = options;
  const own: CacheLevel[] = [];
  if (memory !== false) own.push(new MemoryLevel(memory));
  if (redis) own.push(await RedisLevel.open({ ...redis, prefix, logger }));
  if (disk) own.push(new DiskLevel(disk));
  return new EmbeddingCache([...own, ...levels], logger, dtype);
}
