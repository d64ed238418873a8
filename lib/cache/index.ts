/** `ovembed/cache`: what a cache level of your own needs. */
export type { CacheLevel, CacheWrite, LevelSize } from './level.js';
