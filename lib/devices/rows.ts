/** Rows of a batch: some of them, and the results of several pieces as one. */
import type { RunResult, TextFailure } from '../batching/work.js';
import type { BatchPart, InferOptions } from '../native.js';

export function rowsOf(parts: readonly BatchPart[]): number {
  return parts.reduce((sum, { rows }) => sum + rows.length, 0);
}

/** The rows at positions from `start` up to `end`. */
export function sliceRows(parts: readonly BatchPart[], start: number, end: number): BatchPart[] {
  const sliced: BatchPart[] = [];
  let first = 0;
  for (const { encoding, rows } of parts) {
    const taken = rows.subarray(Math.max(0, start - first), Math.max(0, end - first));
    if (taken.length > 0) sliced.push({ encoding, rows: taken });
    first += rows.length;
  }
  return sliced;
}

/** A piece of a batch, and its result or what it failed with. */
export interface Piece {
  parts: readonly BatchPart[];
  outcome: { result: RunResult } | { error: unknown };
}

/**
 * One result of consecutive pieces, at least one of which went well. Vectors of the others are zeros, and their rows are failures.
 */
export function joinPieces(pieces: readonly Piece[], output: InferOptions['output']): RunResult {
  const width = widthOf(pieces, output);
  const vectors = pieces.reduce((sum, { parts }) => sum + vectorsOf(parts, output), 0);
  const data = new Float32Array(vectors * width);
  const nonFinite: number[] = [];
  const failures: TextFailure[] = [];
  const joined: RunResult = { data, nonFiniteRows: new Uint32Array(), queueMicros: 0, inferMicros: 0, poolMicros: 0 };
  let row = 0;
  let vector = 0;
  for (const { parts, outcome } of pieces) {
    const rows = rowsOf(parts);
    if ('error' in outcome) {
      for (let i = 0; i < rows; i++) failures.push({ position: row + i, error: outcome.error });
    } else {
      const { result } = outcome;
      data.set(result.data, vector * width);
      for (const position of result.nonFiniteRows) nonFinite.push(row + position);
      joined.inferMicros += result.inferMicros;
      joined.poolMicros += result.poolMicros;
      if (result.ranOn) joined.ranOn = result.ranOn;
    }
    row += rows;
    vector += vectorsOf(parts, output);
  }
  return { ...joined, nonFiniteRows: Uint32Array.from(nonFinite), failures };
}

function widthOf(pieces: readonly Piece[], output: InferOptions['output']): number {
  for (const { parts, outcome } of pieces) {
    if ('result' in outcome) return outcome.result.data.length / vectorsOf(parts, output);
  }
  throw new Error('no piece went well');
}

function vectorsOf(parts: readonly BatchPart[], output: InferOptions['output']): number {
  if (output === 'pooled') return rowsOf(parts);
  let tokens = 0;
  for (const { encoding, rows } of parts) {
    const { lengths } = encoding;
    for (const row of rows) tokens += lengths[row] as number;
  }
  return tokens;
}
