/**
 * The compiled models among which a batch's place is chosen. The throughput pipeline has several streams: it embeds the
 * most texts per second. Latency pipelines have one stream with all threads: they finish one batch soonest. Which is better
 * depends on the queue, so it is decided batch by batch; both give the same bits (native/tests/bit_identity_test.cpp).
 */
import type { BatchPart, InferOptions, NativePipeline } from '../native.js';
import type { LatencyPipelines } from './latency-pipelines.js';
import type { Priority, RunResult } from './work.js';

/** What runs batches: a compiled model, or devices that stand in for each other (devices/fallback.ts). */
export interface Runner extends Pick<NativePipeline, 'concurrency' | 'cancel' | 'close'> {
  infer(parts: readonly BatchPart[], options: InferOptions): Promise<RunResult>;
  /** Texts that make a batch fail are found out already: what rejects, rejects for all of them. */
  readonly isolates?: boolean;
  /** Has this called whenever `concurrency` has grown though no batch has ended. */
  onRoom?(callback: () => void): void;
}

/** A runner and how many batches it has. */
export interface Slot {
  readonly pipeline: Runner;
  inFlight: number;
}

/** What is known of a batch when its place is chosen. */
export interface BatchOutlook {
  bucket: number;
  rows: number;
  priority: Priority;
  /** Nothing of its priority waits behind it. */
  takesAll: boolean;
  /** It is all of a call's texts, not the rest of a list. */
  whole: boolean;
  /** Nothing is on any device. */
  idle: boolean;
  /** Bulk is on a device. */
  besideBulk: boolean;
}

export class Pipelines {
  readonly main: Slot;
  readonly #latency: LatencyPipelines | undefined;

  constructor(main: Runner, latency?: LatencyPipelines) {
    this.main = { pipeline: main, inFlight: 0 };
    this.#latency = latency;
  }

  /**
   * The pipeline for a batch; undefined if it should wait. One that is alone gets all threads. So does an interactive one
   * beside bulk: it shares the CPU with it rather than wait until a stream is free.
   */
  choose(batch: BatchOutlook): Slot | undefined {
    const { idle, takesAll, priority, besideBulk } = batch;
    const hurries = idle ? takesAll : priority === 'interactive' && besideBulk;
    const quick = hurries ? this.#latency?.choose(batch) : undefined;
    if (quick) return quick;
    return this.main.inFlight < this.main.pipeline.concurrency ? this.main : undefined;
  }

  /** For when no batch is in flight. */
  async close(): Promise<void> {
    await Promise.all([this.#latency?.close(), this.main.pipeline.close()]);
  }
}
