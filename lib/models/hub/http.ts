/**
 * Requests to the hub: redirects are followed by hand, so that the token goes to the hub only; proxies are used as the
 * environment says; and nothing waits for a silent connection.
 */
import { OvembedError } from '../../errors.js';
import { RequestFailure } from './failures.js';
import { waitAskedFor } from './retry.js';
import type { HubSettings } from './settings.js';

type Undici = typeof import('undici');
type Response = Awaited<ReturnType<Undici['request']>>;
type Method = 'HEAD' | 'GET';
/** Names in lower case. */
type RawHeaders = Record<string, string | string[] | undefined>;

const MOST_REDIRECTS = 10;
const REDIRECTS = [301, 302, 303, 307, 308];
const PASSING_STATUS = [408, 429, 500, 502, 503, 504];
/** Nobody is there at all: if that was never otherwise, waiting a few seconds changes nothing. */
const UNREACHABLE = [
  ...['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN', 'ETIMEDOUT'],
  'UND_ERR_CONNECT_TIMEOUT',
];
/** Read to keep a connection that carries a body nobody wants; beyond, the connection is dropped. */
const MOST_DISCARDED_BYTES = 64 * 1024;

/** An answer whose body is still to be read (`pieces`) or dropped (`discard`). */
export class HubAnswer {
  readonly status: number;
  readonly #hub: RawHeaders;
  readonly #response: Response;
  readonly #guard: SilenceGuard;
  readonly #address: string;

  /** @param hub headers of the hub's own last answer: a storage host that it redirects to knows nothing of commits and hashes */
  constructor(address: string, hub: RawHeaders, response: Response, guard: SilenceGuard) {
    this.status = response.statusCode;
    this.#address = address;
    this.#hub = hub;
    this.#response = response;
    this.#guard = guard;
  }

  /** A header of the hub's; '' if it is not there. */
  header(name: string): string {
    const value = this.#hub[name];
    return (Array.isArray(value) ? value[0] : value) ?? '';
  }

  /** Name of the content: what the hub gives as its SHA-256 or git id. */
  get etag(): string {
    return (this.header('x-linked-etag') || this.header('etag')).replace(/^W\//, '').replaceAll('"', '');
  }

  /** Size of the content in bytes, if stated. */
  get size(): number | null {
    // Of a compressed body the stated length is that of the compressed form.
    const ofBody = this.header('content-encoding') ? '' : this.header('content-length');
    const size = this.header('x-linked-size') || ofBody;
    return /^\d{1,15}$/.test(size) ? Number(size) : null;
  }

  /** First byte and size of the whole as `Content-Range` states them; null for an answer that is no part. */
  get range(): { start: number; total: number | null } | null {
    const match = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15}|\*)$/.exec(String(this.#response.headers['content-range']));
    if (this.status !== 206 || !match) return null;
    return { start: Number(match[1]), total: match[2] === '*' ? null : Number(match[2]) };
  }

  async *pieces(): AsyncGenerator<Buffer> {
    try {
      for await (const piece of this.#response.body) {
        this.#guard.alive();
        yield piece as Buffer;
      }
    } catch (error) {
      throw this.#guard.explain(this.#address, error, true);
    } finally {
      this.#guard.release();
    }
  }

  async discard(): Promise<void> {
    this.#guard.release();
    await drop(this.#response);
  }
}

/** Connections to one hub, for one download. */
export class HubClient {
  readonly #settings: HubSettings;
  readonly #origin: string;
  readonly #undici: Undici;
  readonly #dispatcher: InstanceType<Undici['EnvHttpProxyAgent']>;
  readonly #signal: AbortSignal | undefined;
  #wasReached = false;

  /** @throws OvembedError `ERR_DOWNLOAD` for an endpoint or a proxy that is no address */
  static async open(settings: HubSettings, signal?: AbortSignal): Promise<HubClient> {
    // Loaded here, as most processes find their model in the cache.
    return new HubClient(await import('undici'), settings, signal);
  }

  private constructor(undici: Undici, settings: HubSettings, signal: AbortSignal | undefined) {
    const { endpoint, proxies } = settings;
    this.#undici = undici;
    this.#settings = settings;
    this.#signal = signal;
    this.#origin = originOf('HF_ENDPOINT', endpoint);
    if (proxies.https) originOf('HTTPS_PROXY', proxies.https);
    if (proxies.http) originOf('HTTP_PROXY', proxies.http);
    const { https: httpsProxy, http: httpProxy, none: noProxy } = proxies;
    // Tunnels for plain HTTP too: so what a proxy refuses is not taken for the hub's word.
    this.#dispatcher = new undici.EnvHttpProxyAgent({ httpsProxy, httpProxy, noProxy, proxyTunnel: true });
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }

  /** What the hub says of a file, without its content. */
  head(address: string): Promise<HubAnswer> {
    return this.#request('HEAD', address, {});
  }

  /** The content, from this byte on if the server can do so. */
  get(address: string, from: number): Promise<HubAnswer> {
    return this.#request('GET', address, from > 0 ? { range: `bytes=${from}-` } : {});
  }

  /** @throws RequestFailure; the signal's reason if aborted */
  async #request(method: Method, address: string, extra: Record<string, string>): Promise<HubAnswer> {
    this.#signal?.throwIfAborted();
    const guard = new SilenceGuard(this.#settings.timeoutMs, this.#signal);
    try {
      return await this.#follow(method, address, extra, guard);
    } catch (error) {
      guard.release();
      throw guard.explain(address, error, this.#wasReached);
    }
  }

  async #follow(
    method: Method,
    address: string,
    extra: Record<string, string>,
    guard: SilenceGuard,
  ): Promise<HubAnswer> {
    let url = new URL(address);
    let hub: RawHeaders = {};
    for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
      const response = await this.#send(method, url, extra, guard);
      const isHub = url.origin === this.#origin;
      // A mirror may leave everything to another hub; then that one names commit and content.
      if (isHub || !hasEtag(hub)) hub = response.headers;
      this.#checkPassing(address, url, response);
      const location = REDIRECTS.includes(response.statusCode) ? response.headers.location : undefined;
      if (typeof location !== 'string') return new HubAnswer(address, hub, response, guard);

      const target = redirectTarget(location, url);
      // The hub has said all about the content; where it is stored is of no interest yet.
      if (method === 'HEAD' && target.origin !== this.#origin && hasEtag(hub)) {
        return new HubAnswer(address, hub, { ...response, statusCode: 200 } as Response, guard);
      }
      await drop(response);
      url = target;
    }
    throw new Error(`more than ${MOST_REDIRECTS} redirects`);
  }

  async #send(method: Method, url: URL, extra: Record<string, string>, guard: SilenceGuard): Promise<Response> {
    // Sizes and hashes are those of the plain content.
    const headers: Record<string, string> = { 'accept-encoding': 'identity', 'user-agent': 'ovembed', ...extra };
    const { token } = this.#settings;
    if (token && url.origin === this.#origin) headers.authorization = `Bearer ${token}`;
    const response = await this.#undici.request(url, {
      method,
      headers,
      dispatcher: this.#dispatcher,
      signal: guard.signal,
      headersTimeout: 0, // the guard's business
      bodyTimeout: 0,
    });
    this.#wasReached = true;
    guard.alive();
    return response;
  }

  #checkPassing(address: string, url: URL, response: Response): void {
    const { statusCode: status, headers } = response;
    // A storage host refuses addresses that have become too old; the hub gives a new one.
    const isStale = url.origin !== this.#origin && [401, 403].includes(status);
    if (!PASSING_STATUS.includes(status) && !isStale) return;
    response.body.on('error', () => {}).destroy();
    const from = url.origin === this.#origin ? '' : ` of ${url.host}`;
    throw new RequestFailure(address, `HTTP ${status}${from}`, { passing: true, waitMs: waitAskedFor(headers) });
  }
}

