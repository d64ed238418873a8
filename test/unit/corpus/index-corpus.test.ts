import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { CorpusDocument } from '../../../lib/corpus/document.js';
import { indexCorpus } from '../../../lib/corpus/index-corpus.js';
import type { IndexCorpusOptions } from '../../../lib/corpus/options.js';
import type { TextChunker } from '../../../lib/corpus/prepare.js';
import type { VectorSink } from '../../../lib/corpus/sink.js';
import { readNpy } from '../../../lib/vectors/index.js';
import {
  contentOf,
  fakeEmbedder,
  lineChunker,
  MemorySink,
  StoreSink,
  temporaryFolder,
  vectorOf,
  writeFiles,
} from './support.js';

const folder = temporaryFolder();
let places = 0;
const newPlace = (extension = '') => join(folder, `out-${places++}${extension}`);

const DOCUMENTS: CorpusDocument[] = [
  { id: 'a', text: 'one\ntwo\nthree\n', metadata: { author: 'A' } },
  { id: 'b', text: 'two\n  \nfour' },
  { id: 'c', text: ' \n' },
];

async function index(options: Partial<IndexCorpusOptions> = {}, sink: VectorSink = new MemorySink()) {
  const fake = fakeEmbedder();
  const given = { source: DOCUMENTS, sink, chunk: lineChunker, ...options };
  const report = await indexCorpus(fake.embedder, given);
  return { report, texts: fake.texts, rows: [...(sink as MemorySink).rows.values()] };
}

describe('indexCorpus', () => {
  test('gives the sink rows in order, with places in their documents and the vectors of their texts', async () => {
    const { rows, report } = await index();
    expect(
      rows.map(({ documentId, index, text, start, end, line }) => [documentId, index, text, start, end, line]),
    ).toEqual([
      ['a', 0, 'one\n', 0, 4, 1],
      ['a', 1, 'two\n', 4, 8, 2],
      ['a', 2, 'three\n', 8, 14, 3],
      ['b', 1, 'four', 7, 11, 3],
    ]);
    for (const { vector, text, tokens } of rows) {
      expect(vector).toEqual(vectorOf(text));
      expect(tokens).toBe(text.length);
    }
    expect(rows[0]?.metadata).toEqual({ author: 'A' });
    expect(new Set(rows.map(({ id }) => id)).size).toBe(4);
    expect(report).toMatchObject({
      documents: 3,
      chunks: 4,
      tokens: 18,
      duplicates: 1,
      filtered: { empty: 1 },
      failed: 0,
      cacheHits: 1,
      resumed: false,
    });
  });

  test('knows the line of a chunk that begins anywhere', async () => {
    const text = 'ab\n\ncdef\ng';
    const chunk: TextChunker = {
      chunk: async () =>
        Array.from(text, (_, start) => ({ text: 'x', start, end: start + 1, headings: [], tokens: 1, index: start })),
    };
    const { rows } = await index({ source: [{ id: 'a', text }], chunk, dedup: false });
    expect(rows.map(({ line }) => line)).toEqual(Array.from(text, (_, i) => text.slice(0, i).split('\n').length));
  });

  test('dedup: false writes equal texts as often as they come', async () => {
    const { rows, report } = await index({ dedup: false });
    expect(rows.map(({ text }) => text)).toEqual(['one\n', 'two\n', 'three\n', 'two\n', 'four']);
    expect(report.duplicates).toBe(0);
  });

  test('maps places through cleaning', async () => {
    const clean = (text: string) => ({
      text: text.slice(2),
      map: { sourceRange: (start: number, end: number) => ({ start: start + 2, end: end + 2 }) },
    });
    const { rows } = await index({ source: [{ id: 'a', text: '> one\ntwo' }], clean });
    expect(rows.map(({ text, start, end, line }) => [text, start, end, line])).toEqual([
      ['one\n', 2, 6, 1],
      ['two', 6, 9, 2],
    ]);
    const dropped = await index({ source: DOCUMENTS, clean: () => ({ reason: 'language' }) });
    expect(dropped.report).toMatchObject({ chunks: 0, filtered: { language: 3 } });
  });

  test('computes what a store has not, and removes what a document has no more', async () => {
    const sink = new StoreSink();
    await index({}, sink);
    const again = await index({ source: [{ id: 'a', text: 'one\nthree\n' }, ...DOCUMENTS.slice(1)] }, sink);
    // Its place is part of a row's name: "three" has moved, and "two" is now the first of its kind in b.
    expect(again.texts).toEqual(['three\n', 'two\n']);
    expect(again.report.unchanged).toBe(2);
    expect(again.rows.map(({ documentId, text }) => `${documentId} ${text}`).sort()).toEqual([
      'a one\n',
      'a three\n',
      'b four',
      'b two\n',
    ]);
  });

  test.each([
    ['an unknown option', { batch: 1 }, /Unknown option "batch"/],
    ['no source', { source: undefined }, /for source/],
    ['a sink that is none', { sink: {} }, /for sink/],
    ['a store that is not known', { sink: 'mongo://x' }, /for sink/],
    ['a missing file', { source: 'nowhere.txt' }, /nowhere.txt: there is no such file/],
  ])('refuses %s', async (_, options, message) => {
    await expect(index(options as never)).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', message: expect.stringMatching(message) }),
    );
  });

  test('refuses what is no embedder', async () => {
    const message = 'Expected an Embedder for the first argument of indexCorpus, received an object of type Object.';
    await expect(indexCorpus({ source: [], sink: 'i' } as never, {} as never)).rejects.toThrow(message);
  });

  test.each(['collect', 'throw'] as const)('onError: %s', async (onError) => {
    const source = [DOCUMENTS[0], { id: 'bad', text: 1 }, DOCUMENTS[1]] as CorpusDocument[];
    const sink = new MemorySink();
    const run = index({ source, onError }, sink);
    if (onError === 'throw') await expect(run).rejects.toThrow('text of document 1');
    else
      expect((await run).report).toMatchObject({ failed: 1, documents: 3, failures: [{ documentId: 'document 1' }] });
    expect([...sink.rows.values()]).toHaveLength(onError === 'throw' ? 3 : 4);
  });

  test('a failing chunker is the error of its document', async () => {
    const chunk = { chunk: async () => Promise.reject(new TypeError('no parser')) };
    const { report } = await index({ chunk, onError: 'collect' });
    expect(report.failures[0]).toEqual({ documentId: 'a', code: 'ERR_DOCUMENT', message: 'a: no parser' });
    expect(report.failed).toBe(2);
  });
});

