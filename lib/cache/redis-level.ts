/**
 * L2: records in Redis or Valkey, shared by machines. Whatever state the server is in, a call waits at most `timeoutMs` for
 * it, and after three failures in a row not at all until the server is back (circuit-breaker.ts). Reading and writing have
 * a breaker each, since a server that is full or a replica still answers reads.
 */
import { type Clock, systemClock } from '../batching/clock.js';
import { CircuitBreaker } from '../circuit-breaker.js';
import { OvembedError } from '../errors.js';
import { type Logger, resolveLogger } from '../logger.js';
import { withDeadline } from './deadline.js';
import { keyPrefix } from './key.js';
import type { CacheLevel, CacheWrite } from './level.js';
import { connectRedis, type RedisClient } from './redis-client.js';
import { WriteQueue } from './write-queue.js';

/** Where a `RedisLevel` keeps records, and how long it waits. */
export interface RedisLevelOptions {
  /**
   * A client of ioredis or iovalkey, of one server (not of a cluster: its keys are asked for in one MGET). It stays the
   * caller's: it is not closed, reconnects as it was made to, and should have a listener for `error`.
   */
  client?: RedisClient;
  /** Or where the server is: `redis://`, `rediss://`. Needs the package ioredis or iovalkey. */
  url?: string;
  /** Milliseconds that a record is kept from its last write. Default 604,800,000, a week. */
  ttlMs?: number;
  /** Most milliseconds that a call waits for an answer. Default 50. */
  timeoutMs?: number;
  /** Of the keys, as in CacheKeys: what `clear()` forgets. Default `ovembed`. */
  prefix?: string;
  /** Told when the server is left out and when it is back. */
  logger?: Logger;
  /** @internal for tests */
  clock?: Clock;
}

const DEFAULT_TTL_MS = 604_800_000;
const DEFAULT_TIMEOUT_MS = 50;
/** Nobody waits for a write; still, one that takes longer is a sign. */
const WRITE_TIMEOUT_MS = 500;
/** One write to the server: few enough bytes that a read that comes next does not wait long. */
const WRITE_BYTES = 256 * 1024;
const MAX_WAITING_BYTES = 16 * 1024 ** 2;
const KEYS_PER_SCAN = 1_000;

/** Records in Redis or Valkey, behind a deadline and circuit breakers. */
export class RedisLevel implements CacheLevel {
  readonly name = 'redis';
  readonly #client: RedisClient;
  readonly #ownsClient: boolean;
  readonly #ttlMs: number;
  readonly #timeoutMs: number;
  readonly #prefix: string;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #reading: CircuitBreaker;
  readonly #writing: CircuitBreaker;
  readonly #writes = new WriteQueue(MAX_WAITING_BYTES);
  /** Probes are reads and writes of a key of their own. */
  readonly #probeKey: string;
  #closed = false;

  /** @throws OvembedError `ERR_CACHE` if `url` is given and no client package is installed. No connection is waited for. */
  static async open(options: RedisLevelOptions): Promise<RedisLevel> {
    if (options.client) return new RedisLevel(options.client, false, options);
    if (options.url) return new RedisLevel(await connectRedis(options.url), true, options);
    throw new OvembedError('ERR_INVALID_ARGUMENT', 'cache.redis needs a client or a url.');
  }

