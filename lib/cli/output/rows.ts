/** Formats that lib/vectors writes from rows as they come: the file appears once it is whole. */
import { type EmbedderInfo, OvembedError, type VectorArray } from '../../index.js';
import { writeArrow } from '../../vectors/files/arrow.js';
import type { WriteColumnsOptions } from '../../vectors/files/columns.js';
import { writeParquet } from '../../vectors/files/parquet.js';
import { writeSafetensors } from '../../vectors/files/safetensors.js';
import type { VectorRow } from '../../vectors/files/source.js';
import { InputError, OutputError, systemReason } from '../failures.js';
import type { EmbedFlags } from '../flags.js';
import type { InputRecord } from '../input/records.js';
import type { VectorWriter } from './writer.js';

const WRITERS = { safetensors: writeSafetensors, arrow: writeArrow, parquet: writeParquet };

type Settings = Pick<EmbedFlags, 'dtype' | 'into' | 'field' | 'columns'> & { dimensions: number };

export class RowsWriter implements VectorWriter {
  readonly #file: string;
  readonly #format: keyof typeof WRITERS;
  readonly #settings: Settings;
  readonly #metadata: Record<string, string>;
  readonly #pipe = new TransformStream<VectorRow, VectorRow>();
  readonly #rows = this.#pipe.writable.getWriter();
  /** Fields that become columns beside that of the text; known with the first record. */
  #names: readonly string[] = [];
  #written: Promise<void> | undefined;

  constructor(file: string, format: keyof typeof WRITERS, settings: Settings, info: EmbedderInfo) {
    this.#file = file;
    this.#format = format;
    this.#settings = settings;
    this.#metadata = { model: info.model, fingerprint: info.fingerprint };
  }

  /** Done once the row is taken, so that memory stays the same however slow the disk is. */
  async write(record: InputRecord, embedding: VectorArray): Promise<void> {
    this.#written ??= this.#start(record);
    const { field } = this.#settings;
    const columns = this.#names.map((name) => [name, textOf(record, name)]);
    const taken = this.#rows.write({ ...Object.fromEntries(columns), [field]: record.text, embedding });
    // A file that cannot be written takes no more rows, and its error is the one that tells why.
    await Promise.race([taken, this.#written]).catch(() => this.#written);
  }

  async finish(): Promise<void> {
    this.#written ??= this.#start();
    await Promise.race([this.#rows.close(), this.#written]).catch(() => {});
    await this.#written;
  }

  #start(first?: InputRecord): Promise<void> {
    const { dtype, dimensions, into, field, columns } = this.#settings;
    const found = columns ?? (first && Object.hasOwn(first.fields, 'id') ? ['id'] : []);
    this.#names = found.filter((name) => name !== field);
    const options: WriteColumnsOptions = {
      ...{ dtype, dimensions, column: into, metadata: this.#metadata },
      columns: [...new Set([...this.#names, field])],
    };
    const written = this.#write(options);
    written.catch(() => {}); // looked at with the next row, or at the end
    return written;
  }

  async #write(options: WriteColumnsOptions): Promise<void> {
    await WRITERS[this.#format](this.#file, this.#pipe.readable, options).catch((error) => {
      if (error instanceof OvembedError) throw error;
      throw new OutputError(`${this.#file}: cannot be written: ${systemReason(error)}`, { cause: error });
    });
  }
}

/** A field as text: strings as they are, other values as JSON. */
function textOf({ fields, place }: InputRecord, name: string): string | null {
  const value = fields[name] ?? null;
  if (value === null || typeof value === 'string') return value;
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw new InputError(
      `${place}: the field ${JSON.stringify(name)} is too large a number to be kept: make it a string`,
    );
  }
  return JSON.stringify(value);
}
