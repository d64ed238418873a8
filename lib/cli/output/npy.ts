/** A NumPy matrix that can be read at any moment, also of a file whose writer is killed. */
import type { VectorArray } from '../../index.js';
import { bytesPerRow, type Dtype } from '../../vectors/dtype.js';
import { npyHeader } from '../../vectors/files/npy.js';
import type { InputRecord } from '../input/records.js';
import { Buffered } from './buffered.js';
import type { PatchableTarget } from './targets.js';
import type { VectorWriter } from './writer.js';

export class NpyWriter implements VectorWriter {
  readonly #target: PatchableTarget;
  readonly #form: { dtype: Dtype; dimensions: number };
  readonly #buffer: Buffered;
  #rows = 0;

  private constructor(target: PatchableTarget, form: { dtype: Dtype; dimensions: number }) {
    this.#target = target;
    this.#form = form;
    this.#buffer = new Buffered((bytes) => this.#append(bytes));
  }

  static async start(target: PatchableTarget, form: { dtype: Dtype; dimensions: number }): Promise<NpyWriter> {
    await target.append(npyHeader({ ...form, length: 0 }));
    return new NpyWriter(target, form);
  }

  write(_record: InputRecord, { buffer, byteOffset, byteLength }: VectorArray): Promise<void> {
    return this.#buffer.push(new Uint8Array(buffer, byteOffset, byteLength));
  }

  async finish(): Promise<void> {
    try {
      await this.#buffer.flush();
    } finally {
      await this.#target.close();
    }
  }

  /** The header follows the rows each time: a file whose writer is killed says of itself no more than it holds. */
  async #append(rows: Buffer): Promise<void> {
    const { dtype, dimensions } = this.#form;
    await this.#target.append(rows);
    this.#rows += rows.length / bytesPerRow(dtype, dimensions);
    await this.#target.patchStart(npyHeader({ dtype, dimensions, length: this.#rows }));
  }
}
