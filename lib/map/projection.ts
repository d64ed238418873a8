/** Vectors as points of a plane. */
import { invalidArgument } from '../errors.js';
import type { Vectors } from '../vectors/dtype.js';
import { projectPca } from './pca.js';
import { seededRandom } from './random.js';
import { FEWEST_FOR_UMAP, loadUmap, projectUmap } from './umap.js';

export const PROJECTIONS = ['auto', 'umap', 'pca'] as const;
export type ProjectionName = (typeof PROJECTIONS)[number];

export interface ProjectionOptions {
  /** Default `auto`: UMAP where umap-js is installed and there are 17 vectors or more, else PCA. */
  projection?: ProjectionName;
  /** Of the random numbers: the same seed gives the same map. Default 0. */
  seed?: number;
  /** Share of the work that is done, 0 to 1. */
  onProgress?: (done: number) => void;
}

export interface Projection {
  projection: 'umap' | 'pca';
  /** vectors × 2 between -1 and 1, centred; one unit is as long in x as in y. */
  points: Float32Array;
}

/**
 * @throws OvembedError `ERR_INVALID_ARGUMENT` if UMAP is asked for and umap-js is not installed or there are fewer than 17
 *   vectors
 */
export async function projectVectors(
  vectors: Vectors<'float32'>,
  { projection = 'auto', seed = 0, onProgress }: ProjectionOptions = {},
): Promise<Projection> {
  const chosen = projection === 'auto' ? await choose(vectors.length) : projection;
  if (chosen === 'umap' && vectors.length < FEWEST_FOR_UMAP) {
    throw invalidArgument('the projection umap', `${FEWEST_FOR_UMAP} vectors or more`, vectors.length);
  }
  const random = seededRandom(seed);
  const plane = await projectPca(vectors, random);
  if (chosen === 'pca') return { projection: 'pca', points: fitted(plane) };
  return { projection: 'umap', points: fitted(await projectUmap(vectors, plane, random, onProgress)) };
}

async function choose(length: number): Promise<'umap' | 'pca'> {
  if (length < FEWEST_FOR_UMAP) return 'pca';
  return loadUmap().then(
    () => 'umap',
    () => 'pca',
  );
}

/** The longer side reaches from -1 to 1. */
function fitted(points: Float64Array): Float32Array {
  const [x, y] = [0, 1].map((axis) => extent(points, axis)) as [Extent, Extent];
  const scale = 2 / (Math.max(x.max - x.min, y.max - y.min) || 1);
  const middle = [(x.min + x.max) / 2, (y.min + y.max) / 2] as const;
  return Float32Array.from(points, (value, i) => (value - middle[(i & 1) as 0 | 1]) * scale);
}

interface Extent {
  min: number;
  max: number;
}

function extent(points: Float64Array, axis: number): Extent {
  let [min, max] = [Infinity, -Infinity];
  for (let i = axis; i < points.length; i += 2) {
    const value = points[i] as number;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min, max };
}
