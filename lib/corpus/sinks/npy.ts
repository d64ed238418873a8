/** A NumPy matrix, and the rows without their vectors in JSON Lines beside it: `a.npy` and `a.jsonl`. Written in place. */
import type { VectorRow, VectorSink, VectorSpace } from '../sink.js';
import type { SinkKind } from './kind.js';
import { RowFiles } from './row-files.js';

class NpySink implements VectorSink {
  readonly #path: string;
  #files: RowFiles | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  async open({ dimensions }: VectorSpace, position: unknown): Promise<void> {
    const rows = this.#path.replace(/\.npy$/i, '.jsonl');
    this.#files = await RowFiles.open({ vectors: this.#path, rows }, dimensions, position);
  }

  async write(rows: readonly VectorRow[]): Promise<void> {
    await this.#files?.write(rows);
  }

  async flush(): Promise<unknown> {
    return this.#files?.flush();
  }

  async close(): Promise<void> {
    await this.#files?.close();
  }
}

export const npy: SinkKind = { sink: (place) => new NpySink(place) };
