/** A pipeline whose batches end when and how a test says, and encodings of any lengths. */
import type { InferOptions, InferResult, NativeEncoding, NativePipeline } from '../../../lib/native.js';

/** What a batch on the fake device is made of. */
export interface DeviceBatch {
  job: number;
  options: InferOptions;
  rows: { encoding: NativeEncoding; row: number }[];
  /** How often it was cancelled. */
  cancelled: number;
  /** The vectors' only value is the row in its encoding. @param nonFinite positions in the batch */
  succeed(nonFinite?: number[]): void;
  fail(): void;
}

export class FakeDevice {
  /** On the device, oldest first. */
  readonly running: DeviceBatch[] = [];
  /** All batches ever. */
  readonly batches: DeviceBatch[] = [];
  /** Cancellations of jobs that were not running. */
  staleCancels = 0;
  /** Called with each batch as it comes. */
  onBatch: (batch: DeviceBatch) => void = () => {};
  readonly pipeline: NativePipeline;

  constructor(concurrency: number) {
    const infer: NativePipeline['infer'] = (parts, options) => {
      const rows = parts.flatMap(({ encoding, rows }) => Array.from(rows, (row) => ({ encoding, row })));
      return this.#start(rows, options);
    };
    const cancel = (job: number) => this.#cancel(job);
    this.pipeline = { concurrency, infer, cancel, close: async () => {} } as Partial<NativePipeline> as NativePipeline;
  }

  #start(rows: DeviceBatch['rows'], options: InferOptions): Promise<InferResult> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        const at = this.running.indexOf(batch);
        if (at < 0) throw new Error('the batch has ended');
        this.running.splice(at, 1);
        settle();
      };
      const batch: DeviceBatch = {
        job: options.job as number,
        options,
        rows,
        cancelled: 0,
        succeed: (nonFinite = []) => end(() => resolve(resultOf(rows, nonFinite))),
        fail: () =>
          end(() => {
            const code = batch.cancelled > 0 ? 'ERR_CLOSED' : 'ERR_DEVICE_FAILED';
            reject(Object.assign(new Error(code), { code }));
          }),
      };
      this.running.push(batch);
      this.batches.push(batch);
      this.onBatch(batch);
    });
  }

  /** A cancelled batch stays on the device until the test ends it: the runtime stops only between operations. */
  #cancel(job: number): void {
    const batch = this.running.find((running) => running.job === job);
    if (batch) batch.cancelled++;
    else this.staleCancels++;
  }
}

function resultOf(rows: DeviceBatch['rows'], nonFinite: number[]): InferResult {
  return {
    data: Float32Array.from(rows, ({ row }) => row),
    nonFiniteRows: Uint32Array.from(nonFinite),
    queueMicros: 0,
    inferMicros: 100,
    poolMicros: 1,
  };
}

/** Texts of these lengths in tokens. */
export function encodingOf(lengths: number[]): NativeEncoding {
  return { lengths: Uint32Array.from(lengths) } as Partial<NativeEncoding> as NativeEncoding;
}