  private constructor(client: RedisClient, ownsClient: boolean, options: RedisLevelOptions) {
    this.#client = client;
    this.#ownsClient = ownsClient;
    this.#ttlMs = options.ttlMs ?? DEFAULT_TTL_MS;
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.#prefix = keyPrefix(options.prefix ?? 'ovembed');
    this.#probeKey = probeKey(options.prefix ?? 'ovembed');
    this.#logger = resolveLogger(options.logger);
    this.#clock = options.clock ?? systemClock;
    this.#reading = this.#breaker('reads', () => this.#probeRead());
    // Gone at once: it only has to be taken.
    this.#writing = this.#breaker('writes', () => this.#run([['set', this.#probeKey, '', 'PX', 1]]));
    // Each command tells of its own failure; without a listener, each failed connection would be printed.
    if (ownsClient) client.on('error', (error) => this.#logger.debug(`cache level redis: ${error.message}`));
  }

  get(keys: readonly string[]): (Uint8Array | undefined)[] | Promise<(Uint8Array | undefined)[]> {
    if (this.#reading.open) return new Array(keys.length).fill(undefined);
    return this.#guarded(this.#reading, () => this.#read(keys));
  }

  async set(writes: readonly CacheWrite[]): Promise<void> {
    const results = await Promise.allSettled(
      inPieces(writes).map((piece) =>
        this.#write(
          piece.map(({ key, record }) => ['set', key, asBuffer(record), 'PX', this.#ttlMs]),
          bytesOf(piece),
        ),
      ),
    );
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  }

  delete(keys: readonly string[]): Promise<void> {
    return this.#write([['unlink', ...keys]], 0);
  }

  get leftOut(): ('reads' | 'writes')[] {
    const all = [
      ['reads', this.#reading],
      ['writes', this.#writing],
    ] as const;
    return all.flatMap(([what, breaker]) => (breaker.open ? [what] : []));
  }

  /** Looks through all keys of the server, some at a time, so that it answers others meanwhile. */
  async clear(): Promise<void> {
    await this.#writes.idle();
    // A client's own prefix is put in front of keys, but neither in front of patterns nor taken off what is found.
    const own = this.#client.options?.keyPrefix ?? '';
    const pattern = `${escapePattern(own + this.#prefix)}*`;
    let cursor = '0';
    do {
      const scanned = this.#client.scan(cursor, 'MATCH', pattern, 'COUNT', KEYS_PER_SCAN);
      const [next, keys] = await withDeadline(scanned, WRITE_TIMEOUT_MS, this.#clock);
      if (keys.length > 0) await this.#run([['unlink', ...keys.map((key) => key.slice(own.length))]]);
      cursor = next;
    } while (cursor !== '0' && !this.#closed);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#reading.close();
    this.#writing.close();
    await this.#writes.idle();
    if (this.#ownsClient) this.#client.disconnect();
  }

  async #read(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    const answer = await withDeadline(this.#client.mgetBuffer(...keys), this.#timeoutMs, this.#clock);
    if (!Array.isArray(answer) || answer.length !== keys.length) {
      throw new OvembedError('ERR_CACHE', `Redis gave another answer than ${keys.length} values.`);
    }
    return answer.map((record) => record ?? undefined);
  }

  #write(commands: unknown[][], bytes: number): Promise<void> {
    if (this.#writing.open) return Promise.resolve();
    return this.#writes.add(bytes, async () => {
      // It may have opened while this write waited.
      if (!this.#writing.open) await this.#guarded(this.#writing, () => this.#run(commands));
    });
  }

  /** Sends commands together; rejects with the first that fails. */
  async #run(commands: unknown[][]): Promise<void> {
    const results = await withDeadline(this.#client.pipeline(commands).exec(), WRITE_TIMEOUT_MS, this.#clock);
    const failed = results?.find(([error]) => error);
    if (failed) throw failed[0];
  }

  async #guarded<T>(breaker: CircuitBreaker, work: () => Promise<T>): Promise<T> {
    try {
      const result = await work();
      breaker.onSuccess();
      return result;
    } catch (error) {
      breaker.onFailure(error);
      throw error;
    }
  }

  async #probeRead(): Promise<void> {
    try {
      await this.#read([this.#probeKey]);
    } catch (error) {
      // The connection may be what is broken: half open, or not logged in.
      if (this.#ownsClient && !this.#closed) this.#client.disconnect(true);
      throw error;
    }
  }

  #breaker(what: string, probe: () => Promise<void>): CircuitBreaker {
    return new CircuitBreaker({
      clock: this.#clock,
      probe,
      onChange: (open, reason) => {
        const message = (reason as Error)?.message ?? reason;
        if (open) this.#logger.warn(`cache level redis: ${what} fail (${message}); going on without until they work.`);
        else this.#logger.info(`cache level redis: ${what} work again.`);
      },
    });
  }
}

/** ioredis sends a Buffer as it is, but not another array of bytes. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const bytesOf = (writes: readonly CacheWrite[]) => writes.reduce((sum, { record }) => sum + record.length, 0);

function inPieces(writes: readonly CacheWrite[]): CacheWrite[][] {
  const pieces: CacheWrite[][] = [];
  let bytes = Infinity;
  for (const write of writes) {
    if (bytes >= WRITE_BYTES) {
      pieces.push([]);
      bytes = 0;
    }
    pieces.at(-1)?.push(write);
    bytes += write.record.length;
  }
  return pieces;
}

/** Of probes: it is there for a moment, and holds no record. */
export const probeKey = (prefix: string) => `${keyPrefix(prefix)}probe`;

export const escapePattern = (text: string) => text.replace(/[*?[\]\\^-]/g, '\\$&');
