/** What one shard gives: a folder with its rows and its report. */
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CorpusReport } from '../corpus/report.js';
import type { VectorRow, VectorSink, VectorSpace } from '../corpus/sink.js';
import { readRows } from '../corpus/sinks/read-rows.js';
import { RowFiles, type RowPaths } from '../corpus/sinks/row-files.js';
import { syncFolder } from '../corpus/sinks/sync-folder.js';

type Counts = Pick<
  CorpusReport,
  'documents' | 'duplicates' | 'filtered' | 'failed' | 'failures' | 'chunks' | 'tokens' | 'truncated' | 'cacheHits'
>;

/** Counts of one shard; texts that other shards have too are among them. */
export interface PartReport extends Counts {
  /** Ids of documents all of whose chunks were left out, for stores that still hold some of them. */
  without: readonly string[];
}

const pathsIn = (folder: string): RowPaths & { report: string } => ({
  vectors: join(folder, 'vectors.npy'),
  rows: join(folder, 'rows.jsonl'),
  report: join(folder, 'report.json'),
});

/** Writes a part into a folder that is there. `seal` makes it whole. */
export class PartSink implements VectorSink {
  readonly #folder: string;
  readonly #without: string[] = [];
  #files: RowFiles | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async open({ dimensions }: VectorSpace): Promise<void> {
    this.#files = await RowFiles.open(pathsIn(this.#folder), dimensions, null);
  }

  async write(rows: readonly VectorRow[]): Promise<void> {
    await this.#files?.write(rows);
  }

  async flush(): Promise<unknown> {
    return this.#files?.flush();
  }

  /** Nothing is there to be removed: this is how a sink hears of documents without rows. */
  async retain(documents: ReadonlyMap<string, readonly string[]>): Promise<void> {
    for (const [documentId, ids] of documents) if (ids.length === 0) this.#without.push(documentId);
  }

  async close(): Promise<void> {
    await this.#files?.close();
  }

  /** After `close`. */
  async seal(report: CorpusReport): Promise<PartReport> {
    const { documents, duplicates, filtered, failed, failures, chunks, tokens, truncated, cacheHits } = report;
    const counts = { documents, duplicates, filtered, failed, failures, chunks, tokens, truncated, cacheHits };
    const kept: PartReport = { ...counts, without: this.#without };
    const handle = await open(pathsIn(this.#folder).report, 'w');
    try {
      await handle.writeFile(`${JSON.stringify(kept)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await syncFolder(this.#folder);
    return kept;
  }
}

/** @returns undefined: the part is not there */
export async function readPartReport(folder: string): Promise<PartReport | undefined> {
  const text = await readFile(pathsIn(folder).report, 'utf8').catch((error) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return text === undefined ? undefined : JSON.parse(text);
}

/** The rows of a part, those of a document at a time, in the order of the corpus. */
export async function* readPart(
  folder: string,
  { chunks }: PartReport,
  dimensions: number,
): AsyncGenerator<VectorRow[], void, undefined> {
  let rows: VectorRow[] = [];
  for await (const row of readRows(pathsIn(folder), chunks, dimensions)) {
    if (rows[0] && rows[0].documentId !== row.documentId) {
      yield rows;
      rows = [];
    }
    rows.push(row);
  }
  if (rows.length > 0) yield rows;
}
