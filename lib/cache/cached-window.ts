/**
 * A window of texts, none like another, by way of the cache: what is kept is handed out, what another call is computing is
 * waited for, and the rest is computed and kept.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Collector, type EncodedLengths, indexOf, type Request, type Window } from '../batching/windows.js';
import { type StopSignal, untilAborted } from '../signals.js';
import type { VectorCodec } from '../vectors/codec.js';
import type { VectorArray } from '../vectors/dtype.js';
import type { EmbeddingCache, Found } from './embedding-cache.js';
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

/** Texts that are looked up without letting go of the event loop: where memory has all, nothing else would. */
const MOST_AT_ONCE = 256;

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
    const isLarge = window.inputs.length > MOST_AT_ONCE;
    if (isLarge) await nextTurn();
    const wanted = window.inputs.map((input) => keys.keyOf(typeof input === 'string' ? prompt + input : input));
    if (isLarge) await nextTurn();
    const answer = this.embeddings.get(wanted, dimensions);
    const found = answer instanceof Promise ? await untilAborted(answer, signal) : answer;
    signal.throwIfAborted();
    const texts = new Texts({ window, collector, codec }, wanted, found);
    while (texts.missing.size > 0) {
      const { own, others } = this.#underWay.divide(texts.missing.keys(), request.call.priority);
      const waiting = others.map((other) => waitFor(other, texts));
      if (own.length > 0) await this.#compute(own, texts, compute);
      if (waiting.length > 0) await untilAborted(Promise.all(waiting), signal);
    }
  }

  #keysOf({ prompt, truncate, infer }: Request): { dimensions: number; keys: CacheKeys } {
    const { prefix, context, includePrompt } = this.#options;
    const dimensions = infer.dimensions === 0 ? this.#options.dimensions : infer.dimensions;
    const excludedPromptLength = includePrompt ? 0 : prompt.length;
    const all = { ...context, excludedPromptLength, truncate, normalize: infer.normalize, dimensions };
    return { dimensions, keys: new CacheKeys(prefix, all) };
  }

  async #compute(own: readonly Computing[], texts: Texts, compute: Compute): Promise<void> {
    const keys = own.map(({ key }) => key);
    const onComputed = (computed: readonly Computed[]) => {
      this.embeddings.set(computed);
      for (const { index, embedding } of computed) own[index]?.resolve(embedding);
    };
    try {
      await compute(texts.windowOf(keys), texts.collectorOf(keys, onComputed));
    } finally {
      for (const one of own) one.end();
    }
  }
}

/** Another call's failure is its own: its texts are then still missing, and computed in the next turn. */
async function waitFor(other: Computing, texts: Texts): Promise<void> {
  const embedding = await other.wait();
  if (embedding) texts.handOut(other.key, embedding);
}

interface Computed {
  /** Of its key in the list that was to be computed. */
  index: number;
  key: string;
  embedding: CachedEmbedding;
}

/** The texts of a window, and which of them have not been handed out. */
class Texts {
  /** Rows by their keys, in the order of the window. */
  readonly missing = new Map<string, number>();
  readonly #window: Window;
  readonly #collector: Collector;
  readonly #codec: VectorCodec;

  /** Hands out what was found. */
  constructor(
    { window, collector, codec }: { window: Window; collector: Collector; codec: VectorCodec },
    keys: readonly string[],
    found: Found,
  ) {
    this.#window = window;
    this.#collector = collector;
    this.#codec = codec;
    const rows: number[] = [];
    const kept: CachedEmbedding[] = [];
    for (const [row, key] of keys.entries()) {
      const embedding = found[row];
      if (!embedding) this.missing.set(key, row);
      else {
        rows.push(row);
        kept.push(embedding);
      }
    }
    if (rows.length > 0) this.#handOut(rows, kept);
  }

  handOut(key: string, embedding: CachedEmbedding): void {
    const row = this.missing.get(key) as number;
    this.missing.delete(key);
    this.#handOut([row], [embedding]);
  }

  /** The missing texts of these keys. */
  windowOf(keys: readonly string[]): Window {
    const { first, inputs } = this.#window;
    if (keys.length === inputs.length) return this.#window;
    const rows = keys.map((key) => this.missing.get(key) as number);
    return {
      first,
      inputs: rows.map((row) => inputs[row] as Window['inputs'][number]),
      rows: Uint32Array.from(rows, (row) => indexOf(this.#window, row)),
    };
  }

  /** Takes what is computed for the texts of these keys, and tells of it. */
  collectorOf(keys: readonly string[], onComputed: (computed: readonly Computed[]) => void): Collector {
    let encoded: EncodedLengths | undefined;
    return {
      onEncoding: (window, encoding, tookMs) => {
        encoded = encoding;
        this.#collector.onEncoding(window, encoding, tookMs);
      },
      onPart: (window, part) => {
        // What is handed out has passed through the type that is kept, as it will when it comes from the cache.
        const kept = this.#codec.encode(part.data);
        this.#collector.onPart(window, { ...part, data: this.#codec.decode(kept) });
        const computed = this.#embeddingsOf(part.rows, kept, keys, encoded as EncodedLengths);
        for (const { key } of computed) this.missing.delete(key);
        onComputed(computed);
      },
      onKept: () => {},
    };
  }

  #handOut(rows: readonly number[], kept: readonly CachedEmbedding[]): void {
    const isPlain = this.#codec.dtype === 'float32';
    const decoded = isPlain ? kept : kept.map((one) => ({ ...one, data: this.#codec.decode(one.data) }));
    this.#collector.onKept(this.#window, rows, decoded);
  }

  #embeddingsOf(rows: Uint32Array, kept: VectorArray, keys: readonly string[], encoded: EncodedLengths): Computed[] {
    const { dtype, dimensions, elementsPerRow: width } = this.#codec;
    return Array.from(rows, (index, i) => ({
      index,
      key: keys[index] as string,
      embedding: {
        data: kept.slice(i * width, (i + 1) * width),
        dtype,
        dimensions,
        tokens: encoded.lengths[index] as number,
        originalTokens: encoded.originalLengths[index] as number,
        truncated: encoded.truncated[index] === 1,
        chunks: encoded.chunks?.[index] ?? 1,
      },
    }));
  }
}
