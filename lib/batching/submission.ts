/** Work in the scheduler's hands. */
import type { NativeEncoding } from '../native.js';
import type { Place } from './admission.js';
import type { Batch, Part } from './lane.js';
import type { Slot } from './pipelines.js';
import type { Call, Work } from './work.js';

/** A batch on a device. */
export interface RunningBatch {
  batch: Batch<Submission>;
  slot: Slot;
  /** Texts of a batch that failed, each call's to be tried alone, one after the other on this batch's place. */
  apart: readonly Part<Submission>[];
  /** Its name for `cancel`. */
  job: number;
  /** It was cancelled, as nobody wanted it any more. */
  stopped: boolean;
}

/** Work that has been handed in. */
export class Submission {
  readonly call: Call;
  readonly encoding: NativeEncoding;
  /** Of the encoding, which makes a new array each time it is asked. */
  readonly lengths: Uint32Array;
  readonly since: number;
  readonly place: Place;
  readonly options: Work['options'];
  readonly key: string;
  readonly onPart: Work['onPart'];
  /** Settles the promise; further calls do nothing. */
  readonly settle: (failure: { reason: unknown } | undefined) => void;
  readonly running = new Set<RunningBatch>();
  /** Batches of it that failed and wait to be tried apart. */
  apart = 0;
  /** Texts of it have gone to the device. */
  departed = false;
  failure: { reason: unknown } | undefined;
  /** Calls off the timer of the queue timeout. */
  callOff: (() => void) | undefined;

  constructor(work: Work, settle: (failure: { reason: unknown } | undefined) => void) {
    this.call = work.call;
    this.encoding = work.encoding;
    this.lengths = work.encoding.lengths;
    this.since = work.since;
    this.place = work.place;
    this.options = work.options;
    this.key = `${work.options.output} ${work.options.dimensions} ${work.options.normalize}`;
    this.onPart = work.onPart;
    this.settle = settle;
  }

  tokensOf(rows: Uint32Array): number {
    return rows.reduce((sum, row) => sum + (this.lengths[row] as number), 0);
  }

  /** Vectors that the model gives for rows. */
  vectorsOf(rows: Uint32Array): number {
    return this.options.output === 'tokens' ? this.tokensOf(rows) : rows.length;
  }
}

/** Tokens of a batch's texts without padding. */
export function tokensOf(parts: readonly Part<Submission>[]): number {
  return parts.reduce((sum, { work, rows }) => sum + work.tokensOf(rows), 0);
}
