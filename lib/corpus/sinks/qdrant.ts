/**
 * A collection of Qdrant: `qdrant://host:6333/collection` (`qdrants://` over TLS; a key in QDRANT_API_KEY). Needs the package
 * @qdrant/js-client-rest. Every point says in its payload which space it is of, as collections of older servers have no room
 * for it.
 */
import { OvembedError } from '../../errors.js';
import { importPeers } from '../../peers.js';
import type { Match, VectorIndex, VectorRow, VectorSink, VectorSpace } from '../sink.js';
import type { SinkKind } from './kind.js';
import { batches, checkSpace, matchOf, notAnIndex, parsePlace, parseSpace, rowJson, spaceJson } from './store.js';

interface Point {
  id: string;
  payload?: Record<string, unknown> | null;
  score?: number;
}
/** What is used of @qdrant/js-client-rest 1.18. */
interface Client {
  collectionExists(name: string): Promise<{ exists: boolean }>;
  createCollection(name: string, options: object): Promise<unknown>;
  createPayloadIndex(name: string, options: object): Promise<unknown>;
  getCollection(name: string): Promise<{ config: { params: { vectors?: { size?: number } } } }>;
  upsert(name: string, options: object): Promise<unknown>;
  delete(name: string, options: object): Promise<unknown>;
  retrieve(name: string, options: object): Promise<Point[]>;
  scroll(name: string, options: object): Promise<{ points: Point[] }>;
  count(name: string, options: object): Promise<{ count: number }>;
  query(name: string, options: object): Promise<{ points: Point[] }>;
}

const FORM = 'qdrant://host:6333/collection';
const DEFAULT_PORT = 6333;

interface Collection {
  client: Client;
  name: string;
}

function parse(place: string): { url: string; name: string } {
  const { protocol, hostname, port, pathname } = parsePlace(place, FORM);
  const name = decodeURIComponent(pathname.slice(1));
  if (name === '' || name.includes('/')) {
    throw new OvembedError('ERR_INVALID_ARGUMENT', `${place}: expected the name of a collection: ${FORM}.`);
  }
  const scheme = protocol === 'qdrants:' ? 'https' : 'http';
  return { url: `${scheme}://${hostname}:${port || DEFAULT_PORT}`, name };
}

async function connect(place: string): Promise<Collection> {
  const { url, name } = parse(place);
  const { QdrantClient } = await importPeers(
    () => import('@qdrant/js-client-rest' as string),
    'Qdrant sinks',
    '@qdrant/js-client-rest',
  );
  const apiKey = process.env.QDRANT_API_KEY;
  return { client: new QdrantClient({ url, checkCompatibility: false, ...(apiKey && { apiKey }) }), name };
}

/** @returns undefined for a collection that is not there; null for one without rows */
async function readSpace({ client, name }: Collection): Promise<VectorSpace | null | undefined> {
  if (!(await client.collectionExists(name)).exists) return undefined;
  const { points } = await client.scroll(name, { limit: 1, with_payload: ['space'], with_vector: false });
  if (points.length === 0) return null;
  const space = parseSpace(points[0]?.payload?.space);
  if (space) return space;
  throw new OvembedError('ERR_INVALID_ARGUMENT', `The collection ${name} is not one that ovembed made.`);
}

class QdrantSink implements VectorSink {
  readonly #place: string;
  #collection: Collection | undefined;
  #space = '';

  constructor(place: string) {
    parse(place);
    this.#place = place;
  }

  async open(space: VectorSpace): Promise<void> {
    const collection = await connect(this.#place);
    this.#collection = collection;
    this.#space = spaceJson(space);
    const found = await readSpace(collection);
    if (found === undefined) return create(collection, space.dimensions);
    if (found) return checkSpace(this.#place, found, space);
    const { config } = await collection.client.getCollection(collection.name);
    const dimensions = config.params.vectors?.size;
    if (dimensions === space.dimensions) return;
    const message = `The collection ${collection.name} is for vectors of ${dimensions} dimensions, not ${space.dimensions}.`;
    throw new OvembedError('ERR_INVALID_ARGUMENT', message);
  }

  async write(rows: readonly VectorRow[]): Promise<void> {
    const { client, name } = this.#collection as Collection;
    for (const batch of batches(rows)) {
      const points = batch.map((row) => ({
        id: uuidOf(row.id),
        vector: Array.from(row.vector),
        payload: { documentId: row.documentId, text: row.text, row: rowJson(row), space: this.#space },
      }));
      // Done once the points can be read, and so are on the disk.
      await client.upsert(name, { wait: true, points });
    }
  }

  async flush(): Promise<unknown> {
    return {};
  }

  async has(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const { client, name } = this.#collection as Collection;
    const found = new Set<string>();
    for (const batch of batches(ids)) {
      const byPoint = new Map(batch.map((id) => [uuidOf(id), id]));
      const points = await client.retrieve(name, { ids: [...byPoint.keys()], with_payload: false, with_vector: false });
      for (const { id } of points) found.add(byPoint.get(id) as string);
    }
    return found;
  }

  async retain(documents: ReadonlyMap<string, readonly string[]>): Promise<void> {
    const { client, name } = this.#collection as Collection;
    const filter = {
      must: [{ key: 'documentId', match: { any: [...documents.keys()] } }],
      must_not: [{ has_id: [...documents.values()].flat().map(uuidOf) }],
    };
    await client.delete(name, { wait: true, filter });
  }

  /** Requests keep nothing open. */
  async close(): Promise<void> {}
}

async function create({ client, name }: Collection, dimensions: number): Promise<void> {
  await client.createCollection(name, { vectors: { size: dimensions, distance: 'Cosine' }, on_disk_payload: true });
  await client.createPayloadIndex(name, { field_name: 'documentId', field_schema: 'keyword', wait: true });
}

/** Points are named by UUIDs: the first 128 bits of the row's hash. */
function uuidOf(id: string): string {
  return id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
}

class QdrantIndex implements VectorIndex {
  readonly space: VectorSpace;
  readonly length: number;
  readonly #collection: Collection;

  constructor(collection: Collection, space: VectorSpace, length: number) {
    this.#collection = collection;
    this.space = space;
    this.length = length;
  }

  async search(query: Float32Array, count: number): Promise<Match[]> {
    const { client, name } = this.#collection;
    const options = { query: Array.from(query), limit: count, with_payload: ['row'] };
    const { points } = await client.query(name, { ...options, params: { hnsw_ef: Math.max(100, 4 * count) } });
    return points.map(({ payload, score }) => matchOf(payload?.row as string, score as number));
  }

  async close(): Promise<void> {}
}

async function openQdrant(place: string): Promise<VectorIndex> {
  const collection = await connect(place);
  const space = await readSpace(collection);
  if (!space) throw notAnIndex(place);
  const { count } = await collection.client.count(collection.name, { exact: true });
  return new QdrantIndex(collection, space, count);
}

export const qdrant: SinkKind = { sink: (place) => new QdrantSink(place), index: openQdrant };
