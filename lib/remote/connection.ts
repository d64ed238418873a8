/** The way to a server of ovembed: a URL, or a Unix socket of this machine. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { aDuration, aNonEmptyString, type Checks, checkOptions } from '../checks.js';
import { invalidArgument, OvembedError } from '../errors.js';
import { type Answer, failureOf, fieldsOf } from './failure.js';
import { parseAnswer } from './wire.js';

/** Options of `Embedder.connect`. */
export interface ConnectOptions {
  /** The name of a model of the server. Default: its first. */
  model?: string;
  /** Sent as `Authorization: Bearer`. Default: `OVEMBED_API_KEY`; of several, with commas between them, the first. */
  apiKey?: string;
  /**
   * Milliseconds that a call waits for a server that has gone away, as one that is started anew, before
   * `ERR_DEVICE_UNAVAILABLE`; 0: none. What was being answered is asked once more, not twice: it may be what ended the server.
   * Connecting does not wait. Default 10,000.
   */
  reconnectMs?: number;
}

const OPTIONS: Checks<ConnectOptions> = { model: aNonEmptyString, apiKey: aNonEmptyString, reconnectMs: aDuration };

const CONNECT_MS = 2_000;
const DEFAULT_RECONNECT_MS = 10_000;
/** Between two tries: at first, and at most. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;

/** Nothing was sent to the server. */
const NOT_SENT = /^(ECONNREFUSED|ENOENT|EAGAIN|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT)$/;

/** There is no server, or one that is ending. */
class Gone extends Error {
  /** Whether the request may have reached it. */
  readonly wasSent: boolean;

  constructor(wasSent: boolean, cause: unknown) {
    super((cause as Error).message, { cause });
    this.wasSent = wasSent;
  }
}

/** What is meant as a URL. A socket of such a name is `./name:1`. */
const HOST_AND_PORT = /^[\w.-]+:\d+$/;

type Headers = Readonly<Record<string, string>>;

/** How long a question may take. */
interface Limits {
  signal?: AbortSignal | undefined;
  /** Default: no limit. */
  timeoutMs?: number;
}

export class Connection {
  /** As it was given. */
  readonly address: string;
  readonly #dispatcher: Dispatcher;
  readonly #origin: string;
  /** Of the routes, where an app has mounted them at a prefix. */
  readonly #prefix: string;
  readonly #headers: Record<string, string>;
  readonly #reconnectMs: number;

  /**
   * @param address `http://host:port`, `https://…`, with the prefix of the routes if they have one; or the path of a socket
   * @throws OvembedError `ERR_INVALID_ARGUMENT`
   */
  static async open(address: string, options: ConnectOptions): Promise<Connection> {
    checkOptions(options, OPTIONS, 'Embedder.connect');
    const isUrl = /^https?:/.test(address);
    if (
      typeof address !== 'string' ||
      address === '' ||
      (isUrl && !URL.canParse(address)) ||
      HOST_AND_PORT.test(address)
    )
      throw invalidArgument('the address', 'a URL, such as http://127.0.0.1:8080, or the path of a socket', address);
    const { Agent } = await import('undici');
    const timeouts = { headersTimeout: 0, bodyTimeout: 0, connect: { timeout: CONNECT_MS } };
    const dispatcher = isUrl
      ? new Agent(timeouts)
      : new Agent({ ...timeouts, connect: { ...timeouts.connect, socketPath: address.replace(/^unix:(\/\/)?/, '') } });
    return new Connection(address, dispatcher, new URL(isUrl ? address : 'http://localhost'), options);
  }

  private constructor(
    address: string,
    dispatcher: Dispatcher,
    { origin, pathname }: URL,
    { apiKey = firstKey(process.env.OVEMBED_API_KEY), reconnectMs = DEFAULT_RECONNECT_MS }: ConnectOptions,
  ) {
    this.address = address;
    this.#dispatcher = dispatcher;
    this.#origin = origin;
    this.#prefix = pathname.replace(/\/+$/, '');
    this.#headers = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
    this.#reconnectMs = reconnectMs;
  }

