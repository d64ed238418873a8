/** Tunings that were measured on this machine. */
import type { NativePipeline } from '../native.js';
import { Choices } from './choices.js';
import type { PipelineRequest } from './choose-pipeline.js';
import { type Computation, nameOf } from './computation.js';
import { machineOf } from './machine.js';
import { oneAtATime } from './one-at-a-time.js';
import { otherStreams, type Parallelism } from './plan.js';
import { isTuning, type Tuning, tune } from './tuning.js';

/** Choices of streams and batches for one model: remembered, or measured. */
export class TuningChoices {
  readonly #graph: string;
  readonly #request: PipelineRequest;
  readonly #choices: Choices<Tuning>;

  constructor(graph: string, request: PipelineRequest) {
    this.#graph = graph;
    this.#request = request;
    this.#choices = new Choices(request.cacheDir, isTuning);
  }

  /** Undefined where nothing is remembered, or nothing may be chosen. */
  async read(computation: Computation): Promise<Tuning | undefined> {
    return this.#request.tunable ? this.#choices.read(await this.#key(computation)) : undefined;
  }

  /**
   * The choice made earlier, else a new one, which is kept, with a pipeline for it.
   * @param pipeline set up as remembered, else as by default; it is closed if another one is returned, or on failure
   */
  async choose(
    computation: Computation,
    pipeline: NativePipeline,
    load: (parallelism: Parallelism) => Promise<NativePipeline>,
  ): Promise<{ pipeline: NativePipeline; tuning?: Tuning }> {
    const { tunable, parallelism, tokenizer, plan, logger, signal, cacheDir } = this.#request;
    if (!tunable) return { pipeline };
    const key = await this.#key(computation);
    return oneAtATime(JSON.stringify([cacheDir, ...key]), async () => {
      const remembered = await this.#choices.read(key);
      if (remembered) return this.#withStreams(remembered, pipeline, load);
      const streams = otherStreams(parallelism);
      const measured = await tune({ pipeline, tokenizer, plan, streams, load, signal });
      logger.info(`streams and batches: ${measured.tuning.reason}`);
      const kept = await this.#choices.keep(key, measured.tuning);
      return this.#withStreams(kept, measured.pipeline, load);
    });
  }

  /** Another process, or another load of this one, may have been first with another choice. */
  async #withStreams(
    tuning: Tuning,
    pipeline: NativePipeline,
    load: (parallelism: Parallelism) => Promise<NativePipeline>,
  ): Promise<{ pipeline: NativePipeline; tuning: Tuning }> {
    if (tuning.streams === pipeline.streams) return { pipeline, tuning };
    const { threads } = pipeline;
    await pipeline.close();
    return { pipeline: await load({ streams: tuning.streams, threads }), tuning };
  }

  async #key(computation: Computation): Promise<string[]> {
    const { addon, device, parallelism, plan } = this.#request;
    const machine = await machineOf(addon, device, parallelism);
    return [
      'tuning',
      ...machine,
      nameOf(computation),
      String(plan.maxLength),
      String(plan.maxBatchSize),
      plan.buckets.join(),
      this.#graph,
    ];
  }
}
