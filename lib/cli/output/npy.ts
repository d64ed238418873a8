/**
 * NumPy's .npy, version 1.0: a header with the shape, then the rows, little-endian.
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
import type { Dtype, VectorArray } from '../../index.js';
import { bytesPerRow, elementsPerRow } from '../../vectors/dtype.js';
import type { InputRecord } from '../input/records.js';
import { Buffered } from './buffered.js';
import type { PatchableTarget } from './targets.js';
import type { VectorWriter } from './writer.js';

/** Room for any number of rows; a multiple of 64, as the format asks. */
const HEADER_BYTES = 128;
const PREAMBLE = Buffer.from('\x93NUMPY\x01\x00', 'latin1');

/** NumPy's names; it has none for bfloat16. */
const NAMES: Readonly<Record<Dtype, string | null>> = {
  float32: '<f4',
  float16: '<f2',
  bfloat16: null,
  int8: '|i1',
  uint8: '|u1',
  binary: '|i1',
  ubinary: '|u1',
};

export function hasNpyName(dtype: Dtype): boolean {
  return NAMES[dtype] !== null;
}

/** The header of `rows` vectors; always of the same size, so that it can be written again in its place. */
export function npyHeader(rows: number, dimensions: number, dtype: Dtype = 'float32'): Buffer {
  const width = elementsPerRow(dtype, dimensions);
  const shape = `{'descr': '${NAMES[dtype]}', 'fortran_order': False, 'shape': (${rows}, ${width}), }`;
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
  readonly #dtype: Dtype;
  readonly #buffer: Buffered;
  #rows = 0;

  private constructor(target: PatchableTarget, dimensions: number, dtype: Dtype) {
    this.#target = target;
    this.#dimensions = dimensions;
    this.#dtype = dtype;
    this.#buffer = new Buffered((bytes) => this.#append(bytes));
  }

  static async start(target: PatchableTarget, dimensions: number, dtype: Dtype = 'float32'): Promise<NpyWriter> {
    await target.append(npyHeader(0, dimensions, dtype));
    return new NpyWriter(target, dimensions, dtype);
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
    await this.#target.append(rows);
    this.#rows += rows.length / bytesPerRow(this.#dtype, this.#dimensions);
    await this.#target.patchStart(npyHeader(this.#rows, this.#dimensions, this.#dtype));
  }
}
