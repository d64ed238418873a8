/** `BaseEmbedding` of LlamaIndex.TS, over the base class of whichever copy the user has: it is one for `import`, another for `require`. */

import type { TextEmbedder } from '../../text-embedder.js';
import { type EmbedderOptions, LazyEmbedder } from '../lazy-embedder.js';
import { embedQueryRow, embedRows } from '../rows.js';

/** An embedder, or a model that is loaded with the first call; `timeoutMs` limits each call. */
export type OvembedEmbeddingParams = EmbedderOptions & {
  /** Texts between two calls of `progressCallback`. Integer from 1. Default 256. */
  embedBatchSize?: number;
};

/** What is here beyond LlamaIndex's interface. */
export interface OvembedEmbeddingMembers extends AsyncDisposable {
  /** The embedder behind it, loaded if it was not; `embedInfo` is known from then on. */
  embedder(): Promise<TextEmbedder>;
  /** Closes a model that was loaded by name; an embedder that was given stays open. */
  close(): Promise<void>;
}

interface BatchOptions {
  logProgress?: boolean;
  progressCallback?: (current: number, total: number) => void;
  logger?: { log(message: string): void };
}

/** Of LlamaIndex's class, what is used here. */
type BaseClass = new () => {
  embedBatchSize: number;
  embedInfo?: { dimensions?: number; maxTokens?: number };
  /** Set by the constructor, so that a method of a subclass would never be seen. */
  getTextEmbeddings: (texts: string[]) => Promise<number[][]>;
};

/** @returns a subclass of `Base`, which each entry of the package casts to its own types */
export function defineEmbedding(Base: BaseClass): new (params?: OvembedEmbeddingParams) => OvembedEmbeddingMembers {
  return class OvembedEmbedding extends Base implements OvembedEmbeddingMembers {
    readonly #lazy: LazyEmbedder;

    constructor({ embedBatchSize = 256, ...options }: OvembedEmbeddingParams = {}) {
      super();
      this.embedBatchSize = embedBatchSize;
      this.#lazy = new LazyEmbedder(options, 'OvembedEmbedding', ['embedBatchSize']);
      if (options.embedder) this.#describe(options.embedder);
    }

    /** LlamaIndex hands this on without its object, and empties the list that it was called with. */
    override getTextEmbeddings = (texts: string[]): Promise<number[][]> => this.#documents(texts);

    async getTextEmbedding(text: string): Promise<number[]> {
      return (await this.#documents([text]))[0] as number[];
    }

    /** @returns null for what is no text: the model reads nothing else */
    async getQueryEmbedding(query: { type: string; text?: string }): Promise<number[] | null> {
      if (query.type !== 'text' || query.text === undefined) return null;
      return embedQueryRow(this.#lazy, query.text);
    }

    getTextEmbeddingsBatch(texts: string[], options: BatchOptions = {}): Promise<number[][]> {
      const { progressCallback, logProgress = false, logger = logProgress ? console : undefined } = options;
      const total = texts.length;
      return this.#documents(texts, (done) => {
        if (done % this.embedBatchSize !== 0 && done !== total) return;
        progressCallback?.(done, total);
        if (logProgress) logger?.log(`getting embedding progress: ${done} / ${total}`);
      });
    }

    async embedder(): Promise<TextEmbedder> {
      const embedder = await this.#lazy.get();
      this.#describe(embedder);
      return embedder;
    }

    close(): Promise<void> {
      return this.#lazy.close();
    }

    [Symbol.asyncDispose](): Promise<void> {
      return this.close();
    }

    async #documents(texts: string[], onRow: (done: number) => void = () => {}): Promise<number[][]> {
      const options = { batchSize: this.embedBatchSize, onRow, ...this.#lazy.callOptions };
      return (await embedRows(this.#lazy, texts, { inputType: 'document', ...options })).vectors;
    }

    #describe({ info }: TextEmbedder): void {
      const { dimensions = info.dimensions } = this.#lazy.callOptions;
      this.embedInfo = { dimensions, ...(info.maxTokens > 0 && { maxTokens: info.maxTokens }) };
    }
  };
}
