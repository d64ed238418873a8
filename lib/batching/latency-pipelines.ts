/**
 * Pipelines of one stream with all threads, compiled in the background once they would have been of use: for two queries,
 * or for sixteen other calls of one batch that had the device for themselves. A process that embeds one query, or lists
 * and streams, never pays for them.
 */
import type { Logger } from '../logger.js';
import type { PipelineShape } from '../native.js';
import type { BatchOutlook, Runner, Slot } from './pipelines.js';
import type { Priority } from './work.js';

/**
 * A single text of up to this many tokens gets a pipeline of its bucket's static shape, which saves the runtime the work of
 * shapes that change: 15 % of the time of 16 tokens, 9 % of 32, 6 % of 64 (MiniLM, bf16, two CPUs).
 */
const LONGEST_STATIC = 32;

/** Each lays out the weights anew. */
const MOST_STATIC = 2;

/** What it takes until one is compiled, of uses that count so much. */
const ENOUGH_USES = 16;
const COUNTS: Record<Priority, number> = { interactive: 8, bulk: 1 };

const ANY_SHAPE = 'any';

type Entry = { uses: number; loading?: Promise<void>; slot?: Slot };

export class LatencyPipelines {
  readonly #load: (shape: PipelineShape | null) => Promise<Runner>;
  readonly #logger: Logger;
  readonly #entries = new Map<string, Entry>();
  #closed = false;

  /** @param load compiles for a static shape, or for any (null) */
  constructor(load: (shape: PipelineShape | null) => Promise<Runner>, logger: Logger) {
    this.#load = load;
    this.#logger = logger;
  }

  /** The pipeline for a batch that has the device for itself, if it is compiled and none of them is at work. */
  choose(batch: BatchOutlook): Slot | undefined {
    const slots = [...this.#entries.values()].map(({ slot }) => slot);
    if (slots.some((slot) => slot && slot.inFlight > 0)) return undefined;
    const { rows, bucket } = batch;
    if (rows > 1 || bucket > LONGEST_STATIC) return this.#use(null, batch);
    return this.#use({ rows, width: bucket }, batch) ?? this.#entries.get(ANY_SHAPE)?.slot;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const entries = [...this.#entries.values()];
    await Promise.all(entries.map(({ loading }) => loading));
    await Promise.all(entries.map(({ slot }) => slot?.pipeline.close()));
  }

  #use(shape: PipelineShape | null, { priority, whole }: BatchOutlook): Slot | undefined {
    const key = shape ? `${shape.rows}x${shape.width}` : ANY_SHAPE;
    const entry: Entry = this.#entries.get(key) ?? { uses: 0 };
    this.#entries.set(key, entry);
    if (priority === 'interactive' || whole) entry.uses += COUNTS[priority];
    if (entry.uses >= ENOUGH_USES && !entry.loading && this.#mayLoad(shape)) entry.loading = this.#fill(entry, shape);
    return entry.slot;
  }

  #mayLoad(shape: PipelineShape | null): boolean {
    if (this.#closed) return false;
    const loading = [...this.#entries].filter(([key, { loading }]) => key !== ANY_SHAPE && loading);
    return shape === null || loading.length < MOST_STATIC;
  }

  /** Never rejects: without it, batches go the other way. */
  async #fill(entry: Entry, shape: PipelineShape | null): Promise<void> {
    try {
      entry.slot = { pipeline: await this.#load(shape), inFlight: 0 };
    } catch (error) {
      this.#logger.warn(`No pipeline for ${shape ? `one text of ${shape.width} tokens` : 'single batches'}: ${error}`);
    }
  }
}
