/**
 * A window of texts by way of the cache: what is kept is handed out, texts that are equal are computed once, and so are
 * texts that another call is computing already.
 */
import type { Collector, Request, Window } from '../batching/windows.js';
import type { PartResult } from '../batching/work.js';
import type { StopSignal } from '../signals.js';
import type { VectorCodec } from '../vectors/codec.js';
import type { EmbeddingCache } from './embedding-cache.js';
import { CacheKeys, type KeyContext } from './key.js';
import type { CachedEmbedding } from './record.js';
import { type Computing, UnderWay } from './under-way.js';

/** What a call's own options add to it. */
type CallContext = 'excludedPromptLength' | 'truncate' | 'normalize' | 'dimensions';

export interface WindowCacheOptions {
  embeddings: EmbeddingCache;
  prefix: string;
  /** What all calls have in common. */
  context: Omit<KeyContext, CallContext>;
  /** Width of a vector that a call does not cut. */
  dimensions: number;
  /** Whether a prompt's tokens take part in pooling. */
  includePrompt: boolean;
  /** To what is kept, and back, for vectors of a width. */
  codecOf(dimensions: number): VectorCodec;
}

/** Runs some texts of a window on the device, as `runWindow` does without a cache. */
export type Compute = (window: Window, collector: Collector) => Promise<void>;

export class WindowCache {
  readonly embeddings: EmbeddingCache;
  readonly #options: WindowCacheOptions;
  readonly #underWay = new UnderWay();

  constructor(options: WindowCacheOptions) {
    this.embeddings = options.embeddings;
    this.#options = options;
  }

  /** Hands out a vector for each text of a window; what has to be computed goes through `compute`. */
  async run(request: Request, window: Window, collector: Collector, signal: StopSignal, compute: Compute) {
    const { dimensions, keys } = this.#keysOf(request);
    const codec = this.#options.codecOf(dimensions);
    const { prompt } = request;
    const texts = new Texts(window, collector, codec, (input) =>
      keys.keyOf(typeof input === 'string' ? prompt + input : input),
    );
    const wanted = texts.keys;
    const found = this.embeddings.get(wanted, dimensions);
    texts.handOutAll(wanted, found instanceof Promise ? await found : found, true);
    signal.throwIfAborted();
    while (texts.left > 0) {
      const { own, others } = this.#underWay.divide(texts.missing(), request.call.priority);
      const waiting = others.map(({ key, result }) => this.#waitFor(key, result, texts));
      if (own.length > 0) await this.#compute(own, texts, compute);
      await untilAborted(Promise.all(waiting), signal);
    }
  }

  #keysOf({ prompt, truncate, infer }: Request): { dimensions: number; keys: CacheKeys } {
    const { prefix, context, includePrompt } = this.#options;
    const dimensions = infer.dimensions === 0 ? this.#options.dimensions : infer.dimensions;
    const excludedPromptLength = includePrompt ? 0 : prompt.length;
    const all = { ...context, excludedPromptLength, truncate, normalize: infer.normalize, dimensions };
    return { dimensions, keys: new CacheKeys(prefix, all) };
  }

  /** Another call's failure is its own: its texts are then still missing, and computed in the next turn. */
  async #waitFor(key: string, result: Promise<CachedEmbedding>, texts: Texts): Promise<void> {
    const embedding = await result.catch(() => undefined);
    if (embedding) texts.handOutAll([key], [embedding], true);
  }

  async #compute(own: readonly Computing[], texts: Texts, compute: Compute): Promise<void> {
    const byKey = new Map(own.map((one) => [one.key, one]));
    const onComputed = (computed: { key: string; embedding: CachedEmbedding }[]) => {
      this.embeddings.set(computed);
      for (const { key, embedding } of computed) byKey.get(key)?.resolve(embedding);
    };
    try {
      const keys = own.map(({ key }) => key);
      await compute(texts.windowOf(keys), texts.collectorOf(keys, onComputed));
    } finally {
      for (const one of own) one.end();
    }
  }
}

/** The texts of a window by their keys, and what has been handed out of them. */
class Texts {
  readonly #window: Window;
  readonly #collector: Collector;
  readonly #codec: VectorCodec;
  /** Rows of the window that are equal. */
  readonly #rows = new Map<string, number[]>();
  readonly #missing: Set<string>;
  readonly #read: { lengths: Uint32Array; originalLengths: Uint32Array; truncated: Uint8Array };

