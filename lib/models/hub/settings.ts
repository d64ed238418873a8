/** The hub's own environment variables, read as huggingface_hub reads them, so that Python and Node share one cache. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

const DEFAULT_ENDPOINT = 'https://huggingface.co';
const DEFAULT_TIMEOUT_SECONDS = 10;

export interface HubSettings {
  /** Root of the cache: one folder per repository. Absolute. */
  cache: string;
  /** Address of the hub without a trailing slash. */
  endpoint: string;
  token: string | null;
  /** No network at all. */
  offline: boolean;
  /** A connection that delivers nothing for this long is given up. */
  timeoutMs: number;
}

export function hubSettings(env: NodeJS.ProcessEnv = process.env): HubSettings {
  const timeout = Number(env.HF_HUB_DOWNLOAD_TIMEOUT) || DEFAULT_TIMEOUT_SECONDS;
  return {
    cache: resolve(expandHome(env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE || join(hubHome(env), 'hub'))),
    endpoint: (env.HF_ENDPOINT || DEFAULT_ENDPOINT).replace(/\/+$/, ''),
    token: env.HF_TOKEN?.trim() || null,
    offline: isTrue(env.HF_HUB_OFFLINE || env.TRANSFORMERS_OFFLINE),
    timeoutMs: timeout * 1000,
  };
}

function hubHome(env: NodeJS.ProcessEnv): string {
  return env.HF_HOME || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'huggingface');
}

function expandHome(path: string): string {
  return path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path;
}

function isTrue(value: string | undefined): boolean {
  return ['1', 'ON', 'YES', 'TRUE'].includes(value?.toUpperCase() ?? '');
}
