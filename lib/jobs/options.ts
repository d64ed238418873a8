/** Options of corpus jobs. All that decides about the output goes to other processes, so it must be JSON. */
import {
  aBoolean,
  aFunction,
  aNonEmptyString,
  anAbortSignal,
  anInteger,
  aPositiveInteger,
  aText,
  type Check,
  type Checks,
  checkOptions,
  oneOf,
} from '../checks.js';
import type { PromptOptions } from '../corpus/preparation.js';
import type { RecordFields } from '../corpus/readers/records.js';
import { invalidArgument, OvembedError } from '../errors.js';
import { LONGEST_TIMER_MS } from '../signals.js';
import type { ChunkerOptions } from '../text/chunking/options.js';
import type { CleanOptions } from '../text/cleaning/clean.js';
import type { JobStatus } from './status.js';

/** Options of `CorpusJobs.connect`. */
export interface ConnectOptions {
  /** Where the queue is: `redis://host:6379/0`, `rediss://`. Default: `OVEMBED_JOBS_REDIS`, else `redis://127.0.0.1:6379`. */
  redis?: string;
  /** What keys begin with. Default `ovembed-jobs`. */
  prefix?: string;
}

/** What the output of a job depends on, beside the model. */
export interface OutputOptions extends PromptOptions, RecordFields {
  /** As of `indexCorpus`: files, folders and patterns. All workers must see them under the same names. */
  source: string | readonly string[];
  /** As of `indexCorpus`: a path, or the URL of a store. */
  sink: string;
  /** As of `indexCorpus`. */
  clean?: CleanOptions | false;
  /** As of `indexCorpus`. */
  chunk?: Omit<ChunkerOptions, 'inputType' | 'prompt' | 'promptName'> | false;
  /** As of `indexCorpus`. Default `true`. */
  dedup?: boolean;
  /** As of `indexCorpus`; `'throw'`: the shard of the document fails. Default `'throw'`. */
  onError?: 'throw' | 'collect';
  /** As of `indexCorpus`. */
  dimensions?: number;
}

/** Options of `CorpusJobs.submit`. */
export interface SubmitOptions extends OutputOptions {
  /** Names the job: submitting it again continues it. Letters, digits, `-` and `_`. Default: a hash of settings and folder. */
  jobId?: string;
  /**
   * Where shards are kept until all are there; all workers must see it. Default: `<path>.job` beside a path,
   * `ovembed-<hash of the place>.job` in the current folder for a store.
   */
  folder?: string;
  /** Bytes of the source that a worker does in one go: what a kill costs, at most. Default 256 KiB. */
  shardBytes?: number;
  /** How often a shard is tried before it is put aside. Default 3. */
  attempts?: number;
  /** Milliseconds before the second try; each further one waits twice as long. Integer from 0. Default 1,000. */
  backoffMs?: number;
  /** Whether to begin anew where there is such a job. Default `false`. */
  restart?: boolean;
}

/** Options of `CorpusJobs.work`. */
export interface WorkOptions {
  /** Shards that are under way at once, so that one is read while another is on the device. Default 2. */
  concurrency?: number;
  /** Milliseconds after which the shards of a worker that does not answer any more go to others. Integer from 100. Default 5,000. */
  lockMs?: number;
  /** How many workers may die over a shard before it is put aside. Default 20. */
  maxStalls?: number;
  /** Ends the work: shards that are under way are finished first. */
  signal?: AbortSignal;
  /** Called every five seconds. */
  onProgress?: (status: JobStatus) => void;
  /** Called when a shard has failed, also if it will be tried again. */
  onShardFailed?: (failure: ShardFailure) => void;
}

/** One try of a shard, or of putting all together, that failed here. */
export interface ShardFailure {
  /** `shard-<n>`, or `finish`. */
  name: string;
  /** Counted from 1. */
  attempt: number;
  /** Of the error. */
  message: string;
}

const aSource: Check = (value, name) => {
  const names = Array.isArray(value) ? value : [value];
  if (names.length > 0 && names.every((item) => typeof item === 'string' && item !== '')) return;
  throw invalidArgument(name, 'files, folders and patterns (a job has no other sources)', value);
};

const aJobId: Check = (value, name) => {
  if (typeof value === 'string' && /^[\w-]{1,100}$/.test(value)) return;
  throw invalidArgument(name, 'up to 100 letters, digits, - and _', value);
};

/** Settings go to other processes as JSON, which has no functions. */
const isJson: Check = (value, name) => {
  if (value === false) return;
  if (typeof value === 'object' && value !== null && isPlain(value)) return;
  throw invalidArgument(name, 'an object of JSON (other processes get it, so there are no functions in it)', value);
};

function isPlain(value: unknown): boolean {
  if (typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint') return false;
  if (typeof value !== 'object' || value === null) return true;
  const prototype = Object.getPrototypeOf(value);
  const isKnown = Array.isArray(value) || prototype === Object.prototype || prototype === null;
  return isKnown && Object.values(value).every(isPlain);
}

const SUBMIT: Checks<SubmitOptions> = {
  source: aSource,
  sink: aNonEmptyString,
  field: aNonEmptyString,
  id: aNonEmptyString,
  clean: isJson,
  chunk: isJson,
  dedup: aBoolean,
  onError: oneOf('throw', 'collect'),
  inputType: oneOf('query', 'document'),
  prompt: aText,
  promptName: aNonEmptyString,
  dimensions: aPositiveInteger,
  jobId: aJobId,
  folder: aNonEmptyString,
  shardBytes: aPositiveInteger,
  attempts: aPositiveInteger,
  backoffMs: anInteger(0, LONGEST_TIMER_MS),
  restart: aBoolean,
};

const WORK: Checks<WorkOptions> = {
  concurrency: aPositiveInteger,
  lockMs: anInteger(100, LONGEST_TIMER_MS),
  maxStalls: aPositiveInteger,
  signal: anAbortSignal,
  onProgress: aFunction,
  onShardFailed: aFunction,
};

const CONNECT: Checks<ConnectOptions> = {
  redis: (value, name) => {
    aNonEmptyString(value, name);
    if (/^rediss?:\/\//.test(value as string) && URL.canParse(value as string)) return;
    throw new OvembedError('ERR_INVALID_ARGUMENT', `Expected redis://host:port or rediss://host:port for ${name}.`);
  },
  prefix: (value, name) => {
    if (typeof value === 'string' && /^[\w.-]{1,100}$/.test(value)) return;
    throw invalidArgument(name, 'up to 100 letters, digits, ., - and _', value);
  },
};

/** @throws OvembedError `ERR_INVALID_ARGUMENT` */
export function checkSubmitOptions(options: SubmitOptions): void {
  checkOptions(options, SUBMIT, 'submit');
  aSource(options.source, 'source');
  aNonEmptyString(options.sink, 'sink');
}

/** @throws OvembedError `ERR_INVALID_ARGUMENT` */
export const checkWorkOptions = (options: WorkOptions): void => checkOptions(options, WORK, 'work');

/** @throws OvembedError `ERR_INVALID_ARGUMENT` */
export const checkConnectOptions = (options: ConnectOptions): void => checkOptions(options, CONNECT, 'connect');
