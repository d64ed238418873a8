/** JSON Lines: each row as an object, the vector in its field `embedding`. Written in place. */
import { shortDecimal } from '../../vectors/short-decimal.js';
import { describeRow } from '../row.js';
import type { VectorRow, VectorSink, VectorSpace } from '../sink.js';
import { AppendedFile } from './appended-file.js';
import type { SinkKind } from './kind.js';
import { checkPosition } from './position.js';

class JsonlSink implements VectorSink {
  readonly #path: string;
  #file: AppendedFile | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  async open(_space: VectorSpace, position: unknown): Promise<void> {
    this.#file = await AppendedFile.open(this.#path, checkPosition(position, 'bytes')?.bytes ?? null);
  }

  async write(rows: readonly VectorRow[]): Promise<void> {
    for (const row of rows) {
      const embedding = Array.from(row.vector, shortDecimal);
      await this.#file?.append(Buffer.from(`${JSON.stringify({ ...describeRow(row), embedding })}\n`));
    }
  }

  async flush(): Promise<unknown> {
    await this.#file?.sync();
    return { bytes: this.#file?.length };
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }
}

export const jsonl: SinkKind = { sink: (place) => new JsonlSink(place) };
