/** The ends of each dimension over all vectors, instead of the vectors. */
import { type EmbedderInfo, Ranges, type VectorArray } from '../../index.js';
import { RangeFinder } from '../../vectors/range-finder.js';
import { OutputError, systemReason } from '../failures.js';
import type { InputRecord } from '../input/records.js';
import type { VectorWriter } from './writer.js';

export class RangesWriter implements VectorWriter {
  readonly #file: string;
  readonly #info: EmbedderInfo;
  readonly #finder: RangeFinder;

  constructor(file: string, info: EmbedderInfo, dimensions: number) {
    this.#file = file;
    this.#info = info;
    this.#finder = new RangeFinder(dimensions);
  }

  async write(_record: InputRecord, embedding: VectorArray): Promise<void> {
    this.#finder.add(embedding as Float32Array);
  }

  async finish(): Promise<void> {
    const { fingerprint, normalize } = this.#info;
    const ranges = Ranges.found(this.#finder, { fingerprint, normalize });
    await ranges.save(this.#file).catch((error) => {
      throw new OutputError(`${this.#file}: cannot be written: ${systemReason(error)}`);
    });
  }
}
