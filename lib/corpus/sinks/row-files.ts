/** Rows as two files: the vectors as a NumPy matrix, all else as JSON Lines; both can be read at any moment. */
import { npyHeader } from '../../vectors/files/npy.js';
import { describeRow } from '../row.js';
import type { VectorRow } from '../sink.js';
import { AppendedFile } from './appended-file.js';
import { checkPosition } from './position.js';

/** In front of the matrix. */
export const HEADER_BYTES = npyHeader({ dtype: 'float32', dimensions: 1, length: 0 }).length;

/** Where to go on. */
export interface RowsPosition {
  rows: number;
  /** Of the JSON Lines. */
  bytes: number;
}

export interface RowPaths {
  vectors: string;
  rows: string;
}

export class RowFiles {
  readonly #vectors: AppendedFile;
  readonly #rows: AppendedFile;
  readonly #dimensions: number;
  #count: number;

  private constructor(vectors: AppendedFile, rows: AppendedFile, dimensions: number, count: number) {
    this.#vectors = vectors;
    this.#rows = rows;
    this.#dimensions = dimensions;
    this.#count = count;
  }

  /** @param position what `flush` gave; null: new files */
  static async open(paths: RowPaths, dimensions: number, position: unknown): Promise<RowFiles> {
    const { rows: count, bytes } = checkPosition(position, 'rows', 'bytes') ?? { rows: 0, bytes: null };
    const length = bytes === null ? null : HEADER_BYTES + count * dimensions * 4;
    const vectors = await AppendedFile.open(paths.vectors, length);
    try {
      const rows = await AppendedFile.open(paths.rows, bytes);
      const header = npyHeader({ dtype: 'float32', dimensions, length: count });
      if (length === null) await vectors.append(header);
      else await vectors.patchStart(header);
      return new RowFiles(vectors, rows, dimensions, count);
    } catch (error) {
      await vectors.close();
      throw error;
    }
  }

  async write(rows: readonly VectorRow[]): Promise<void> {
    // A copy: the vectors are views of what the caller may use again.
    const matrix = new Float32Array(rows.length * this.#dimensions);
    for (const [i, { vector }] of rows.entries()) matrix.set(vector, i * this.#dimensions);
    await this.#vectors.append(new Uint8Array(matrix.buffer));
    await this.#rows.append(Buffer.from(rows.map((row) => `${JSON.stringify(describeRow(row))}\n`).join('')));
    this.#count += rows.length;
  }

  async flush(): Promise<RowsPosition> {
    // The header follows the rows: a file whose writer is killed says of itself no more than it holds.
    await this.#vectors.sync();
    await this.#vectors.patchStart(npyHeader({ dtype: 'float32', dimensions: this.#dimensions, length: this.#count }));
    await this.#vectors.sync();
    await this.#rows.sync();
    return { rows: this.#count, bytes: this.#rows.length };
  }

  async close(): Promise<void> {
    await Promise.all([this.#vectors.close(), this.#rows.close()]);
  }
}
