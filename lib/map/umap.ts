/**
 * UMAP (McInnes, Healy, Melville 2018) by the package umap-js, over neighbours that the native index finds exactly: its own
 * search for them is the slowest part of it, and not exact.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { importPeers } from '../peers.js';
import type { Vectors } from '../vectors/dtype.js';
import { FlatIndex } from '../vectors/flat-index.js';
import { rowsOf, sampleOf } from './sample.js';

/** As in umap-learn. */
const NEIGHBOURS = 15;
/** Side of the square that the layout begins in, as in umap-learn. */
const START_SIDE = 20;
const QUERIES = 1024;
/** UMAP of so many takes a minute, and grows with their number. */
const MOST = 10_000;
/** What a vector beyond those is placed among. */
const ANCHORS = 3;

/** Fewer vectors have no neighbourhoods. */
export const FEWEST_FOR_UMAP = NEIGHBOURS + 2;

/** @throws OvembedError `ERR_INVALID_ARGUMENT` if umap-js is not installed */
export const loadUmap = () => importPeers(() => import('umap-js'), 'Maps by UMAP', 'umap-js');

/**
 * Of more than 10,000 vectors a sample is laid out, and each of the others put among the three of the sample that are nearest
 * to it.
 * @param start vectors × 2 where the layout begins, such as that of PCA: what is far apart stays so
 * @param onProgress share of the work that is done, 0 to 1
 * @returns vectors × 2
 */
export async function projectUmap(
  vectors: Vectors<'float32'>,
  start: Float64Array,
  random: () => number,
  onProgress: (done: number) => void = () => {},
): Promise<Float64Array> {
  const rows = sampleOf(vectors.length, MOST, random);
  const sample = rows.length === vectors.length ? vectors : rowsOf(vectors, rows);
  const index = new FlatIndex({ dimensions: vectors.dimensions, metric: 'cosine' });
  try {
    await index.add(sample.data);
    const begin = Float64Array.from(
      { length: rows.length * 2 },
      (_, i) => start[2 * (rows[i >> 1] as number) + (i & 1)] as number,
    );
    const layout = await layOut(index, sample, { start: begin, random, onProgress });
    return rows.length === vectors.length ? layout : await place(index, layout, { vectors, rows });
  } finally {
    index.close();
  }
}

interface Layout {
  start: Float64Array;
  random: () => number;
  onProgress: (done: number) => void;
}

async function layOut(index: FlatIndex, vectors: Vectors<'float32'>, { start, random, onProgress }: Layout) {
  const { UMAP } = await loadUmap();
  const { indices, distances } = await neighbourhoods(index, vectors);
  const umap = new UMAP({ nNeighbors: NEIGHBOURS, random });
  umap.setPrecomputedKNN(indices, distances);
  // With neighbours given, only the number of rows is looked at.
  const epochs = umap.initializeFit(Array.from({ length: vectors.length }, () => []));
  // The array that `step` moves; its own start is random, which loses how clusters lie to each other.
  const layout = umap.getEmbedding();
  const scale = START_SIDE / 2 / (start.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1);
  for (const [i, point] of layout.entries()) {
    for (let axis = 0; axis < 2; axis++) {
      // Points in one place would never part.
      point[axis] = (start[2 * i + axis] as number) * scale + (random() - 0.5) * 1e-3;
    }
  }
  for (let epoch = 0; epoch < epochs; epoch++) {
    umap.step();
    onProgress((epoch + 1) / epochs);
    await nextTurn();
  }
  return Float64Array.from(umap.getEmbedding().flat());
}

/** For each row itself and its nearest others, with 1 - cosine as the distance. */
async function neighbourhoods(index: FlatIndex, vectors: Vectors<'float32'>) {
  const indices: number[][] = [];
  const distances: number[][] = [];
  for await (const { row, hits, scores } of search(index, vectors, NEIGHBOURS)) {
    // Of many equal vectors a row may not be among its own hits; it always comes first.
    const others = [...hits.keys()].filter((i) => hits[i] !== row).slice(0, NEIGHBOURS - 1);
    indices.push([row, ...others.map((i) => hits[i] as number)]);
    distances.push([0, ...others.map((i) => distanceOf(scores[i] as number))]);
  }
  return { indices, distances };
}

/** Vectors of the sample stay where they are; others come to the mean of the nearest, by how near each is. */
async function place(
  index: FlatIndex,
  layout: Float64Array,
  { vectors, rows }: { vectors: Vectors<'float32'>; rows: Uint32Array },
): Promise<Float64Array> {
  const points = new Float64Array(vectors.length * 2);
  const placeOf = new Map(Array.from(rows, (row, i) => [row, i]));
  for await (const { row, hits, scores } of search(index, vectors, ANCHORS)) {
    const own = placeOf.get(row);
    const anchors = own === undefined ? Array.from(hits) : [own];
    const weights = own === undefined ? Array.from(scores, (score) => 1 / (distanceOf(score) + 1e-3)) : [1];
    const sum = weights.reduce((total, weight) => total + weight, 0);
    for (let axis = 0; axis < 2; axis++) {
      const weighted = anchors.map((anchor, i) => (layout[2 * anchor + axis] as number) * (weights[i] as number));
      points[2 * row + axis] = weighted.reduce((total, value) => total + value, 0) / sum;
    }
  }
  return points;
}

async function* search(index: FlatIndex, { data, length, dimensions }: Vectors<'float32'>, k: number) {
  for (let from = 0; from < length; from += QUERIES) {
    const queries = data.subarray(from * dimensions, Math.min(from + QUERIES, length) * dimensions);
    const found = await index.search(queries, { k });
    for (let i = 0; i * dimensions < queries.length; i++) {
      const [begin, end] = [i * found.k, (i + 1) * found.k];
      yield { row: from + i, hits: found.indices.subarray(begin, end), scores: found.scores.subarray(begin, end) };
    }
  }
}

/** A vector of zeros has no cosine; it is near to none. */
const distanceOf = (score: number) => (Number.isNaN(score) ? 1 : Math.max(0, 1 - score));
