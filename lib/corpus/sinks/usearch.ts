/**
 * A folder as without a scheme, and a graph (HNSW) of its vectors that usearch makes and searches: `usearch://./index`. Needs the
 * package usearch. Keys of the graph are the numbers of rows.
 */
import { access } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { OvembedError } from '../../errors.js';
import { importPeers } from '../../peers.js';
import { type BuildGraph, FolderSink, openFolder } from './folder.js';
import type { NearestRows } from './folder-index.js';
import type { SinkKind } from './kind.js';
import { readVectors } from './read-rows.js';

/** What is used of usearch 2. */
interface Graph {
  add(keys: BigUint64Array, vectors: Float32Array, threads: number): void;
  search(query: Float32Array, count: number, threads: number): { keys: BigUint64Array; distances: Float32Array };
  save(file: string): void;
  view(file: string): void;
}

const load = async (): Promise<(dimensions: number) => Graph> => {
  // Its ES module finds its binary from few places, as it looks for it by the stack of calls.
  const { Index } = await importPeers(async () => require('usearch'), 'usearch sinks', 'usearch');
  const settings = { metric: 'cos', quantization: 'f32', connectivity: 16, multi: false };
  const width = { expansion_add: 128, expansion_search: 128 };
  return (dimensions) => new Index({ dimensions, ...settings, ...width });
};

/** `add` blocks the event loop, for some milliseconds with so many. */
const SLICE = 16;
/** With one thread, the same vectors give the same file. */
const THREADS = 1;

const build: BuildGraph = async (file, vectors, { rows, dimensions }) => {
  const graph = (await load())(dimensions);
  let row = 0;
  for await (const piece of readVectors(vectors, rows, dimensions)) {
    for (let start = 0; start < piece.length; start += SLICE * dimensions) {
      const slice = piece.slice(start, start + SLICE * dimensions);
      const keys = BigUint64Array.from({ length: slice.length / dimensions }, () => BigInt(row++));
      graph.add(keys, slice, THREADS);
      await nextTurn();
    }
  }
  graph.save(file);
};

async function openGraph(file: string, dimensions: number): Promise<NearestRows> {
  const graph = (await load())(dimensions);
  await access(file).catch((cause) => {
    const message = `${file}: there is no graph of usearch: leave out usearch:// to compare every vector.`;
    throw new OvembedError('ERR_INVALID_ARGUMENT', message, { cause });
  });
  graph.view(file);
  return {
    async search(query, { k }) {
      const { keys, distances } = graph.search(query, k, THREADS);
      return { indices: Uint32Array.from(keys, Number), scores: distances.map((distance) => 1 - distance) };
    },
    close() {},
  };
}

const SCHEME = 'usearch://';
const pathIn = (place: string) => place.slice(SCHEME.length);

class UsearchSink extends FolderSink {
  constructor(place: string) {
    super(pathIn(place), build);
  }

  /** What cannot be finished is not begun. */
  override async open(...args: Parameters<FolderSink['open']>): Promise<void> {
    await load();
    await super.open(...args);
  }
}

export const usearch: SinkKind = {
  sink: (place) => new UsearchSink(place),
  index: (place) => openFolder(pathIn(place), openGraph),
};
