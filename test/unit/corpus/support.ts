/** What tests of corpora share: a model that needs no weights, a chunker of lines, sinks in memory, and a folder. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { ReadItem } from '../../../lib/corpus/document.js';
import type { TextChunker } from '../../../lib/corpus/prepare.js';
import { FilesReader } from '../../../lib/corpus/readers/files.js';
import { findFiles } from '../../../lib/corpus/readers/find-files.js';
import type { RecordFields } from '../../../lib/corpus/readers/records.js';
import type { VectorRow, VectorSink } from '../../../lib/corpus/sink.js';
import type { Embedder } from '../../../lib/index.js';

export const DIMENSIONS = 4;

/** A folder that is removed after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ovembed-corpus-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Four numbers of a text's hash. */
export function vectorOf(text: string): Float32Array {
  return Float32Array.from(createHash('sha256').update(text).digest().subarray(0, DIMENSIONS));
}

export interface FakeEmbedder {
  embedder: Embedder;
  /** All that were embedded, in order. */
  texts: string[];
  /** Throws in place of the vector of the n-th text from now. */
  failAt(index: number): void;
}

/** Embeds in windows that are read ahead, as the real one does. */
export function fakeEmbedder(windowSize = 7): FakeEmbedder {
  const texts: string[] = [];
  let failing = Number.POSITIVE_INFINITY;
  async function* stream(source: AsyncIterable<string>) {
    let window: string[] = [];
    const items = function* () {
      const metadata = { cacheHits: 1 };
      for (const text of window) {
        if (failing-- === 0) throw new Error('the device is gone');
        texts.push(text);
        yield { embedding: vectorOf(text), tokens: text.length, truncated: text.length > 20, metadata };
      }
      window = [];
    };
    for await (const text of source) {
      window.push(text);
      if (window.length === windowSize) yield* items();
    }
    yield* items();
  }
  const info = {
    model: 'fake',
    revision: null,
    fingerprint: 'f',
    dimensions: DIMENSIONS,
    precision: 'f32',
    activations: 'f32',
  };
  return { embedder: { info, stream } as unknown as Embedder, texts, failAt: (index) => (failing = index) };
}

/** Keeps what it gets; rows of the same id once. */
export class MemorySink implements VectorSink {
  readonly rows = new Map<string, VectorRow>();
  async open(): Promise<void> {}
  async write(rows: readonly VectorRow[]): Promise<void> {
    for (const row of rows) this.rows.set(row.id, { ...row, vector: row.vector.slice() });
  }
  async flush(): Promise<unknown> {
    return {};
  }
  async close(): Promise<void> {}
}

/** Keeps rows from run to run. */
export class StoreSink extends MemorySink {
  async has(ids: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set(ids.filter((id) => this.rows.has(id)));
  }
  async retain(documents: ReadonlyMap<string, readonly string[]>): Promise<void> {
    for (const [id, { documentId }] of this.rows) {
      if (documents.get(documentId)?.includes(id) === false) this.rows.delete(id);
    }
  }
}

/** Every line is a chunk, its line feed included. */
export const lineChunker: TextChunker = {
  async chunk(text) {
    let start = 0;
    return text.split(/(?<=\n)/).map((line, index) => {
      const chunk = { text: line, start, end: start + line.length, headings: [], tokens: line.length, index };
      start = chunk.end;
      return chunk;
    });
  },
};

export function writeFiles(folder: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
}

/** All files of a folder by their names. */
export function contentOf(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .sort()
      .map((path) => [path.slice(folder.length + 1), readFileSync(path, 'latin1')]),
  );
}

export async function itemsOf(names: string | readonly string[], fields: RecordFields = {}): Promise<ReadItem[]> {
  const reader = new FilesReader(await findFiles([names].flat()), fields);
  const items: ReadItem[] = [];
  for await (const item of reader.items(new AbortController().signal)) items.push(item);
  return items;
}
