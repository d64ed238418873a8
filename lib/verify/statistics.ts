/** How close the vectors of two embedders are, in the figures that matter for search. */

import { cosine } from '../vectors/similarity.js';

/** Rows of vectors, one after the other. */
export interface Rows {
  data: Float32Array;
  length: number;
  dimensions: number;
}

export const row = ({ data, dimensions }: Rows, i: number) => data.subarray(i * dimensions, (i + 1) * dimensions);

/** The value below which this share of the values lies, by linear interpolation. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below] as number;
  return low + (place - below) * ((sorted[Math.min(below + 1, sorted.length - 1)] as number) - low);
}

export const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Ranks from 1; equal values share the mean of their ranks. */
export function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => (values[a] as number) - (values[b] as number));
  const result = new Array<number>(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end < order.length && values[order[end] as number] === values[order[start] as number]) end++;
    for (let i = start; i < end; i++) result[order[i] as number] = (start + end + 1) / 2;
    start = end;
  }
  return result;
}

/** Spearman's rank correlation: Pearson's of the ranks; NaN where one side is constant. */
export function spearman(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [ranks(a), ranks(b)];
  const [mx, my] = [mean(x), mean(y)];
  let [xy, xx, yy] = [0, 0, 0];
  x.forEach((value, i) => {
    const [dx, dy] = [value - mx, (y[i] as number) - my];
    xy += dx * dy;
    xx += dx * dx;
    yy += dy * dy;
  });
  return xy / Math.sqrt(xx * yy);
}

/** Rank agreement of two rankings of all texts for each text as a query. */
export interface RankAgreement {
  /** Share of queries whose nearest other text is the same. */
  top1: number;
  /** Mean share of the nearest ten (or as many as there are) that both have. */
  top10: number;
}

export function rankAgreement(a: Rows, b: Rows): RankAgreement {
  let [same, shared] = [0, 0];
  const depth = Math.min(10, a.length - 1);
  for (let query = 0; query < a.length; query++) {
    const [left, right] = [nearest(a, query, depth), nearest(b, query, depth)];
    if (left[0] === right[0]) same++;
    shared += left.filter((text) => right.includes(text)).length / depth;
  }
  return { top1: same / a.length, top10: shared / a.length };
}

function nearest(rows: Rows, query: number, depth: number): number[] {
  const scores = Array.from({ length: rows.length }, (_, i) => cosine(row(rows, query), row(rows, i)));
  const others = scores.map((_, i) => i).filter((i) => i !== query);
  return others.sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b).slice(0, depth);
}
