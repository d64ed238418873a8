/**
 * A table of LanceDB in a folder: `lancedb://./index?table=chunks`. Needs the package @lancedb/lancedb, which brings
 * apache-arrow. The space is in the metadata of the table's schema.
 */
import { OvembedError } from '../../errors.js';
import { importPeers } from '../../peers.js';
import type { Match, VectorIndex, VectorRow, VectorSink, VectorSpace } from '../sink.js';
import type { SinkKind } from './kind.js';
import { batches, checkSpace, matchOf, notAnIndex, parseSpace, rowJson, spaceJson } from './store.js';

/** What is used of @lancedb/lancedb. */
interface Lance {
  connect(folder: string): Promise<Connection>;
  Index: { hnswSq(options: object): unknown; btree(): unknown };
}
interface Connection {
  tableNames(): Promise<string[]>;
  openTable(name: string): Promise<LanceTable>;
  createEmptyTable(name: string, schema: unknown): Promise<LanceTable>;
  close(): void;
}
interface LanceTable {
  schema(): Promise<{ metadata: Map<string, string> }>;
  countRows(filter?: string): Promise<number>;
  mergeInsert(on: string): Merge;
  query(): Query;
  vectorSearch(vector: Float32Array): VectorQuery;
  delete(filter: string): Promise<unknown>;
  createIndex(column: string, options?: object): Promise<void>;
  listIndices(): Promise<{ columns: string[] }[]>;
  optimize(): Promise<unknown>;
  close(): void;
}
interface Merge {
  whenMatchedUpdateAll(): Merge;
  whenNotMatchedInsertAll(): Merge;
  execute(rows: unknown): Promise<unknown>;
}
interface Query {
  where(filter: string): Query;
  select(columns: string[]): Query;
  limit(count: number): Query;
  toArray(): Promise<Record<string, unknown>[]>;
}
interface VectorQuery extends Query {
  distanceType(type: 'cosine'): VectorQuery;
  ef(candidates: number): VectorQuery;
  refineFactor(factor: number): VectorQuery;
  limit(count: number): VectorQuery;
}

const DEFAULT_TABLE = 'ovembed';
const SPACE = 'ovembed';
/** A commit of LanceDB is some files: rows are gathered for it. */
const COMMIT_ROWS = 4096;
/** Below, comparing every row takes some milliseconds and is exact. */
const ROWS_TO_INDEX = 50_000;
/** Of the index's quantised candidates so many times the wanted ones are compared as they are. */
const REFINE = 10;

interface Place {
  folder: string;
  table: string;
  /** Rows from which on an index is built. */
  indexFrom: number;
}

function parse(place: string): Place {
  const [path = '', query = ''] = place.slice('lancedb://'.length).split('?', 2);
  const options = new URLSearchParams(query);
  const folder = path.replace(/(?<=.)[/\\]+$/, '');
  if (folder === '') throw new OvembedError('ERR_INVALID_ARGUMENT', `${place}: expected lancedb://folder.`);
  const indexFrom = Number(options.get('index-from') ?? ROWS_TO_INDEX);
  return { folder, table: options.get('table') || DEFAULT_TABLE, indexFrom };
}

const load = (): Promise<Lance> =>
  importPeers(() => import('@lancedb/lancedb' as string), 'LanceDB sinks', '@lancedb/lancedb apache-arrow');

class LanceDbSink implements VectorSink {
  readonly #place: string;
  readonly #parsed: Place;
  #lance: Lance | undefined;
  #connection: Connection | undefined;
  #table: LanceTable | undefined;
  #rows: Record<string, unknown>[] = [];

  constructor(place: string) {
    this.#place = place;
    this.#parsed = parse(place);
  }

