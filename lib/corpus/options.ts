/** Options of `indexCorpus`. */
import {
  aBoolean,
  aDuration,
  aFunction,
  aNonEmptyString,
  anAbortSignal,
  aPositiveInteger,
  aText,
  type Check,
  type Checks,
  checkOptions,
  oneOf,
} from '../checks.js';
import { invalidArgument } from '../errors.js';
import type { PreparationOptions, PromptOptions } from './preparation.js';
import type { DocumentSource } from './readers/iterable.js';
import type { RecordFields } from './readers/records.js';
import type { CorpusProgress } from './report.js';
import type { VectorSink } from './sink.js';

/** Options of `indexCorpus`. */
export interface IndexCorpusOptions extends PreparationOptions, PromptOptions, RecordFields {
  /**
   * Files, folders (with all that is below them, except hidden files and `node_modules`) and patterns, or documents as they come.
   * Each file is a document, except those with one in each record: `.jsonl`, `.ndjson`, `.csv`, `.tsv`, `.parquet`.
   */
  source: string | readonly string[] | DocumentSource;
  /** A place (see `openSink`), or a sink of your own. */
  sink: string | VectorSink;
  /** Whether a chunk whose text has been met before is left out. Default `true`. */
  dedup?: boolean;
  /**
   * The file by which an interrupted run goes on; gone when a run ends well. `false`: none. Default: beside a path,
   * `ovembed-<hash of the place>.checkpoint` in the current folder for a store, none for a sink of your own.
   */
  checkpoint?: string | false;
  /** Milliseconds between two checkpoints. Default 5,000. */
  checkpointEveryMs?: number;
  /** Whether to begin anew where there is a checkpoint. Default `false`. */
  restart?: boolean;
  /** What to do after a document that cannot be read, cleaned or cut: stop, or go on and tell it in the report. Default `'throw'`. */
  onError?: 'throw' | 'collect';
  /** Called every now and then. */
  onProgress?: (progress: CorpusProgress) => void;
  /** Ends the reading: what was read is finished and a checkpoint kept; then the promise rejects with `signal.reason`. */
  signal?: AbortSignal;
  /** Vectors are cut to this many dimensions, then normalised. Default: those of the model. */
  dimensions?: number;
}

const aSource: Check = (value, name) => {
  const isNames = Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string');
  if (isNames || (typeof value === 'string' && value !== '')) return;
  const isIterable = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (isIterable && (Symbol.asyncIterator in value || Symbol.iterator in value)) return;
  if (Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'object')) return;
  throw invalidArgument(name, 'paths, or an iterable of { id, text }', value);
};

const aSink: Check = (value, name) => {
  if (typeof value === 'string' && value !== '') return;
  const methods = ['open', 'write', 'flush', 'close'] as const;
  const isSink = methods.every((method) => typeof (value as VectorSink | null)?.[method] === 'function');
  if (!isSink) throw invalidArgument(name, `a path, a URL, or an object with the methods ${methods.join(', ')}`, value);
};

const aCheckpoint: Check = (value, name) => {
  if (value !== false) aNonEmptyString(value, name);
};

const isGiven: Check = (value, name) => {
  const kind = typeof value;
  if (value !== false && kind !== 'object' && kind !== 'function')
    throw invalidArgument(name, 'an object or a function', value);
};

const CHECKS: Checks<IndexCorpusOptions> = {
  source: aSource,
  sink: aSink,
  field: aNonEmptyString,
  id: aNonEmptyString,
  clean: isGiven,
  chunk: isGiven,
  dedup: aBoolean,
  checkpoint: aCheckpoint,
  checkpointEveryMs: aDuration,
  restart: aBoolean,
  onError: oneOf('throw', 'collect'),
  onProgress: aFunction,
  signal: anAbortSignal,
  inputType: oneOf('query', 'document'),
  prompt: aText,
  promptName: aNonEmptyString,
  dimensions: aPositiveInteger,
};

/** @throws OvembedError `ERR_INVALID_ARGUMENT` */
export function checkIndexOptions(options: IndexCorpusOptions): void {
  checkOptions(options, CHECKS, 'indexCorpus');
  aSource(options.source, 'source');
  aSink(options.sink, 'sink');
}