describe('places', () => {
  writeFiles(folder, { 'text.txt': 'alpha\nbeta\nalpha\n' });
  const source = join(folder, 'text.txt');

  test('a folder can be searched', async () => {
    const place = newPlace();
    await index({ source, sink: place });
    expect(Object.keys(contentOf(place))).toEqual(['chunks.jsonl', 'manifest.json', 'vectors.npy']);
    const { data, length } = await readNpy(join(place, 'vectors.npy'));
    expect(length).toBe(2);
    expect(data.subarray(4)).toEqual(vectorOf('beta\n'));
    expect(JSON.parse(readFileSync(join(place, 'manifest.json'), 'utf8'))).toMatchObject({
      model: 'fake',
      rows: 2,
      dimensions: 4,
    });
  });

  test('a folder of somebody else stays as it is', async () => {
    await expect(index({ source, sink: folder })).rejects.toThrow('with other things than an index');
  });

  test('JSON Lines and .npy', async () => {
    const place = newPlace('.jsonl');
    await index({ source, sink: place });
    const rows = readFileSync(place, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows.map(({ text, embedding }) => [text, embedding])).toEqual([
      ['alpha\n', [...vectorOf('alpha\n')]],
      ['beta\n', [...vectorOf('beta\n')]],
    ]);
    const matrix = newPlace('.npy');
    await index({ source, sink: matrix });
    expect((await readNpy(matrix)).length).toBe(2);
    expect(readFileSync(matrix.replace('.npy', '.jsonl'), 'utf8').split('\n')).toHaveLength(3);
  });
});
