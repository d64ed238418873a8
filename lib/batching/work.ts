/** What the scheduler is given, and what it gives back. */
import type { RanOn } from '../devices/computation.js';
import type { InferOptions, InferResult, NativeEncoding } from '../native.js';
import type { Place } from './admission.js';

/** `interactive`: somebody waits for the vector. `bulk`: lists and streams. */
export type Priority = 'interactive' | 'bulk';

/** One call, or one stream: what its windows have in common. */
export interface Call {
  /** The method, for messages. */
  readonly name: string;
  readonly priority: Priority;
  /** When it was made, on the scheduler's clock. */
  readonly since: number;
  /** Milliseconds that none of a work's texts may have gone to the device; 0: no limit. */
  readonly queueTimeoutMs: number;
  /** Milliseconds from `since` that it may take; 0: no limit. The caller's own timer ends it; here it is refused early. */
  readonly timeoutMs: number;
}

/** Texts of one encoding that succeed or fail together. */
export interface Work {
  call: Call;
  encoding: NativeEncoding;
  /** From when `queueTimeoutMs` counts, on the scheduler's clock. */
  since: number;
  /** Their place in the queue, with texts and tokens entered. */
  place: Place;
  options: Omit<InferOptions, 'bucket' | 'job'>;
  /** Takes what a batch gave for some of the texts, in order of completion. Throwing fails the work. */
  onPart(part: PartResult): void;
}

/** What a batch gave for the texts of one work. */
export interface PartResult {
  /** Indices of the texts in the work's encoding. */
  rows: Uint32Array;
  /** Their vectors, in that order; a view of the batch's. */
  data: Float32Array;
  /** Positions in `rows` of vectors that hold NaN or an infinity. */
  nonFinite: number[];
  /** Texts without a vector, by their positions in `rows`. */
  failures: TextFailure[];
  /** From when the texts began to wait until a stream was free. */
  queueMs: number;
  batch: BatchReport;
  /** How many rows of the batch they had, where these were windows of texts. Default: one each. */
  ran?: number;
}

/** A text that every device fails with, though they run others. */
export interface TextFailure {
  /** In the batch, or in what is said to hold the text. */
  position: number;
  error: unknown;
}

/** What came of a batch. */
export interface RunResult extends InferResult {
  /** Where it was computed, if the runner has a choice. */
  ranOn?: RanOn;
  /** What is in `data` for these texts means nothing. */
  failures?: readonly TextFailure[];
}

/** How a batch went. */
export interface BatchReport {
  /** Where it was computed, if there was a choice. */
  ranOn?: RanOn | undefined;
  bucket: number;
  /** Texts, of all calls that shared the batch. */
  rows: number;
  /** Tokens of these texts without padding. */
  tokens: number;
  inferMs: number;
  poolMs: number;
}
