/** Each kind of store beside the store itself: what is written, written again, replaced, removed, found, and refused. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { VectorRow, VectorSink } from '../../../lib/corpus/sink.js';
import { seededRandom } from '../../../lib/map/random.js';
import { FlatIndex } from '../../../lib/vectors/flat-index.js';
import { installPackages, loadSinks } from './packages.js';
import { startQdrantStub } from './qdrant-stub.js';
import { hasRedis, type Server, startPostgres, startRedis } from './servers.js';

const FULL = process.env.OVEMBED_TEST_FULL === '1';
const folder = mkdtempSync(join(tmpdir(), 'ovembed-sinks-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Store {
  name: string;
  /** Starts what is needed; gives the place of a name. */
  start(): Promise<{ place: (name: string) => string; server?: Server }>;
  /** Why it cannot be tested here. */
  missing?: string | null;
  /** Rows stay from run to run, by their id; else a run begins anew. */
  keepsRows: boolean;
  /** Least share of the exact ten that it finds. */
  recall: number;
}

const noPackages = installPackages();
const noRedis = FULL || hasRedis() ? null : 'Redis with a query engine is fetched (58 MB) in the full tests only';
const onDisk =
  (scheme: string, query = '') =>
  async () => ({
    place: (name: string) => `${scheme}://${join(folder, scheme, name)}${query}`,
  });

const STORES: Store[] = [
  { name: 'LanceDB, every row compared', start: onDisk('lancedb'), keepsRows: true, recall: 1 },
  { name: 'LanceDB, indexed', start: onDisk('lancedb', '?index-from=1000&table=rows'), keepsRows: true, recall: 0.9 },
  { name: 'usearch', start: onDisk('usearch'), keepsRows: false, recall: 0.95 },
  {
    name: 'PostgreSQL with pgvector',
    start: async () => {
      const server = await startPostgres();
      return { server, place: (name) => `postgres://${server.address}/postgres?table=public.${name}%22's` };
    },
    keepsRows: true,
    recall: 0.95,
  },
  {
    name: 'Redis with RediSearch',
    start: async () => {
      const server = await startRedis();
      return { server, place: (name) => `redis://${server.address}/0?index=${name}` };
    },
    missing: noRedis,
    keepsRows: true,
    recall: 0.9,
  },
  {
    name: 'a stand-in of Qdrant',
    start: async () => {
      const server = await startQdrantStub();
      return { server, place: (name) => `qdrant://${server.address}/${name}%20x` };
    },
    keepsRows: true,
    recall: 1,
  },
];

const DIMENSIONS = 32;
const space = {
  fingerprint: 'f'.repeat(64),
  model: "an 'org'/name",
  revision: 'main',
  dimensions: DIMENSIONS,
  settings: { chunk: 'x' },
};

/** Some of the rows have names that a query language would take for its own. */
function rowOf(i: number, text = `text ${i}`): VectorRow {
  const random = seededRandom(i + 1);
  return {
    id: i.toString(16).padStart(8, '0').padEnd(64, 'f'),
    documentId: `docs/o'"hara \\ ${i % 4}.md`,
    ...{ index: i, text, start: 2 * i, end: 2 * i + 5, line: i + 1, headings: ['Ä "b"', "c'"], tokens: 7 },
    metadata: { lang: 'de', nested: { n: [i, null] } },
    vector: Float32Array.from({ length: DIMENSIONS }, () => random() - 0.5),
  };
}

