/** One model of a server: lists go in requests of a bearable size, and are about the model that was connected to. */
import { setTimeout as delay } from 'node:timers/promises';
import { pipelined } from '../batching/pipelined.js';
import type { OvembedError } from '../errors.js';
import type { EmbedderInfo } from '../info.js';
import type { ModelInput } from '../input.js';
import type { LimitOptions } from '../options.js';
import { type CallScope, platformSignal } from '../signals.js';
import type { Connection } from './connection.js';

/** Half of what a server takes, unless it is configured for less. */
const MOST_INPUTS = 1_024;
/** UTF-16 units; as JSON up to three bytes each, and up to six of control characters. */
const MOST_UNITS = 256_000;
/** A token id with its comma. */
const UNITS_PER_ID = 7;

/** An input that is longer than a request should be has one of its own; of no inputs there is one request. */
export function* inRequests<T extends ModelInput>(inputs: readonly T[], most = MOST_INPUTS): Generator<T[], void> {
  let request: T[] = [];
  let units = 0;
  for (const input of inputs) {
    const own = typeof input === 'string' ? input.length : UNITS_PER_ID * input.length;
    if (request.length === most || (request.length > 0 && units + own > MOST_UNITS)) {
      yield request;
      request = [];
      units = 0;
    }
    request.push(input);
    units += own;
  }
  if (request.length > 0 || inputs.length === 0) yield request;
}

/** Where a server that is overloaded does not say. */
const RETRY_MS = 1_000;

/** What a server must still have after it was started anew: vectors that can be compared, from the same options. */
export function identityOf(info: EmbedderInfo): string {
  const { fingerprint, precision, activations, buckets, dimensions, truncate } = info;
  return [fingerprint, precision, activations, buckets.join(','), dimensions, truncate].join(' ');
}

/** How requests are sent. */
export interface Sending {
  scope: CallScope;
  options: LimitOptions;
  /** Whether the first request waits for room, too, where the server is overloaded. */
  isLetIn?: boolean;
  /** Sent with each request. */
  headers?: Readonly<Record<string, string>>;
}

export class RemoteModel {
  readonly #connection: Connection;
  readonly #about: { model: string; identity: string };

  constructor(connection: Connection, model: string, info: EmbedderInfo) {
    this.#connection = connection;
    this.#about = { model, identity: identityOf(info) };
  }

  /**
   * The answers in order, with two requests under way: while one is computed, the next is on its way.
   * @param bodyOf what a request is about
   */
  post<R>(
    route: string,
    requests: Iterable<R>,
    bodyOf: (request: R) => object,
    { scope, options: { signal: _, ...options }, isLetIn = false, headers }: Sending,
  ): AsyncGenerator<Buffer, void, undefined> {
    const signal = platformSignal(scope.signal);
    const send = (request: R) =>
      this.#connection.post(`/ovembed/v1/${route}`, { ...this.#about, ...bodyOf(request), options }, signal, headers);
    let waits = isLetIn;
    const start = (request: R) => {
      const sent = waits ? whileOverloaded(() => send(request), signal) : send(request);
      waits = true;
      return sent;
    };
    return pipelined(requests, start, scope);
  }

  /** What the server calls it, and where the server is. */
  get place() {
    return { model: this.#about.model, server: this.#connection.server };
  }

  close(): Promise<void> {
    return this.#connection.close();
  }
}

/** A call that was let in waits for room for its further texts, as within one process. */
async function whileOverloaded<T>(send: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await send();
    } catch (error) {
      const { code, retryAfterMs = RETRY_MS } = error as OvembedError;
      if (code !== 'ERR_OVERLOADED') throw error;
      await delay(retryAfterMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}
