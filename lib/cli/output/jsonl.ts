/** JSON Lines: the record's own object with its vector as one more field. */
import { numbersOf } from '../../embeddings.js';
import type { Dtype, VectorArray } from '../../index.js';
import { shortDecimal } from '../../vectors/short-decimal.js';
import type { InputRecord } from '../input/records.js';
import { Buffered } from './buffered.js';
import type { Target } from './targets.js';
import type { VectorWriter } from './writer.js';

export class JsonlWriter implements VectorWriter {
  readonly #target: Target;
  readonly #buffer: Buffered;
  readonly #field: string;
  readonly #form: { dtype: Dtype; dimensions: number };

  /**
   * @param into the field of the vector
   * @param form of the vectors
   */
  constructor(target: Target, into: string, form: { dtype: Dtype; dimensions: number }) {
    this.#form = form;
    this.#target = target;
    this.#buffer = new Buffered((bytes) => target.append(bytes));
    this.#field = `${JSON.stringify(into)}:`;
  }

  write({ openObject }: InputRecord, embedding: VectorArray): Promise<void> {
    const numbers = numbersOf({ ...this.#form, data: embedding, length: 1 });
    const vector = JSON.stringify(Array.from(numbers, shortDecimal));
    return this.#buffer.push(Buffer.from(`${openObject},${this.#field}${vector}}\n`));
  }

  async finish(): Promise<void> {
    try {
      await this.#buffer.flush();
    } finally {
      await this.#target.close();
    }
  }
}