for (const { name, start, missing, keepsRows, recall } of STORES) {
  const reason = noPackages ?? missing;
  if (reason) console.warn(`${name} is not tested: ${reason}`);
  describe.skipIf(reason)(name, () => {
    let sinks: Awaited<ReturnType<typeof loadSinks>>;
    let store: Awaited<ReturnType<Store['start']>>;
    beforeAll(async () => {
      sinks = await loadSinks();
      store = await start();
    }, 600_000);
    afterAll(() => store?.server?.stop());

    async function written(place: string, rows: readonly VectorRow[], more?: (sink: VectorSink) => Promise<void>) {
      const sink = await sinks.openSink(place);
      try {
        await sink.open(space, null);
        for (let from = 0; from < rows.length; from += 700) await sink.write(rows.slice(from, from + 700));
        await more?.(sink);
        JSON.stringify(await sink.flush());
        await sink.finish?.();
      } finally {
        await sink.close();
      }
    }

    test('gives back the rows that were written, nearest first, with cosines', async () => {
      const place = store.place('plain');
      const rows = Array.from({ length: 30 }, (_, i) => rowOf(i));
      await written(place, rows);
      const index = await sinks.openIndex(place);
      expect(index.space).toMatchObject(space);
      expect(index.length).toBe(30);
      const found = await index.search((rows[7] as VectorRow).vector, 5);
      const { vector: _, ...expected } = rows[7] as VectorRow;
      expect(found[0]).toEqual({ ...expected, score: expect.closeTo(1, 4) });
      expect(found).toHaveLength(5);
      expect(found.map(({ score }) => score)).toEqual(found.map(({ score }) => score).toSorted((a, b) => b - a));
      expect(await index.search(rowOf(3).vector, 100)).toHaveLength(30);
      await index.close();
    });

    test.runIf(keepsRows)(
      'keeps a row once, in its last form; tells which it has; removes what a document lost',
      async () => {
        const place = store.place('again');
        const rows = Array.from({ length: 20 }, (_, i) => rowOf(i));
        await written(place, rows);
        const changed = { ...rowOf(5, 'a \0 null, and \ud800 a half'), vector: rowOf(99).vector };
        await written(place, [...rows, ...rows, changed], async (sink) => {
          const ids = [rows[2], rows[19], rowOf(50)].map((row) => (row as VectorRow).id);
          await sink.flush();
          expect(await sink.has?.(ids)).toEqual(new Set(ids.slice(0, 2)));
          const [first, second] = [rowOf(0).documentId, rowOf(2).documentId];
          await sink.retain?.(
            new Map([
              [first, [rowOf(4).id, rowOf(8).id]],
              [second, []],
            ]),
          );
        });
        const index = await sinks.openIndex(place);
        const all = await index.search(changed.vector, 50);
        await index.close();
        const left = rows
          .filter(({ index: i }) => i % 4 === 1 || i % 4 === 3 || i === 4 || i === 8)
          .map(({ id }) => id);
        expect(all.map(({ id }) => id).toSorted()).toEqual(left);
        expect(index.length).toBe(left.length);
        expect(all[0]?.id).toBe(changed.id);
        expect(all[0]?.text).toMatch(/^a . null, and . a half$/su);
      },
    );

    test.runIf(keepsRows)('refuses vectors of another model, or another width', async () => {
      const place = store.place('other');
      await written(place, [rowOf(1)]);
      for (const other of [
        { ...space, fingerprint: 'e'.repeat(64) },
        { ...space, dimensions: 16 },
      ]) {
        const sink = await sinks.openSink(place);
        await expect(sink.open(other, null)).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
        await sink.close();
      }
    });

    test('says that there is nothing to search', async () => {
      await expect(sinks.openIndex(store.place('nothing'))).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
    });

    test('finds what an exact search finds', { timeout: 300_000 }, async () => {
      const place = store.place('recall');
      const length = FULL ? 10_000 : 3000;
      const rows = Array.from({ length }, (_, i) => rowOf(i));
      const data = Float32Array.from(rows.flatMap(({ vector }) => Array.from(vector)));
      await written(place, rows);
      const exact = new FlatIndex({ dimensions: DIMENSIONS, metric: 'cosine' });
      await exact.add(data);
      const index = await sinks.openIndex(place);
      const queries = 50;
      let same = 0;
      for (let i = 0; i < queries; i++) {
        const query = rowOf(100_000 + i).vector;
        const found = new Set((await index.search(query, 10)).map((match) => match.index));
        const { indices } = await exact.search(query, { k: 10 });
        same += Array.from(indices).filter((row) => found.has(row)).length;
      }
      await index.close();
      exact.close();
      console.log(`${name}: recall@10 ${(same / queries / 10).toFixed(3)} of ${length} vectors`);
      expect(same / queries / 10).toBeGreaterThanOrEqual(recall);
    });
  });
}
