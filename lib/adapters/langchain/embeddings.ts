/** `Embeddings` of LangChain.js, over the base class of whichever copy the user has: it is one for `import`, another for `require`. */
import { checkObject } from '../../checks.js';
import { snapshot } from '../../input.js';
import type { TextEmbedder } from '../../text-embedder.js';
import { type EmbedderOptions, LazyEmbedder } from '../lazy-embedder.js';
import { mayRetry } from '../retries.js';
import { embedQueryRow, embedRows } from '../rows.js';

/** LangChain's own parameters (`AsyncCallerParams`). */
export interface CallerParams {
  /** Calls at once. Default: no limit; the embedder has its queue. */
  maxConcurrency?: number;
  /** Tries after a failure that may pass, such as a full queue. Default 0: the embedder tries devices again by itself. */
  maxRetries?: number;
  /** Called with each failure; what it throws ends the tries. */
  // biome-ignore lint/suspicious/noExplicitAny: as LangChain declares it
  onFailedAttempt?: (error: any) => any;
}

/**
 * An embedder, or a model that is loaded with the first call. `timeoutMs` limits each call, as LangChain hands no signals to
 * embeddings. Beside an embedder a `signal` ends all calls, beside the name of a model its loading alone.
 */
export type OvembedEmbeddingsParams = EmbedderOptions & CallerParams;

/** What is here beyond LangChain's interface. */
export interface OvembedEmbeddingsMembers extends AsyncDisposable {
  /** One vector per document, by the model's prompt for documents. `[]` for none. */
  embedDocuments(documents: string[]): Promise<number[][]>;
  /** The vector of a query, by the model's prompt for queries. */
  embedQuery(query: string): Promise<number[]>;
  /** The embedder behind it, loaded if it was not. */
  embedder(): Promise<TextEmbedder>;
  /** Closes a model that was loaded by name; an embedder that was given stays open. */
  close(): Promise<void>;
}

/** Of LangChain's class, what is used here. */
type BaseClass = new (
  params: CallerParams,
) => {
  caller: { call<T>(work: () => Promise<T>): Promise<T> };
};

/** Read by LangChain as the error's own property; errors without it are tried again. */
const RETRYABLE = Symbol.for('langchain.errors.retryable');

/** @returns a subclass of `Base`, which each entry of the package casts to its own types */
export function defineEmbeddings(Base: BaseClass): new (params?: OvembedEmbeddingsParams) => OvembedEmbeddingsMembers {
  return class OvembedEmbeddings extends Base implements OvembedEmbeddingsMembers {
    readonly #lazy: LazyEmbedder;

    constructor(params: OvembedEmbeddingsParams = {}) {
      checkObject(params, 'OvembedEmbeddings');
      const { maxConcurrency, maxRetries = 0, onFailedAttempt, ...options } = params;
      super({ maxRetries, ...(maxConcurrency && { maxConcurrency }), ...(onFailedAttempt && { onFailedAttempt }) });
      this.#lazy = new LazyEmbedder(options, 'OvembedEmbeddings', ['maxConcurrency', 'maxRetries', 'onFailedAttempt']);
    }

    async embedDocuments(documents: string[]): Promise<number[][]> {
      const copy = snapshot(documents, 'embedDocuments') as string[];
      const asked = { inputType: 'document' as const, ...this.#lazy.callOptions };
      return this.#call(async () => (await embedRows(this.#lazy, copy, asked)).vectors);
    }

    embedQuery(query: string): Promise<number[]> {
      return this.#call(() => embedQueryRow(this.#lazy, query));
    }

    embedder(): Promise<TextEmbedder> {
      return this.#lazy.get();
    }

    close(): Promise<void> {
      return this.#lazy.close();
    }

    [Symbol.asyncDispose](): Promise<void> {
      return this.close();
    }

    #call<T>(work: () => Promise<T>): Promise<T> {
      return this.caller.call(() => work().catch(failWithMark));
    }
  };
}

function failWithMark(error: unknown): never {
  if (typeof error === 'object' && error !== null && Object.isExtensible(error)) {
    Object.defineProperty(error, RETRYABLE, { value: mayRetry(error), configurable: true });
  }
  throw error;
}
