/** Searching a folder: every vector is compared with the query, so that what is found is exact, unless there is a graph of them. */
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { OvembedError } from '../../errors.js';
import { readAll } from '../../vectors/files/files.js';
import { FlatIndex, type SearchResult } from '../../vectors/flat-index.js';
import { problemAt } from '../readers/problem.js';
import type { Match, VectorIndex, VectorSpace } from '../sink.js';
import { type Manifest, readManifest } from './manifest.js';
import { readVectors } from './read-rows.js';
import type { RowPaths } from './row-files.js';

/** Finds the rows whose vectors are nearest by cosine. */
export interface NearestRows {
  search(query: Float32Array, options: { k: number }): Promise<Pick<SearchResult, 'indices' | 'scores'>>;
  close(): void;
}

class FolderIndex implements VectorIndex {
  readonly space: VectorSpace;
  readonly length: number;
  readonly #vectors: NearestRows;
  readonly #path: string;
  readonly #rows: FileHandle;
  /** Where each row begins, and where the last one ends. */
  readonly #offsets: Float64Array;

  constructor(
    manifest: Manifest,
    vectors: NearestRows,
    rows: { path: string; handle: FileHandle; offsets: Float64Array },
  ) {
    const { rows: length, ...space } = manifest;
    this.space = space;
    this.length = length;
    this.#vectors = vectors;
    this.#path = rows.path;
    this.#rows = rows.handle;
    this.#offsets = rows.offsets;
  }

  async search(query: Float32Array, count: number): Promise<Match[]> {
    if (this.length === 0) return [];
    const { indices, scores } = await this.#vectors.search(query, { k: count });
    return Promise.all(
      Array.from(indices, async (row, i) => ({ ...(await this.#row(row)), score: scores[i] as number })),
    );
  }

  async close(): Promise<void> {
    this.#vectors.close();
    await this.#rows.close();
  }

  async #row(row: number): Promise<Omit<Match, 'score'>> {
    const start = this.#offsets[row] as number;
    const bytes = Buffer.alloc((this.#offsets[row + 1] as number) - start);
    await readAll(this.#rows, bytes, start, this.#path);
    return JSON.parse(bytes.toString());
  }
}

/** @throws OvembedError `ERR_INVALID_ARGUMENT` if there is no index, or a damaged one */
export async function openFolderIndex(
  folder: string,
  names: RowPaths,
  openNearest?: (dimensions: number) => Promise<NearestRows>,
): Promise<VectorIndex> {
  const manifest = await readManifest(folder);
  if (!manifest) {
    const message = `${folder}: there is no index here. \`ovembed index\` makes one; --index names another place.`;
    throw new OvembedError('ERR_INVALID_ARGUMENT', message);
  }
  const { rows, dimensions } = manifest;
  const path = join(folder, names.rows);
  const offsets = await lineOffsets(path, rows);
  const vectors = await (openNearest?.(dimensions) ?? everyVector(join(folder, names.vectors), rows, dimensions));
  try {
    return new FolderIndex(manifest, vectors, { path, handle: await open(path, 'r'), offsets });
  } catch (error) {
    vectors.close();
    throw error;
  }
}

async function everyVector(path: string, rows: number, dimensions: number): Promise<NearestRows> {
  const index = new FlatIndex({ dimensions, metric: 'cosine' });
  try {
    for await (const piece of readVectors(path, rows, dimensions)) await index.add(piece);
    return index;
  } catch (error) {
    index.close();
    throw error;
  }
}

const LF = 10;

async function lineOffsets(path: string, rows: number): Promise<Float64Array> {
  const offsets = new Float64Array(rows + 1);
  let row = 0;
  let position = 0;
  for await (const bytes of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) offsets[++row] = position + at + 1;
    position += bytes.length;
  }
  if (row !== rows) throw problemAt(path, `expected ${rows} lines, found ${row}: build the index again.`);
  return offsets;
}
