/**
 * A table of PostgreSQL with the extension pgvector: `postgres://user@host/database?table=chunks`. Needs the package pg.
 * The space is the table's comment. What was written is durable as soon as `write` is done.
 */
import { OvembedError } from '../../errors.js';
import { importPeers } from '../../peers.js';
import type { Match, VectorIndex, VectorRow, VectorSink, VectorSpace } from '../sink.js';
import type { SinkKind } from './kind.js';
import { batches, checkSpace, matchOf, notAnIndex, parsePlace, parseSpace, rowJson, spaceJson } from './store.js';

/** What is used of pg 8. */
interface Client {
  connect(): Promise<void>;
  query(sql: string, values?: unknown[]): Promise<{ rows: Record<string, unknown>[] }>;
  end(): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

const FORM = 'postgres://user@host/database?table=name';
const DEFAULT_TABLE = 'ovembed';
/** An HNSW index of pgvector takes no wider vectors; without it every row is compared. */
const WIDEST_INDEXED = 2000;
/** What a search looks at: pgvector finds no more than these, and 40 unless told. Its own limit is 1000. */
const candidatesFor = (count: number) => Math.min(1000, Math.max(100, 4 * count));

/** The connection, and the table's name as SQL has it. */
interface Table {
  client: Client;
  name: string;
}

async function connect(place: string): Promise<Table> {
  const url = parsePlace(place, FORM);
  const table = url.searchParams.get('table') || DEFAULT_TABLE;
  url.searchParams.delete('table');
  const { default: pg } = await importPeers(() => import('pg' as string), 'PostgreSQL sinks', 'pg');
  const client: Client = new pg.Client({ connectionString: url.href });
  // A connection that breaks between queries: the next query says so.
  client.on('error', () => {});
  await client.connect();
  return { client, name: table.split('.').map(quoted).join('.') };
}

/** @returns undefined if there is no such table */
async function readSpace({ client, name }: Table): Promise<VectorSpace | null | undefined> {
  const sql = "SELECT to_regclass($1) AS found, obj_description(to_regclass($1), 'pg_class') AS comment";
  const [row] = (await client.query(sql, [name])).rows;
  return row?.found === null ? undefined : (parseSpace(row?.comment) ?? null);
}

class PgVectorSink implements VectorSink {
  readonly #place: string;
  #table: Table | undefined;
  #dimensions = 0;

  constructor(place: string) {
    parsePlace(place, FORM);
    this.#place = place;
  }