  constructor(
    window: Window,
    collector: Collector,
    codec: VectorCodec,
    keyOf: (input: Window['inputs'][number]) => string,
  ) {
    this.#codec = codec;
    this.#window = window;
    this.#collector = collector;
    window.inputs.forEach((input, row) => {
      const key = keyOf(input);
      const rows = this.#rows.get(key);
      if (rows) rows.push(row);
      else this.#rows.set(key, [row]);
    });
    this.#missing = new Set(this.#rows.keys());
    const { length } = window.inputs;
    this.#read = {
      lengths: new Uint32Array(length),
      originalLengths: new Uint32Array(length),
      truncated: new Uint8Array(length),
    };
  }

  get keys(): string[] {
    return [...this.#rows.keys()];
  }

  get left(): number {
    return this.#missing.size;
  }

  missing(): string[] {
    return [...this.#missing];
  }

  /** The first text of each key. */
  windowOf(keys: readonly string[]): Window {
    const rows = keys.map((key) => this.#first(key));
    const inputs = rows.map((row) => this.#window.inputs[row] as Window['inputs'][number]);
    return { first: this.#window.first, inputs, rows };
  }

  /** Hands out what is there, to every row of its key. */
  handOutAll(keys: readonly string[], found: readonly (CachedEmbedding | undefined)[], cached: boolean): void {
    const { first } = this.#window;
    const parts = keys.flatMap((key, i) => {
      const embedding = found[i];
      if (!embedding || !this.#missing.delete(key)) return [];
      const rows = this.#rows.get(key) as number[];
      for (const row of rows) this.#note(row, embedding);
      return [{ rows, data: this.#codec.decode(embedding.data) }];
    });
    if (parts.length === 0) return;
    this.#collector.onEncoding(first, this.#read, 0);
    for (const { rows, data } of parts) this.#collector.onCopies(first, rows, data, cached);
  }

  /** Takes what is computed for the first texts of these keys, hands it to all rows, and tells of it. */
  collectorOf(
    keys: readonly string[],
    onComputed: (computed: { key: string; embedding: CachedEmbedding }[]) => void,
  ): Collector {
    const { first } = this.#window;
    return {
      onEncoding: (_, { lengths, originalLengths, truncated }, tookMs) => {
        keys.forEach((key, i) => {
          const read = {
            tokens: lengths[i] as number,
            originalTokens: originalLengths[i] as number,
            truncated: truncated[i] === 1,
          };
          for (const row of this.#rows.get(key) as number[]) this.#note(row, read);
        });
        this.#collector.onEncoding(first, this.#read, tookMs);
      },
      onPart: (_, part) => this.#onPart(keys, part, onComputed),
      onCopies: () => {},
    };
  }

  #onPart(
    keys: readonly string[],
    part: PartResult,
    onComputed: (computed: { key: string; embedding: CachedEmbedding }[]) => void,
  ): void {
    const { first } = this.#window;
    // What is handed out has passed through the type that is kept, as it will when it comes from the cache.
    const kept = this.#codec.encode(part.data);
    const data = this.#codec.decode(kept);
    const { elementsPerRow: width, dimensions } = this.#codec;
    const computed = Array.from(part.rows, (at, i) => {
      const key = keys[at] as string;
      return { key, embedding: this.#embeddingOf(this.#first(key), kept.slice(i * width, (i + 1) * width)) };
    });
    for (const { key } of computed) this.#missing.delete(key);
    this.#collector.onPart(first, { ...part, data, rows: Uint32Array.from(computed, ({ key }) => this.#first(key)) });
    computed.forEach(({ key }, i) => {
      const [, ...copies] = this.#rows.get(key) as number[];
      const vector = data.subarray(i * dimensions, (i + 1) * dimensions);
      if (copies.length > 0) this.#collector.onCopies(first, copies, vector, false);
    });
    onComputed(computed);
  }

  #first(key: string): number {
    return (this.#rows.get(key) as number[])[0] as number;
  }

  #note(row: number, { tokens, originalTokens, truncated }: Omit<CachedEmbedding, 'data'>): void {
    this.#read.lengths[row] = tokens;
    this.#read.originalLengths[row] = originalTokens;
    this.#read.truncated[row] = truncated ? 1 : 0;
  }

  #embeddingOf(row: number, data: CachedEmbedding['data']): CachedEmbedding {
    const { lengths, originalLengths, truncated } = this.#read;
    const { dtype, dimensions } = this.#codec;
    return {
      data,
      dtype,
      dimensions,
      tokens: lengths[row] as number,
      originalTokens: originalLengths[row] as number,
      truncated: truncated[row] === 1,
    };
  }
}

/** Settles with the work, or rejects with the reason once the signal aborts. */
function untilAborted<T>(work: Promise<T>, signal: StopSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
