/** What users see of an embedder's cache. */
import type { EmbeddingStream, Source } from '../batching/stream.js';
import type { StreamOptions } from '../options.js';
import { untilAborted } from '../signals.js';
import type { EmbeddingCache } from './embedding-cache.js';
import type { CacheLevelStats } from './stats.js';

/** Options of `cache.warm`: those of `stream`. */
export type WarmOptions = Omit<StreamOptions, 'ordered'>;

/** What `cache.warm` did. The first is the sum of the others. */
export interface WarmResult {
  /** Texts that were read. */
  texts: number;
  /** Texts whose vectors were there, or that another call was computing. */
  hits: number;
  /** Texts that went through the model. */
  computed: number;
  /** Texts that equal an earlier one of the same window. */
  duplicates: number;
}

/** The cache of an embedder that was loaded with the option `cache`. */
export class EmbedderCache {
  readonly #embeddings: EmbeddingCache;
  readonly #stream: (source: Source, options: StreamOptions) => EmbeddingStream;

  /** @internal */
  constructor(embeddings: EmbeddingCache, stream: (source: Source, options: StreamOptions) => EmbeddingStream) {
    this.#embeddings = embeddings;
    this.#stream = stream;
  }

  /** What each level did since the load, and how much it keeps. */
  stats(): Promise<CacheLevelStats[]> {
    return this.#embeddings.stats();
  }

  /** Forgets everything, in every level. Rejects with the first failure, once all have been tried. */
  clear(): Promise<void> {
    return this.#embeddings.clear();
  }

  /**
   * Computes and keeps what is not kept yet, in constant memory, for later calls with the same options that decide a vector.
   * Mind `inputType`: `'document'` for texts of `embedDocuments`, `'query'` for those of `embedQuery`. Resolves once
   * everything has been written; what a level fails to write is counted in its `errors`.
   */
  async warm(texts: Source, options: WarmOptions = {}): Promise<WarmResult> {
    const { signal } = options;
    const result: WarmResult = { texts: 0, hits: 0, computed: 0, duplicates: 0 };
    let window: object | undefined;
    for await (const { metadata } of this.#stream(texts, { ...options, ordered: true })) {
      result.texts++;
      if (metadata === window) continue;
      // In order, an item comes when its whole window is done. No faster than the levels can write: else they drop writes.
      window = metadata;
      result.hits += metadata.cacheHits;
      result.duplicates += metadata.duplicates;
      await untilAborted(this.#embeddings.settled(), signal);
    }
    result.computed = result.texts - result.hits - result.duplicates;
    return result;
  }
}
