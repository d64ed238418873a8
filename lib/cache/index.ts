/** `ovembed/cache`: what a cache level of your own needs, and ours to build upon. Levels go into the option `cache.levels`. */
export { DiskLevel, type DiskLevelOptions } from './disk-level.js';
export type { CacheLevel, CacheWrite, LevelSize } from './level.js';
export { MemoryLevel, type MemoryLevelOptions } from './memory-level.js';
export type { RedisClient } from './redis-client.js';
export { RedisLevel, type RedisLevelOptions } from './redis-level.js';
export type { CacheLevelStats } from './stats.js';
