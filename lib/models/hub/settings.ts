/** The hub's own environment variables, read as huggingface_hub reads them, so that Python and Node share one cache. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { native } from '../../native.js';
import type { TryLock } from './lock.js';
import { RETRY_POLICY, type RetryPolicy } from './retry.js';

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
  proxies: ProxySettings;
  /** Snapshots link to blobs; else, and where links cannot be made, they hold copies. */
  symlinks: boolean;
  retry: RetryPolicy;
  tryLock: TryLock;
}

/** Addresses of proxies; '' for none. */
export interface ProxySettings {
  /** For `https:` addresses; without it they go through `http`, if that is set. */
  https: string;
  http: string;
  /** Hosts that are reached without a proxy, by commas: `localhost,.example.org,10.0.0.1:8080`; `*` for all. */
  none: string;
}

export function hubSettings(env: NodeJS.ProcessEnv = process.env): HubSettings {
  const timeout = Number(env.HF_HUB_DOWNLOAD_TIMEOUT) || DEFAULT_TIMEOUT_SECONDS;
  return {
    cache: resolve(expandHome(env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE || join(hubHome(env), 'hub'))),
    endpoint: (env.HF_ENDPOINT || DEFAULT_ENDPOINT).replace(/\/+$/, ''),
    token: isTrue(env.HF_HUB_DISABLE_IMPLICIT_TOKEN) ? null : readToken(env),
    offline: isTrue(env.HF_HUB_OFFLINE || env.TRANSFORMERS_OFFLINE),
    timeoutMs: timeout * 1000,
    proxies: {
      https: proxy(env.https_proxy ?? env.HTTPS_PROXY),
      http: proxy(env.http_proxy ?? env.HTTP_PROXY),
      none: env.no_proxy ?? env.NO_PROXY ?? '',
    },
    symlinks: !isTrue(env.HF_HUB_DISABLE_SYMLINKS),
    retry: RETRY_POLICY,
    tryLock: (path) => native().lockFile(path),
  };
}

function hubHome(env: NodeJS.ProcessEnv): string {
  return expandHome(env.HF_HOME || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'huggingface'));
}

/** From the environment, else from the file that `hf auth login` writes. */
function readToken(env: NodeJS.ProcessEnv): string | null {
  const token =
    env.HF_TOKEN || env.HUGGING_FACE_HUB_TOKEN || readText(env.HF_TOKEN_PATH || join(hubHome(env), 'token'));
  return token.replace(/[\r\n]/g, '').trim() || null;
}

/** A token that cannot be read is none: the hub says so where one is needed. */
function readText(file: string): string {
  try {
    return readFileSync(expandHome(file), 'utf8');
  } catch {
    return '';
  }
}

/** As curl takes them, with or without `http://`. */
function proxy(address = ''): string {
  return address === '' || address.includes('://') ? address : `http://${address}`;
}

function expandHome(path: string): string {
  return path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path;
}

function isTrue(value: string | undefined): boolean {
  return ['1', 'ON', 'YES', 'TRUE'].includes(value?.toUpperCase() ?? '');
}
