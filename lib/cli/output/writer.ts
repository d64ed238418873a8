import type { VectorArray } from '../../index.js';
import type { InputRecord } from '../input/records.js';

/** Writes vectors in one of the output formats. */
export interface VectorWriter {
  write(record: InputRecord, embedding: VectorArray): Promise<void>;
  /** Writes what is still buffered and closes the target. The output is valid then, however many vectors there were. */
  finish(): Promise<void>;
}
