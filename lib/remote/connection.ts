/** The way to a server of ovembed: a URL, or a Unix socket of this machine. */
import type { Dispatcher } from 'undici';
import { invalidArgument, isOvembedErrorCode, OvembedError } from '../errors.js';

/** Options of `Embedder.connect`. */
export interface ConnectOptions {
  /** The name of a model of the server. Default: its first. */
  model?: string;
  /** Sent as `Authorization: Bearer`. Default: `OVEMBED_API_KEY`. */
  apiKey?: string;
}

const CONNECT_MS = 2_000;

export class Connection {
  readonly #dispatcher: Dispatcher;
  readonly #origin: string;
  readonly #headers: Record<string, string>;

  /**
   * @param address `http://host:port`, `https://…`, or the path of a socket
   * @throws OvembedError `ERR_INVALID_ARGUMENT`
   */
  static async open(address: string, apiKey: string | undefined): Promise<Connection> {
    if (typeof address !== 'string' || address === '') throw invalidArgument('the address', 'a URL or a path', address);
    const { Agent } = await import('undici');
    const isUrl = /^https?:\/\//.test(address);
    const timeouts = { headersTimeout: 0, bodyTimeout: 0, connect: { timeout: CONNECT_MS } };
    const dispatcher = isUrl
      ? new Agent(timeouts)
      : new Agent({ ...timeouts, connect: { ...timeouts.connect, socketPath: address.replace(/^unix:(\/\/)?/, '') } });
    return new Connection(dispatcher, isUrl ? new URL(address).origin : 'http://localhost', apiKey);
  }

  private constructor(dispatcher: Dispatcher, origin: string, apiKey: string | undefined) {
    this.#dispatcher = dispatcher;
    this.#origin = origin;
    this.#headers = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
  }

  async get(path: string): Promise<unknown> {
    return JSON.parse((await this.#request('GET', path)).toString('utf8'));
  }

  /** @returns the bytes of the answer */
  post(path: string, body: unknown, signal?: AbortSignal): Promise<Buffer> {
    return this.#request('POST', path, JSON.stringify(body), signal);
  }

  async json<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
    return JSON.parse((await this.post(path, body, signal)).toString('utf8')) as T;
  }

  close(): Promise<void> {
    return this.#dispatcher.close();
  }

  async #request(method: 'GET' | 'POST', path: string, body?: string, signal?: AbortSignal): Promise<Buffer> {
    const headers = { ...this.#headers, ...(body !== undefined && { 'content-type': 'application/json' }) };
    let answer: { statusCode: number; bytes: Buffer };
    try {
      const origin = this.#origin;
      const response = await this.#dispatcher.request({ origin, path, method, headers, body, signal } as never);
      answer = { statusCode: response.statusCode, bytes: Buffer.from(await response.body.arrayBuffer()) };
    } catch (cause) {
      if (signal?.aborted) throw signal.reason;
      const message = `The server at ${this.#origin} does not answer: ${(cause as Error).message}`;
      throw new OvembedError('ERR_DEVICE_UNAVAILABLE', message, { cause });
    }
    if (answer.statusCode === 200) return answer.bytes;
    throw failureOf(answer);
  }
}

/** The error as the server threw it, or what can be told of an answer that is not ovembed's. */
function failureOf({ statusCode, bytes }: { statusCode: number; bytes: Buffer }): OvembedError {
  const { code, message, retryAfterMs, error } = parsed(bytes);
  const text = message ?? error?.message ?? 'no reason was given';
  if (isOvembedErrorCode(code)) return new OvembedError(code, text, retryAfterMs === undefined ? {} : { retryAfterMs });
  const isRefused = statusCode >= 400 && statusCode < 500;
  return new OvembedError(
    isRefused ? 'ERR_INVALID_ARGUMENT' : 'ERR_DEVICE_FAILED',
    `The server answered ${statusCode}: ${text}`,
  );
}

function parsed(bytes: Buffer): {
  code?: unknown;
  message?: string;
  retryAfterMs?: number;
  error?: { message?: string };
} {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return {};
  }
}
