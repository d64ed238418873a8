/**
 * An index of Redis' query engine (Redis 8, Redis Stack, Valkey with valkey-search): `redis://host:6379/0?index=chunks`. Needs the
 * package ioredis or iovalkey. Rows are hashes `index:id`, the space is at `index.space`; how durable they are is the
 * server's matter (`appendonly`).
 */
import { OvembedError } from '../../errors.js';
import type { Match, VectorIndex, VectorRow, VectorSink, VectorSpace } from '../sink.js';
import type { SinkKind } from './kind.js';
import {
  batches,
  checkSpace,
  matchOf,
  notAnIndex,
  parsePlace,
  parseSpace,
  rowJson,
  spaceJson,
  withoutPassword,
} from './store.js';

/** What is used of ioredis and iovalkey. */
interface Client {
  connect(): Promise<void>;
  call(command: string, ...args: (string | number | Buffer)[]): Promise<unknown>;
  pipeline(commands: unknown[][]): { exec(): Promise<[error: Error | null, result: unknown][] | null> };
  disconnect(): void;
  on(event: 'error', listener: (error: Error) => void): unknown;
}
type Module = { Redis: new (url: string, options: object) => Client };

const FORM = 'redis://host:6379/0?index=name';
const DEFAULT_INDEX = 'ovembed';
const MODULES = ['ioredis', 'iovalkey'];
const PIPELINE_ROWS = 100;
/** RESP 3 would give answers of another form. A server that is gone is an error at once: the run can be gone on with. */
const OPTIONS = { protocol: 2, lazyConnect: true, maxRetriesPerRequest: 1, retryStrategy: () => null };

interface Keys {
  client: Client;
  index: string;
}

async function connect(place: string): Promise<Keys> {
  const url = parsePlace(place, FORM);
  const index = url.searchParams.get('index') || DEFAULT_INDEX;
  url.searchParams.delete('index');
  const { Redis } = await importClient();
  const client = new Redis(url.href, OPTIONS);
  // Commands fail with their connection, and say so.
  client.on('error', () => {});
  await client.connect().catch((cause) => {
    const message = `${withoutPassword(place)}: the server cannot be reached: ${cause.message}`;
    throw new OvembedError('ERR_INVALID_ARGUMENT', message, { cause });
  });
  return { client, index };
}

async function importClient(): Promise<Module> {
  for (const name of MODULES) {
    try {
      return (await import(name)) as Module;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    }
  }
  throw new OvembedError(
    'ERR_INVALID_ARGUMENT',
    'Redis sinks need the package ioredis or iovalkey: npm install ioredis.',
  );
}

const spaceKey = ({ index }: Keys) => `${index}.space`;
const rowKey = ({ index }: Keys, id: string) => `${index}:${id}`;
/** The ids of a document's rows. */
const documentKey = ({ index }: Keys, documentId: string) => `${index}.document:${documentId}`;

const readSpace = async (keys: Keys): Promise<VectorSpace | undefined> =>
  parseSpace(await keys.client.call('GET', spaceKey(keys)));

class RedisSink implements VectorSink {
  readonly #place: string;
  #keys: Keys | undefined;

  constructor(place: string) {
    parsePlace(place, FORM);
    this.#place = place;
  }

