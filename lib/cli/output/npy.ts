/**
 * NumPy's .npy, version 1.0: a header with the shape, then the rows as little-endian float32.
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
import type { InputRecord } from '../input/records.js';
import { Buffered } from './buffered.js';
import type { PatchableTarget } from './targets.js';
import type { VectorWriter } from './writer.js';

/** Room for any number of rows; a multiple of 64, as the format asks. */
const HEADER_BYTES = 128;
const PREAMBLE = Buffer.from('\x93NUMPY\x01\x00', 'latin1');

/** The header of `rows` × `dimensions`; always of the same size, so that it can be written again in its place. */
export function npyHeader(rows: number, dimensions: number): Buffer {
  const shape = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${dimensions}), }`;
  const header = Buffer.alloc(HEADER_BYTES, ' ');
  PREAMBLE.copy(header);
  header.writeUInt16LE(HEADER_BYTES - PREAMBLE.length - 2, PREAMBLE.length);
  header.write(shape, PREAMBLE.length + 2, 'latin1');
  header.write('\n', HEADER_BYTES - 1, 'latin1');
  return header;
}

export class NpyWriter implements VectorWriter {
  readonly #target: PatchableTarget;
  readonly #dimensions: number;
  readonly #buffer: Buffered;
  #rows = 0;

  private constructor(target: PatchableTarget, dimensions: number) {
    this.#target = target;
    this.#dimensions = dimensions;
    this.#buffer = new Buffered((bytes) => this.#append(bytes));
  }

  static async start(target: PatchableTarget, dimensions: number): Promise<NpyWriter> {
    await target.append(npyHeader(0, dimensions));
    return new NpyWriter(target, dimensions);
  }

  write(_record: InputRecord, { buffer, byteOffset, byteLength }: Float32Array): Promise<void> {
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
    await this.#target.append(rows);
    this.#rows += rows.length / (4 * this.#dimensions);
    await this.#target.patchStart(npyHeader(this.#rows, this.#dimensions));
  }
}