function originOf(name: string, address: string): string {
  try {
    const { origin, protocol } = new URL(address);
    if (protocol === 'https:' || protocol === 'http:') return origin;
  } catch {}
  throw new OvembedError('ERR_DOWNLOAD', `${name} is no address that begins with https:// or http://.`);
}

function hasEtag(headers: RawHeaders): boolean {
  return Boolean(headers['x-linked-etag'] || headers.etag);
}

async function drop(response: Response): Promise<void> {
  await response.body.dump({ limit: MOST_DISCARDED_BYTES }).catch(() => {});
}

function redirectTarget(location: string, from: URL): URL {
  const target = new URL(location, from);
  const allowed = from.protocol === 'https:' ? ['https:'] : ['https:', 'http:'];
  if (!allowed.includes(target.protocol))
    throw new Error(`a redirect to ${target.protocol}//${target.host} is not followed`);
  return target;
}

/** Aborts a request that delivers nothing for a while, and tells that apart from the caller's abort. */
class SilenceGuard {
  readonly signal: AbortSignal;
  readonly #timer: NodeJS.Timeout;
  readonly #timeoutMs: number;
  readonly #caller: AbortSignal | undefined;
  #silent = false;

  constructor(timeoutMs: number, caller: AbortSignal | undefined) {
    const controller = new AbortController();
    this.#timeoutMs = timeoutMs;
    this.#caller = caller;
    this.#timer = setTimeout(() => {
      this.#silent = true;
      controller.abort();
    }, timeoutMs);
    this.signal = caller ? AbortSignal.any([caller, controller.signal]) : controller.signal;
  }

  alive(): void {
    this.#timer.refresh();
  }

  release(): void {
    clearTimeout(this.#timer);
  }

  /** The error to raise in place of `error`. @param wasReached the hub has answered before */
  explain(address: string, error: unknown, wasReached: boolean): unknown {
    if (this.#caller?.aborted) return this.#caller.reason;
    if (error instanceof RequestFailure) return error;
    const reason = this.#silent ? `nothing came for ${this.#timeoutMs / 1000} s` : rootMessage(error);
    const passing = this.#silent ? wasReached : isNetworkError(error) && (wasReached || !isUnreachable(error));
    return new RequestFailure(address, reason, { passing, cause: error });
  }
}

function codeOf(error: unknown): string {
  const { code, cause, errors } = error as NodeJS.ErrnoException & { errors?: unknown[] };
  return code ?? (errors ? codeOf(errors[0]) : cause ? codeOf(cause) : '');
}

function isUnreachable(error: unknown): boolean {
  return UNREACHABLE.includes(codeOf(error));
}

/** Of a socket or of the HTTP client, as opposed to certificates and to redirects that are not followed. */
function isNetworkError(error: unknown): boolean {
  const code = codeOf(error);
  const proxyStatus = /^Proxy response \((\d+)\)/.exec(rootMessage(error))?.[1];
  if (proxyStatus !== undefined) return PASSING_STATUS.includes(Number(proxyStatus));
  return UNREACHABLE.includes(code) || /^(ECONNRESET|ECONNABORTED|EPIPE|UND_ERR_|HPE_)/.test(code);
}

/** The reason may be in the cause, and for several addresses in an AggregateError. */
function rootMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && !error.message) return error.errors.map(rootMessage).join(', ');
  return error.cause instanceof Error ? rootMessage(error.cause) : error.message;
}