  async open(space: VectorSpace): Promise<void> {
    const keys = await connect(this.#place);
    this.#keys = keys;
    const found = await readSpace(keys);
    if (found) checkSpace(this.#place, found, space);
    await createIndex(keys, space.dimensions, this.#place);
    if (!found) await keys.client.call('SET', spaceKey(keys), spaceJson(space));
  }

  async write(rows: readonly VectorRow[]): Promise<void> {
    const keys = this.#keys as Keys;
    for (const batch of batches(rows, PIPELINE_ROWS)) {
      const commands = batch.flatMap((row) => [
        ['hset', rowKey(keys, row.id), 'vector', bytesOf(row.vector), 'row', rowJson(row)],
        ['sadd', documentKey(keys, row.documentId), row.id],
      ]);
      await run(keys, commands);
    }
  }

  async flush(): Promise<unknown> {
    return {};
  }

  async has(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const keys = this.#keys as Keys;
    const found = await run(
      keys,
      ids.map((id) => ['exists', rowKey(keys, id)]),
    );
    return new Set(ids.filter((_, i) => found[i] === 1));
  }

  async retain(documents: ReadonlyMap<string, readonly string[]>): Promise<void> {
    const keys = this.#keys as Keys;
    const names = [...documents.keys()];
    const present = await run(
      keys,
      names.map((name) => ['smembers', documentKey(keys, name)]),
    );
    const removals = names.flatMap((name, i) => {
      const kept = new Set(documents.get(name));
      const gone = (present[i] as string[]).filter((id) => !kept.has(id));
      return gone.flatMap((id) => [
        ['del', rowKey(keys, id)],
        ['srem', documentKey(keys, name), id],
      ]);
    });
    await run(keys, removals);
  }

  async close(): Promise<void> {
    this.#keys?.client.disconnect();
  }
}

/** @returns the results, in order */
async function run({ client }: Keys, commands: unknown[][]): Promise<unknown[]> {
  if (commands.length === 0) return [];
  const results = (await client.pipeline(commands).exec()) ?? [];
  return results.map(([error, result]) => {
    if (error) throw error;
    return result;
  });
}

async function createIndex({ client, index }: Keys, dimensions: number, place: string): Promise<void> {
  const attributes = ['TYPE', 'FLOAT32', 'DIM', dimensions, 'DISTANCE_METRIC', 'COSINE'];
  const schema = ['SCHEMA', 'vector', 'VECTOR', 'HNSW', attributes.length, ...attributes];
  try {
    await client.call('FT.CREATE', index, 'ON', 'HASH', 'PREFIX', 1, `${index}:`, ...schema);
  } catch (cause) {
    const { message } = cause as Error;
    if (/already exists/i.test(message)) return;
    if (!/unknown command/i.test(message)) throw cause;
    const what = 'has no query engine: it takes Redis 8, Redis Stack, or Valkey with valkey-search';
    throw new OvembedError('ERR_INVALID_ARGUMENT', `${withoutPassword(place)}: the server ${what}.`, { cause });
  }
}

const bytesOf = (vector: Float32Array) => Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);

class RedisIndex implements VectorIndex {
  readonly space: VectorSpace;
  readonly length: number;
  readonly #keys: Keys;

  constructor(keys: Keys, space: VectorSpace, length: number) {
    this.#keys = keys;
    this.space = space;
    this.length = length;
  }

  async search(query: Float32Array, count: number): Promise<Match[]> {
    const { client, index } = this.#keys;
    const candidates = Math.max(100, 4 * count);
    const knn = `*=>[KNN ${count} @vector $query EF_RUNTIME ${candidates} AS distance]`;
    const options = ['SORTBY', 'distance', 'RETURN', 2, 'row', 'distance', 'LIMIT', 0, count, 'DIALECT', 2];
    const params = ['PARAMS', 2, 'query', bytesOf(query)];
    const [, ...found] = (await client.call('FT.SEARCH', index, knn, ...params, ...options)) as [number, ...unknown[]];
    // Key and fields by turns.
    const rows = found.filter((_, i) => i % 2 === 1).map((fields) => fieldsOf(fields as string[]));
    return rows.map(({ row, distance }) => matchOf(row as string, 1 - Number(distance)));
  }

  async close(): Promise<void> {
    this.#keys.client.disconnect();
  }
}

function fieldsOf(list: readonly string[]): Record<string, string> {
  return Object.fromEntries(list.flatMap((name, i) => (i % 2 === 0 ? [[name, list[i + 1] as string]] : [])));
}

async function openRedis(place: string): Promise<VectorIndex> {
  const keys = await connect(place);
  try {
    const space = await readSpace(keys);
    if (!space) throw notAnIndex(place);
    const [length] = (await keys.client.call('FT.SEARCH', keys.index, '*', 'LIMIT', 0, 0)) as [number];
    return new RedisIndex(keys, space, length);
  } catch (error) {
    keys.client.disconnect();
    throw error;
  }
}

export const redis: SinkKind = { sink: (place) => new RedisSink(place), index: openRedis };
