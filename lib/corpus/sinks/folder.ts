/**
 * A folder: vectors, rows and a manifest. It is built beside its place and takes the place of an older one when it is whole, so
 * that one can search while it is built.
 */
import { readdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OvembedError } from '../../errors.js';
import type { VectorRow, VectorSink, VectorSpace } from '../sink.js';
import { type NearestRows, openFolderIndex } from './folder-index.js';
import type { SinkKind } from './kind.js';
import { MANIFEST, readManifest, writtenManifest } from './manifest.js';
import { makeOwnFolder, ownNames, removeOwnFolder } from './own-folder.js';
import { checkPosition } from './position.js';
import { RowFiles } from './row-files.js';
import { syncFolder } from './sync-folder.js';

/** The vectors as a matrix, and all else of the rows as JSON Lines. */
export const VECTORS = 'vectors.npy';
export const ROWS = 'chunks.jsonl';
/** That usearch makes of the vectors. */
const GRAPH = 'graph.usearch';
const NAMES = [VECTORS, ROWS, MANIFEST, GRAPH];

/** Makes a file of the vectors, once all are there. */
export type BuildGraph = (file: string, vectors: string, shape: { rows: number; dimensions: number }) => Promise<void>;

export class FolderSink implements VectorSink {
  readonly #folder: string;
  readonly #buildGraph: BuildGraph | undefined;
  readonly #partial: string;
  #space: VectorSpace | undefined;
  #files: RowFiles | undefined;
  /** Of an index that was whole already: who is killed once more must find it in the checkpoint again. */
  #wholeAt: unknown;

  constructor(place: string, buildGraph?: BuildGraph) {
    this.#buildGraph = buildGraph;
    this.#folder = withoutSlash(place);
    this.#partial = `${this.#folder}.partial`;
  }

  async open(space: VectorSpace, position: unknown): Promise<void> {
    this.#space = space;
    await checkReplaceable(this.#folder);
    if (position === null) await makeOwnFolder(this.#partial, NAMES);
    // Killed between the swap and the end of the checkpoint: all is done.
    else if (await this.#isComplete(position)) {
      this.#wholeAt = position;
      return;
    }
    const paths = { vectors: join(this.#partial, VECTORS), rows: join(this.#partial, ROWS) };
    this.#files = await RowFiles.open(paths, space.dimensions, position);
  }

  async write(rows: readonly VectorRow[]): Promise<void> {
    await this.#files?.write(rows);
  }

  async flush(): Promise<unknown> {
    return this.#files ? this.#files.flush() : this.#wholeAt;
  }

  async finish(): Promise<void> {
    if (!this.#files) return;
    const { rows } = await this.#files.flush();
    await this.#files.close();
    this.#files = undefined;
    const { dimensions } = this.#space as VectorSpace;
    await this.#buildGraph?.(join(this.#partial, GRAPH), join(this.#partial, VECTORS), { rows, dimensions });
    const manifest = writtenManifest({ ...(this.#space as VectorSpace), rows });
    await writeFile(join(this.#partial, MANIFEST), manifest, { flush: true });
    await syncFolder(this.#partial);
    await replaceFolder(this.#partial, this.#folder);
  }

  async close(): Promise<void> {
    await this.#files?.close();
  }

  async #isComplete(position: unknown): Promise<boolean> {
    const isBuilding = await readdir(this.#partial).catch(ignoreMissing);
    if (isBuilding) return false;
    const manifest = await readManifest(this.#folder);
    return manifest?.rows === checkPosition(position, 'rows', 'bytes')?.rows;
  }
}

/** Puts an index that is whole in the place of an older one, if there is one. */
async function replaceFolder(whole: string, folder: string): Promise<void> {
  const old = `${folder}.old`;
  await removeOwnFolder(old, NAMES);
  await rename(folder, old).catch(ignoreMissing);
  await rename(whole, folder);
  await syncFolder(dirname(folder));
  await removeOwnFolder(old, NAMES);
}

/** @throws OvembedError `ERR_INVALID_ARGUMENT` for a folder of somebody else */
export async function checkReplaceable(folder: string): Promise<void> {
  const names = await readdir(folder).catch(ignoreMissing);
  if (!names || names.length === 0) return;
  if (await readManifest(folder)) return void (await ownNames(folder, NAMES));
  const message = `${folder}: is a folder with other things than an index: name another place.`;
  throw new OvembedError('ERR_INVALID_ARGUMENT', message);
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

const withoutSlash = (place: string) => place.replace(/(?<=.)[/\\]+$/, '');

/** @param openGraph takes the place of comparing every vector */
export function openFolder(place: string, openGraph?: (file: string, dimensions: number) => Promise<NearestRows>) {
  const folder = withoutSlash(place);
  const files = { vectors: VECTORS, rows: ROWS };
  return openFolderIndex(folder, files, openGraph && ((dimensions) => openGraph(join(folder, GRAPH), dimensions)));
}

export const folder: SinkKind = { sink: (place) => new FolderSink(place), index: (place) => openFolder(place) };
