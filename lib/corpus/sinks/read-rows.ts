/** Reads back what `RowFiles` wrote, in constant memory. */
import { createReadStream } from 'node:fs';
import { readAll, withFile } from '../../vectors/files/files.js';
import { splitLines } from '../readers/lines.js';
import { problemAt } from '../readers/problem.js';
import type { VectorRow } from '../sink.js';
import { HEADER_BYTES, type RowPaths } from './row-files.js';

const PIECE_BYTES = 4 * 1024 * 1024;

/** The matrix in pieces of some thousand vectors. */
export async function* readVectors(path: string, rows: number, dimensions: number): AsyncGenerator<Float32Array> {
  const most = Math.max(1, Math.floor(PIECE_BYTES / (4 * dimensions)));
  for (let row = 0; row < rows; row += most) {
    const piece = new Float32Array(Math.min(most, rows - row) * dimensions);
    const position = HEADER_BYTES + row * dimensions * 4;
    await withFile(path, (handle) => readAll(handle, new Uint8Array(piece.buffer), position, path));
    yield piece;
  }
}

/** Rows in their order, vectors and all. */
export async function* readRows(paths: RowPaths, rows: number, dimensions: number): AsyncGenerator<VectorRow> {
  const tooLong = (number: number, problem: string) => problemAt(`${paths.rows}:${number}`, problem);
  const lines = splitLines(createReadStream(paths.rows), tooLong, Number.POSITIVE_INFINITY);
  try {
    for await (const piece of readVectors(paths.vectors, rows, dimensions)) {
      for (let at = 0; at < piece.length; at += dimensions) {
        const { value: line } = await lines.next();
        if (!line) throw problemAt(paths.rows, `expected ${rows} lines, found fewer.`);
        yield { ...JSON.parse(line.bytes.toString()), vector: piece.subarray(at, at + dimensions) };
      }
    }
  } finally {
    await lines.return();
  }
}