  async open(space: VectorSpace): Promise<void> {
    this.#lance = await load();
    const { folder, table } = this.#parsed;
    this.#connection = await this.#lance.connect(folder);
    if (!(await this.#connection.tableNames()).includes(table)) {
      this.#table = await this.#connection.createEmptyTable(table, await schemaOf(space));
      return;
    }
    this.#table = await this.#connection.openTable(table);
    const found = parseSpace((await this.#table.schema()).metadata.get(SPACE));
    if (!found) throw notAnIndex(this.#place);
    checkSpace(this.#place, found, space);
  }

  async write(rows: readonly VectorRow[]): Promise<void> {
    for (const row of rows) {
      const { id, documentId, text, vector } = row;
      // A copy: the vector is a view of what the caller may use again.
      this.#rows.push({ id, document_id: documentId, text, row: rowJson(row), vector: vector.slice() });
    }
    if (this.#rows.length >= COMMIT_ROWS) await this.flush();
  }

  async flush(): Promise<unknown> {
    // A commit must not change a row twice.
    const rows = [...new Map(this.#rows.map((row) => [row.id, row])).values()];
    this.#rows = [];
    if (rows.length > 0) {
      const merge = (this.#table as LanceTable).mergeInsert('id').whenMatchedUpdateAll().whenNotMatchedInsertAll();
      await merge.execute(rows);
    }
    return {};
  }

  async finish(): Promise<void> {
    const table = this.#table as LanceTable;
    if ((await table.countRows()) >= this.#parsed.indexFrom) {
      const indexed = (await table.listIndices()).flatMap(({ columns }) => columns);
      const { Index } = this.#lance as Lance;
      if (!indexed.includes('id')) await table.createIndex('id', { config: Index.btree() });
      if (!indexed.includes('vector')) {
        await table.createIndex('vector', { config: Index.hnswSq({ distanceType: 'cosine' }) });
      }
    }
    // Small files become large ones, and rows that came later go into the indexes.
    await table.optimize();
  }

  async has(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const found = new Set<string>();
    for (const batch of batches(ids)) {
      const query = (this.#table as LanceTable).query().where(`id IN (${list(batch)})`);
      for (const { id } of await query.select(['id']).limit(batch.length).toArray()) found.add(id as string);
    }
    return found;
  }

  async retain(documents: ReadonlyMap<string, readonly string[]>): Promise<void> {
    await this.flush();
    const kept = [...documents.values()].flat();
    const others = kept.length > 0 ? ` AND id NOT IN (${list(kept)})` : '';
    await (this.#table as LanceTable).delete(`document_id IN (${list([...documents.keys()])})${others}`);
  }

  async close(): Promise<void> {
    this.#table?.close();
    this.#connection?.close();
  }
}

async function schemaOf(space: VectorSpace): Promise<unknown> {
  const { Field, FixedSizeList, Float32, Schema, Utf8 } = await importPeers(
    () => import('apache-arrow'),
    'LanceDB sinks',
    '@lancedb/lancedb apache-arrow',
  );
  const texts = ['id', 'document_id', 'text', 'row'].map((name) => new Field(name, new Utf8(), false));
  const item = new Field('item', new Float32(), true);
  const vector = new Field('vector', new FixedSizeList(space.dimensions, item), false);
  return new Schema([...texts, vector], new Map([[SPACE, spaceJson(space)]]));
}

const list = (texts: readonly string[]) => texts.map((text) => `'${text.replaceAll("'", "''")}'`).join(',');

class LanceDbIndex implements VectorIndex {
  readonly space: VectorSpace;
  readonly length: number;
  readonly #connection: Connection;
  readonly #table: LanceTable;
  readonly #isIndexed: boolean;

  constructor(
    connection: Connection,
    table: LanceTable,
    parts: { space: VectorSpace; length: number; isIndexed: boolean },
  ) {
    this.#connection = connection;
    this.#table = table;
    this.space = parts.space;
    this.length = parts.length;
    this.#isIndexed = parts.isIndexed;
  }

  async search(query: Float32Array, count: number): Promise<Match[]> {
    let search = this.#table.vectorSearch(query).distanceType('cosine').limit(count);
    if (this.#isIndexed) search = search.ef(Math.max(100, 4 * count)).refineFactor(REFINE);
    const rows = await search.select(['row', '_distance']).toArray();
    return rows.map(({ row, _distance }) => matchOf(row as string, 1 - Number(_distance)));
  }

  async close(): Promise<void> {
    this.#table.close();
    this.#connection.close();
  }
}

async function openLanceDb(place: string): Promise<VectorIndex> {
  const { folder, table: name } = parse(place);
  const connection = await (await load()).connect(folder);
  try {
    if (!(await connection.tableNames()).includes(name)) throw notAnIndex(place);
    const table = await connection.openTable(name);
    const space = parseSpace((await table.schema()).metadata.get(SPACE));
    if (!space) throw notAnIndex(place);
    const indexed = (await table.listIndices()).flatMap(({ columns }) => columns);
    const parts = { space, length: await table.countRows(), isIndexed: indexed.includes('vector') };
    return new LanceDbIndex(connection, table, parts);
  } catch (error) {
    connection.close();
    throw error;
  }
}

export const lancedb: SinkKind = { sink: (place) => new LanceDbSink(place), index: openLanceDb };