  /** Does not wait for a server that is not there. */
  async get(path: string, { signal, timeoutMs }: Limits): Promise<unknown> {
    const limit = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
    const either = AbortSignal.any([signal, limit].filter((one) => one !== undefined));
    const answer = await this.#request('GET', path, undefined, either).catch((error) => {
      if (error instanceof Gone) throw this.#away(error);
      const isLate = limit !== undefined && error === limit.reason;
      throw isLate ? this.#away(new Error(`nothing came within ${timeoutMs} ms`)) : error;
    });
    if (answer.statusCode === 404 && fieldsOf(answer).code !== 'model_not_found') throw this.notOurs();
    const content = contentOf(answer);
    try {
      return parseAnswer(content);
    } catch (cause) {
      throw this.notOurs(cause);
    }
  }

  /** For what answers in a way that ovembed does not. */
  notOurs(cause?: unknown): OvembedError {
    const text = `What answers at ${this.address} is no server of ovembed.`;
    return new OvembedError('ERR_DEVICE_UNAVAILABLE', text, { cause });
  }

  /** @returns the bytes of the answer */
  async post(path: string, body: unknown, signal: AbortSignal, headers: Headers = {}): Promise<Buffer> {
    const request = () => this.#request('POST', path, JSON.stringify(body), signal, headers);
    return contentOf(await this.#patiently(request, signal));
  }

  /** A host and its port, or the path of a socket. */
  get server(): { readonly address: string; readonly port?: number } {
    if (!/^https?:/.test(this.address)) return { address: this.address.replace(/^unix:(\/\/)?/, '') };
    const { hostname, port, protocol } = new URL(this.address);
    return { address: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (protocol === 'https:' ? 443 : 80) };
  }

  close(): Promise<void> {
    return this.#dispatcher.close();
  }

  /** Vectors are computed as well twice as once, so what failed by the server's end may be asked again. */
  async #patiently(request: () => Promise<Answer>, signal: AbortSignal): Promise<Answer> {
    const end = performance.now() + this.#reconnectMs;
    let wasSent = false;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      try {
        return await request();
      } catch (error) {
        if (!(error instanceof Gone)) throw error;
        if ((wasSent && error.wasSent) || performance.now() + pauseMs > end) throw this.#away(error);
        wasSent ||= error.wasSent;
      }
      await delay(pauseMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }

  #away({ message, cause }: Error): OvembedError {
    const text = `The server at ${this.address} does not answer: ${message}`;
    return new OvembedError('ERR_DEVICE_UNAVAILABLE', text, { cause });
  }

  /** @throws Gone */
  async #request(
    method: 'GET' | 'POST',
    route: string,
    body?: string,
    signal?: AbortSignal,
    more?: Headers,
  ): Promise<Answer> {
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    const headers = { ...more, ...this.#headers, ...type };
    let answer: Answer;
    try {
      const origin = this.#origin;
      const path = this.#prefix + route;
      const response = await this.#dispatcher.request({ origin, path, method, headers, body, signal } as never);
      const { statusCode, headers: told } = response;
      answer = { statusCode, headers: told, bytes: Buffer.from(await response.body.arrayBuffer()) };
    } catch (cause) {
      if (signal?.aborted) throw signal.reason;
      throw new Gone(!NOT_SENT.test(String((cause as NodeJS.ErrnoException).code)), cause);
    }
    if (isEnding(answer)) throw new Gone(false, failureOf(answer));
    return answer;
  }
}

/** Refused by a server that ends, and whose place another may take; by Fastify or a proxy without a code. */
function isEnding(answer: Answer): boolean {
  if (answer.statusCode !== 503) return false;
  const { code } = fieldsOf(answer);
  return code === undefined || code === 'ERR_CLOSED';
}

function contentOf(answer: Answer): Buffer {
  if (answer.statusCode === 200) return answer.bytes;
  throw failureOf(answer);
}

/** Of those that a server takes, which stand in one variable. */
const firstKey = (keys = '') => keys.split(',').find((key) => key !== '');
