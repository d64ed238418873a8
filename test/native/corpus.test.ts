/** The corpus pipeline with the real model: what is written is what the embedder gives, and it is found again. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Match, VectorRow, VectorSink, VectorSpace } from '../../lib/corpus/sink.js';
import { Embedder } from '../../lib/index.js';
import { indexCorpus, openIndex } from '../../lib/text/index.js';
import { readParquet } from '../../lib/vectors/index.js';
import { bits, cosine, miniLM, ROOT, temporaryFolder } from './support.js';

const folder = temporaryFolder();
const place = join(folder, 'index');
const source = [join(ROOT, 'docs'), join(ROOT, 'lib/errors.ts')];

let embedder: Embedder;
beforeAll(async () => {
  embedder = await Embedder.load(miniLM(), { cache: {}, cacheDir: folder });
});
afterAll(() => embedder.close());

const rowsOf = (file: string): Omit<VectorRow, 'vector'>[] =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('a folder of documents', () => {
  let rows: Omit<VectorRow, 'vector'>[];
  beforeAll(async () => {
    const report = await indexCorpus(embedder, { source, sink: place, chunk: { maxTokens: 128 } });
    rows = rowsOf(join(place, 'chunks.jsonl'));
    expect(report).toMatchObject({ chunks: rows.length, failed: 0, truncated: 0 });
    expect(report.tokens).toBe(rows.reduce((sum, { tokens }) => sum + tokens, 0));
  });

  test('is cut into chunks that the model reads whole, each in its place', () => {
    expect(rows.length).toBeGreaterThan(100);
    for (const { documentId, text, start, end, line, tokens } of rows) {
      const document = readFileSync(documentId, 'utf8');
      expect(text).toBe(document.slice(start, end));
      expect(line).toBe(document.slice(0, start).split('\n').length);
      expect(tokens).toBeLessThanOrEqual(128);
    }
  });

  test('has the vectors of its chunks, to the bit', async () => {
    const index = await openIndex(place);
    try {
      expect(index.length).toBe(rows.length);
      const { dimensions, fingerprint } = embedder.info;
      expect(index.space).toMatchObject({ dimensions, fingerprint, settings: { chunk: { maxTokens: 128 } } });
      const vectors = await embedder.embedDocuments(rows.map(({ text }) => text));
      const file = readFileSync(join(place, 'vectors.npy'));
      const written = new Float32Array(Uint8Array.from(file.subarray(-4 * rows.length * dimensions)).buffer);
      expect(bits(written)).toEqual(bits(vectors.data));

      const query = await embedder.embedQuery('how do I keep vectors in redis?');
      const found = await index.search(query, 10);
      const exact = rows.map((row, i) => ({ ...row, score: cosine(query, vectors.at(i) as Float32Array) }));
      const nearest = exact.sort((a, b) => b.score - a.score).slice(0, 10);
      expect(found.map(({ id }) => id)).toEqual(nearest.map(({ id }) => id));
      for (const [i, { score }] of found.entries()) expect(score).toBeCloseTo((nearest[i] as Match).score, 5);
      expect(
        found
          .slice(0, 3)
          .map(({ text }) => text.toLowerCase())
          .join(' '),
      ).toContain('redis');
    } finally {
      await index.close();
    }
  });

  test('in Parquet, with what goes with each row', async () => {
    const file = join(folder, 'docs.parquet');
    const report = await indexCorpus(embedder, { source, sink: file, chunk: { maxTokens: 128 } });
    // The embedder has a cache, and has met all of it.
    expect(report.cacheHits).toBe(rows.length);
    const { length, columns, metadata } = await readParquet(file);
    expect(length).toBe(rows.length);
    expect(columns.text).toEqual(rows.map(({ text }) => text));
    expect(columns.headings).toEqual(rows.map(({ headings }) => JSON.stringify(headings)));
    expect(metadata).toMatchObject({ fingerprint: embedder.info.fingerprint });
  });

  test('cut to fewer dimensions', async () => {
    const short = join(folder, 'short');
    await indexCorpus(embedder, { source, sink: short, chunk: { maxTokens: 128 }, dimensions: 64 });
    const index = await openIndex(short);
    expect(index.space.dimensions).toBe(64);
    const [found] = await index.search(await embedder.embedQuery(rows[7]?.text ?? '', { dimensions: 64 }), 1);
    await index.close();
    expect(found).toMatchObject({ id: rows[7]?.id });
    expect(found?.score).toBeCloseTo(1, 2);
  });
});

/** Takes its time. */
class SlowSink implements VectorSink {
  space: VectorSpace | undefined;
  rows = 0;
  async open(space: VectorSpace): Promise<void> {
    this.space = space;
  }
  async write(rows: readonly VectorRow[]): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 20));
    this.rows += rows.length;
  }
  async flush(): Promise<unknown> {
    return null;
  }
  async close(): Promise<void> {}
}

test('a slow sink holds back the source', async () => {
  let read = 0;
  const sink = new SlowSink();
  let most = 0;
  async function* documents() {
    for (let i = 0; i < 4_000; i++) {
      most = Math.max(most, read - sink.rows);
      read++;
      yield { id: `${i}`, text: `stone ${i}` };
    }
  }
  const report = await indexCorpus(embedder, { source: documents(), sink });
  expect(report.chunks).toBe(4_000);
  // Two windows of the stream, and the rows that are on their way.
  expect(most).toBeLessThan(3 * 512);
});

test('an empty source makes an empty index', async () => {
  const empty = join(folder, 'empty');
  expect(await indexCorpus(embedder, { source: [{ id: 'a', text: ' ' }], sink: empty })).toMatchObject({
    chunks: 0,
    filtered: { empty: 1 },
  });
  const index = await openIndex(empty);
  expect(await index.search(new Float32Array(384), 3)).toEqual([]);
  await index.close();
});
