/**
 * A model compiled once per length bucket, each for one row of exactly that many tokens: the only way for an NPU, which takes no
 * other shapes, and a way to save the CPU the work of shapes that change. Models are compiled in the background, one at a time,
 * once their bucket is met. A batch is run row by row, as many at once as the device takes.
 */
import type { RunResult } from '../batching/work.js';
import type { Logger } from '../logger.js';
import type { BatchPart, InferOptions, NativePipeline, PipelineShape } from '../native.js';
import { joinPieces, rowsOf, sliceRows } from './rows.js';

export interface StaticOptions {
  /** Compiled with the first bucket, or for any shape: what runs a bucket until its own model is there. */
  base: NativePipeline;
  /** The only shape that `base` takes; null: any. */
  shape: PipelineShape | null;
  load(shape: PipelineShape): Promise<NativePipeline>;
  /** Compiled as soon as the pipeline is there. */
  warmUp: readonly number[];
  /** Models that may be compiled: each lays out the weights anew. */
  most: number;
  logger: Logger;
}

interface Entry {
  pipeline?: NativePipeline;
  /** Settles when it is compiled, or cannot be. */
  compiled: Promise<void>;
  error?: unknown;
}

/** One row of so many tokens. */
export const shapeOf = (width: number): PipelineShape => ({ rows: 1, width });

/** To devices a pipeline like any other, but one that may have to compile before it runs a bucket. */
export class StaticPipelines implements Pick<NativePipeline, 'infer' | 'cancel' | 'giveUp' | 'close' | 'concurrency'> {
  readonly #options: StaticOptions;
  readonly #entries = new Map<number, Entry>();
  /** The last compilation that was asked for. */
  #compiling: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: StaticOptions) {
    this.#options = options;
    const { base, shape, warmUp } = options;
    if (shape) this.#entries.set(shape.width, { pipeline: base, compiled: Promise.resolve() });
    for (const width of warmUp) this.#entryOf(width);
  }

  get concurrency(): number {
    return this.#options.base.concurrency;
  }

  /** Whether a batch of a bucket can be run at once. If not, its model is compiled from now on. */
  takes(width: number): boolean {
    return this.#entryOf(width)?.pipeline !== undefined || this.#options.shape === null;
  }

  /** Resolves when a batch of a bucket can be run. Rejects with what compiling failed with. */
  async prepare(width: number): Promise<void> {
    const entry = this.#entryOf(width);
    await entry?.compiled;
    if (this.#options.shape === null || entry?.pipeline) return;
    throw (
      entry?.error ?? new Error(`${this.#options.most} models are compiled already, none of them for ${width} tokens.`)
    );
  }

  async infer(parts: readonly BatchPart[], options: InferOptions): Promise<RunResult> {
    const { base, shape } = this.#options;
    const pipeline = this.#entryOf(options.bucket)?.pipeline;
    if (!pipeline && shape === null) return base.infer(parts, options);
    if (!pipeline) await this.prepare(options.bucket);
    return this.#inferRows(this.#entries.get(options.bucket)?.pipeline as NativePipeline, parts, options);
  }

  cancel(job: number): void {
    for (const pipeline of this.#pipelines()) pipeline.cancel(job);
  }

  giveUp(job: number): void {
    for (const pipeline of this.#pipelines()) pipeline.giveUp(job);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#compiling;
    await Promise.all([...this.#pipelines()].map((pipeline) => pipeline.close()));
  }

  #pipelines(): Set<NativePipeline> {
    const own = [...this.#entries.values()].flatMap(({ pipeline }) => (pipeline ? [pipeline] : []));
    return new Set([this.#options.base, ...own]);
  }

  /** All rows of the batch end before it does, so none of them is under way when it is tried again. */
  async #inferRows(pipeline: NativePipeline, parts: readonly BatchPart[], options: InferOptions): Promise<RunResult> {
    const rows = Array.from({ length: rowsOf(parts) }, (_, row) => sliceRows(parts, row, row + 1));
    const outcomes = await Promise.allSettled(rows.map((row) => pipeline.infer(row, options)));
    const failed = outcomes.find(({ status }) => status === 'rejected');
    if (failed) throw (failed as PromiseRejectedResult).reason;
    const results = (outcomes as PromiseFulfilledResult<RunResult>[]).map(({ value }) => value);
    const pieces = results.map((result, row) => ({ parts: rows[row] as BatchPart[], outcome: { result } }));
    const { failures, ...joined } = joinPieces(pieces, options.output);
    return { ...joined, queueMicros: Math.min(...results.map(({ queueMicros }) => queueMicros)) };
  }

  #entryOf(width: number): Entry | undefined {
    const known = this.#entries.get(width);
    if (known || this.#closed || this.#entries.size >= this.#options.most) return known;
    const entry: Entry = { compiled: this.#compiling.then(() => this.#compile(width, entry)) };
    this.#entries.set(width, entry);
    this.#compiling = entry.compiled;
    return entry;
  }

  /** Never rejects. */
  async #compile(width: number, entry: Entry): Promise<void> {
    if (this.#closed) return;
    try {
      entry.pipeline = await this.#options.load(shapeOf(width));
    } catch (error) {
      entry.error = error;
      this.#options.logger.warn(`No model for texts of ${width} tokens: ${error}`);
    }
  }
}

/** `base` in all but what it runs. */
export function withStaticShapes(options: StaticOptions): NativePipeline & Pick<StaticPipelines, 'takes' | 'prepare'> {
  const { base } = options;
  const pipelines = new StaticPipelines(options);
  return {
    hiddenSize: base.hiddenSize,
    dimensions: base.dimensions,
    maxPositions: base.maxPositions,
    pooledInGraph: base.pooledInGraph,
    masksPadding: base.masksPadding,
    quantization: base.quantization,
    fromBlob: base.fromBlob,
    blobProblem: base.blobProblem,
    get executionDevices() {
      return base.executionDevices;
    },
    streams: base.streams,
    threads: base.threads,
    concurrency: base.concurrency,
    infer: (parts, inferOptions) => pipelines.infer(parts, inferOptions),
    cancel: (job) => pipelines.cancel(job),
    giveUp: (job) => pipelines.giveUp(job),
    close: () => pipelines.close(),
    takes: (width) => pipelines.takes(width),
    prepare: (width) => pipelines.prepare(width),
  };
}