  async open(space: VectorSpace): Promise<void> {
    this.#table = await connect(this.#place);
    this.#dimensions = space.dimensions;
    const found = await readSpace(this.#table);
    if (found === null) throw notOurs(this.#table.name);
    if (found) checkSpace(this.#place, found, space);
    else await this.#create(this.#table, space);
  }

  async write(rows: readonly VectorRow[]): Promise<void> {
    const { client, name } = this.#table as Table;
    for (const batch of batches(rows)) {
      // A statement must not change a row twice.
      const last = [...new Map(batch.map((row) => [row.id, row])).values()];
      await client.query(
        `INSERT INTO ${name} (id, document_id, text, row, embedding)
         SELECT id, document_id, text, row::jsonb, embedding::vector
         FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) AS new (id, document_id, text, row, embedding)
         ON CONFLICT (id) DO UPDATE SET document_id = excluded.document_id, text = excluded.text,
           row = excluded.row, embedding = excluded.embedding`,
        [
          last.map(({ id }) => id),
          last.map(({ documentId }) => storable(documentId)),
          last.map(({ text }) => storable(text)),
          last.map((row) => rowJson(mapStrings(row))),
          last.map(({ vector }) => vectorText(vector)),
        ],
      );
    }
  }

  async flush(): Promise<unknown> {
    return {};
  }

  async finish(): Promise<void> {
    if (this.#dimensions > WIDEST_INDEXED) return;
    const { client, name } = this.#table as Table;
    const index = quoted(`${name.replaceAll('"', '').replaceAll('.', '_')}_embedding_hnsw`.slice(-63));
    await client.query(`CREATE INDEX IF NOT EXISTS ${index} ON ${name} USING hnsw (embedding vector_cosine_ops)`);
  }

  async has(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const { client, name } = this.#table as Table;
    const { rows } = await client.query(`SELECT id FROM ${name} WHERE id = ANY($1)`, [ids]);
    return new Set(rows.map(({ id }) => id as string));
  }

  async retain(documents: ReadonlyMap<string, readonly string[]>): Promise<void> {
    const { client, name } = this.#table as Table;
    const ids = [...documents.values()].flat();
    const sql = `DELETE FROM ${name} WHERE document_id = ANY($1) AND NOT id = ANY($2)`;
    await client.query(sql, [[...documents.keys()].map(storable), ids]);
  }

  async close(): Promise<void> {
    await this.#table?.client.end();
  }

  async #create({ client, name }: Table, space: VectorSpace): Promise<void> {
    await client.query('CREATE EXTENSION IF NOT EXISTS vector').catch((cause) => {
      const message = `The database has no extension "vector" (pgvector): ${cause.message}`;
      throw new OvembedError('ERR_INVALID_ARGUMENT', message, { cause });
    });
    // With its comment or not at all: a table without one is taken for somebody else's.
    await client.query(
      `BEGIN;
       CREATE TABLE ${name} (id text PRIMARY KEY, document_id text NOT NULL, text text NOT NULL,
         row jsonb NOT NULL, embedding vector(${space.dimensions}) NOT NULL);
       CREATE INDEX ON ${name} (document_id);
       COMMENT ON TABLE ${name} IS ${literal(spaceJson(mapStrings(space)))};
       COMMIT`,
    );
  }
}

class PgVectorIndex implements VectorIndex {
  readonly space: VectorSpace;
  readonly length: number;
  readonly #table: Table;

  constructor(table: Table, space: VectorSpace, length: number) {
    this.#table = table;
    this.space = space;
    this.length = length;
  }

  async search(query: Float32Array, count: number): Promise<Match[]> {
    const { client, name } = this.#table;
    await client.query(`SET hnsw.ef_search = ${candidatesFor(count)}`);
    const sql = `SELECT row::text AS row, 1 - (embedding <=> $1::vector) AS score
                 FROM ${name} ORDER BY embedding <=> $1::vector LIMIT $2`;
    const { rows } = await client.query(sql, [vectorText(query), count]);
    return rows.map(({ row, score }) => matchOf(row as string, Number(score)));
  }

  async close(): Promise<void> {
    await this.#table.client.end();
  }
}

async function openPgVector(place: string): Promise<VectorIndex> {
  const table = await connect(place);
  try {
    const space = await readSpace(table);
    if (!space) throw notAnIndex(place);
    const { rows } = await table.client.query(`SELECT count(*) AS count FROM ${table.name}`);
    return new PgVectorIndex(table, space, Number(rows[0]?.count));
  } catch (error) {
    await table.client.end();
    throw error;
  }
}

function notOurs(name: string): OvembedError {
  const message = `The table ${name} is not one that ovembed made: name another with ?table=.`;
  return new OvembedError('ERR_INVALID_ARGUMENT', message);
}

/** PostgreSQL keeps no null character and no half of a surrogate pair. */
const storable = (text: string) => text.replaceAll('\0', '\uFFFD').toWellFormed();

function mapStrings<T>(value: T): T {
  if (typeof value === 'string') return storable(value) as T;
  if (Array.isArray(value)) return value.map(mapStrings) as T;
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [storable(key), mapStrings(inner)])) as T;
}

/** `pgvector.toSql` takes no typed array. Nine digits are a float32. */
const vectorText = (vector: Float32Array) => `[${vector.join(',')}]`;

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
const literal = (text: string) => `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;

export const pgvector: SinkKind = { sink: (place) => new PgVectorSink(place), index: openPgVector };
