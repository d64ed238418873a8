/** The options of `embedRecords`. */
import {
  aBoolean,
  aNonEmptyString,
  aPositiveInteger,
  type Check,
  type Checks,
  checkOptions,
  oneOf,
} from '../checks.js';
import { invalidArgument } from '../errors.js';
import { EMBED_CHECKS, type EmbedOptions } from '../options.js';
import type { Dtype } from '../vectors/dtype.js';

/** Options of `embedRecords` and `streamRecords`. */
export interface RecordOptions<R extends object, D extends Dtype = 'float32'> extends EmbedOptions<D> {
  /** The text of a record: a field, or what a function makes of the record. */
  text: (keyof R & string) | ((record: R) => string);
  /** Names a record in the report, and for `known`. Default: its field `id`. */
  id?: (keyof R & string) | ((record: R) => unknown);
  /** The field that a record's vector is put into. Default `'embedding'`. */
  into?: string;
  /**
   * The field that is given the hash of all that the vector depends on: model, text with its prompt, options; not the device. A
   * record that has the same hash there, and a vector, is left out. `false`: none. Default: `into` with `Hash` behind it.
   */
  hashInto?: string | false;
  /**
   * The hashes of an earlier run by id, such as a Map from a database. It decides in place of the records' own fields, and
   * whatever has the hash is left out, with a vector or without.
   */
  known?: {
    /** The hash of the record with this id, if it is known. */
    get(id: unknown): string | null | undefined;
  };
  /** Vectors are plain arrays, which `JSON.stringify` writes as lists; halves as their bits. Default `false`. */
  asArray?: boolean;
  /**
   * `'throw'`: the first record that fails ends the run. `'collect'`: it is told in the report, and the run goes on; what is not
   * about one record, such as an abort or a closed embedder, ends it still. Default `'throw'`.
   */
  onError?: 'throw' | 'collect';
  /** Records that are taken from the source and embedded together; two such windows are in memory. Default 512. */
  batchSize?: number;
}

const aFieldOrFunction: Check = (value, name) => {
  if (typeof value !== 'function' && (typeof value !== 'string' || value === '')) {
    throw invalidArgument(name, 'the name of a field or a function', value);
  }
};

const aField: Check = (value, name) => {
  if (value !== false) aNonEmptyString(value, name);
};

const aLookUp: Check = (value, name) => {
  if (typeof (value as { get?: unknown } | null)?.get === 'function') return;
  throw invalidArgument(name, 'a Map, or an object with the method get,', value);
};

const CHECKS: Checks<RecordOptions<Record<string, unknown>, Dtype>> = {
  ...EMBED_CHECKS,
  text: aFieldOrFunction,
  id: aFieldOrFunction,
  into: aNonEmptyString,
  hashInto: aField,
  known: aLookUp,
  asArray: aBoolean,
  onError: oneOf('throw', 'collect'),
  batchSize: aPositiveInteger,
};

export function checkRecordOptions(options: object, where: string): void {
  checkOptions(options as RecordOptions<Record<string, unknown>, Dtype>, CHECKS, where);
  const { text } = options as { text?: unknown };
  if (text === undefined) throw invalidArgument('text', 'the name of a field or a function', text);
}
