/** Calls that give vectors, and what other processes are asked for, as they can be watched: the channel `ovembed:call`. */
import { tracingChannel } from 'node:diagnostics_channel';
import type { Priority } from './batching/work.js';
import { Embeddings, type EmbeddingsData, type RunMetadata, type Timings } from './embeddings.js';
import { outcomeOf } from './metrics.js';
import type { TokenEmbeddings } from './text/token-embeddings.js';
import type { Dtype } from './vectors/dtype.js';
import { Watch, type Watched } from './watch.js';

/** A message of `ovembed:call`. */
export interface WatchedCall extends Watched {
  readonly operation: 'embeddings' | 'tokenize' | 'count_tokens' | 'decode';
  /** Of `Embedder`, such as `embedQuery`. */
  readonly method: string;
  /** Its name on the hub, or its folder; in another process what the server calls it. */
  readonly model: string;
  /** Width of the vectors. */
  readonly dimensions?: number;
  readonly dtype?: Dtype;
  readonly priority?: Priority | undefined;
  /** Where another process is asked: a host and its port, or the path of a socket. */
  readonly server?: { readonly address: string; readonly port?: number };
  /** What is sent with the request to it; a subscriber of `start` may add to them. */
  readonly headers?: Record<string, string>;
  /** Of what was done, once the call is over; absent where nothing was. */
  totals?: CallTotals;
}

/** Sums over the texts of a call. */
export interface CallTotals {
  /** Of `embedChunks`: chunks. */
  texts: number;
  /** That the model read. */
  tokens: number;
  /** Texts that were cut. */
  truncated: number;
  /** Of a stream: sums over its windows. */
  timings?: Timings;
  metadata?: RunMetadata;
}

export const calls = tracingChannel<WatchedCall, WatchedCall>('ovembed:call');

/** What gives vectors at once. */
type Result = Embeddings<Dtype> | readonly (Embeddings<Dtype> | TokenEmbeddings)[];

/** Tells of one call, if somebody watches when it begins. */
export class CallWatch {
  readonly #describe: () => WatchedCall;
  readonly #signal: AbortSignal | undefined;
  readonly #totals: CallTotals = { texts: 0, tokens: 0, truncated: 0 };
  #watch: Watch<WatchedCall> | undefined;

  /** @param signal the caller's */
  constructor(describe: () => WatchedCall, signal: AbortSignal | undefined) {
    this.#describe = describe;
    this.#signal = signal;
  }

  /** A call that is a promise of vectors, from its begin to its end. */
  over<T>(work: () => Promise<T>): Promise<T> {
    return calls.hasSubscribers ? this.#over(work) : work();
  }

  async #over<T>(work: () => Promise<T>): Promise<T> {
    try {
      const result = await this.begin(work);
      if (this.#watch?.message.operation === 'embeddings') this.#count(result as Result);
      this.end();
      return result;
    } catch (reason) {
      this.end({ reason });
      throw reason;
    }
  }

  begin<T>(work: () => T): T {
    if (!calls.hasSubscribers) return work();
    this.#watch = new Watch(calls, this.#describe());
    return this.#watch.run(work);
  }

  /** Vectors of a call that gives them bit by bit. */
  add({ tokens, truncated, timings, metadata }: EmbeddingsData<Dtype>): void {
    if (!this.#watch) return;
    this.#addTexts(tokens, truncated);
    this.#addRun(timings, metadata);
  }

  end(failure?: { reason: unknown }): void {
    if (!this.#watch) return;
    if (this.#totals.metadata) this.#watch.message.totals = this.#totals;
    this.#watch.settle(failure ? outcomeOf(failure.reason, this.#signal) : 'ok');
  }

  #count(result: Result): void {
    if (result instanceof Embeddings) {
      this.add(result);
      return;
    }
    for (const { tokens, truncated } of result) {
      if (typeof tokens === 'number') this.#addTexts([tokens], [Number(truncated)]);
      else this.#addTexts(tokens, truncated as Uint8Array);
    }
    const [first] = result; // the call's are shared by its texts
    if (first) this.#addRun(first.timings, first.metadata);
  }

  #addTexts(tokens: ArrayLike<number>, truncated: ArrayLike<number>): void {
    this.#totals.texts += tokens.length;
    for (let i = 0; i < tokens.length; i++) {
      this.#totals.tokens += tokens[i] as number;
      this.#totals.truncated += truncated[i] as number;
    }
  }

  #addRun(timings: Timings, metadata: RunMetadata): void {
    const totals = this.#totals;
    if (!totals.timings || !totals.metadata) {
      totals.timings = { ...timings };
      totals.metadata = { ...metadata, devices: [...metadata.devices] };
      return;
    }
    for (const stage of Object.keys(timings) as (keyof Timings)[]) totals.timings[stage] += timings[stage];
    for (const count of ['batches', 'paddedTokens', 'cacheHits', 'duplicates'] as const) {
      totals.metadata[count] += metadata[count];
    }
    for (const device of metadata.devices) {
      if (!totals.metadata.devices.includes(device)) totals.metadata.devices.push(device);
    }
  }
}
