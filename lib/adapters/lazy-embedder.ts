/** An embedder that is there when the first call needs it: frameworks construct in one place and wait in another. */
import { Embedder } from '../embedder.js';
import { invalidArgument, OvembedError } from '../errors.js';
import { checkEmbedOptions, checkLoadOptions, type SharedLoadOptions } from '../options.js';
import type { TextEmbedder } from '../text-embedder.js';
import type { CallOptions } from './call-options.js';
import { markRefused } from './retries.js';

/** An embedder that its owner closes, and options of every call. */
export type GivenEmbedder = { embedder: TextEmbedder; model?: never } & CallOptions;

/** A model that is loaded with the first call, and closed with the adapter; options of `Embedder.load`. */
export type NamedModel = {
  embedder?: never;
  /** A folder, or a name on the hub. Default: that of `Embedder.load`. */
  model?: string;
} & Partial<SharedLoadOptions>;

/** Whose vectors an adapter gives: an embedder, or a model by name. */
export type EmbedderOptions = GivenEmbedder | NamedModel;

/** Where an adapter's calls get their embedder, and what they are made with. */
export interface EmbedderSource {
  readonly callOptions: CallOptions;
  get(): Promise<TextEmbedder>;
}

export class LazyEmbedder implements EmbedderSource {
  /** Goes with every call. Of the options of loading it is `timeoutMs` alone: frameworks have no other place for it. */
  readonly callOptions: CallOptions;
  readonly #given: TextEmbedder | undefined;
  readonly #load: () => Promise<TextEmbedder>;
  readonly #where: string;
  #loading: Promise<TextEmbedder> | undefined;
  #loaded: TextEmbedder | undefined;
  #closed = false;

  /**
   * @param where names the adapter, for messages
   * @param own options of the adapter itself, for messages
   * @throws OvembedError `ERR_INVALID_ARGUMENT`
   */
  constructor({ embedder, model, ...options }: EmbedderOptions, where: string, own: readonly string[] = []) {
    this.#where = where;
    this.#given = embedder;
    this.#loaded = embedder;
    if (embedder !== undefined) {
      if (typeof embedder?.stream !== 'function') throw invalidArgument('embedder', 'an Embedder', embedder);
      if (model !== undefined) throw invalidArgument('model', 'none beside embedder', model);
      this.callOptions = options as CallOptions;
      checkEmbedOptions(this.callOptions, where);
    } else {
      const { daemon: _, ...checked } = options as Partial<SharedLoadOptions>; // that one is checked by `load`
      checkLoadOptions(checked, where, ['embedder', 'model', 'daemon', ...own]);
      const { timeoutMs } = checked;
      this.callOptions = timeoutMs === undefined ? {} : { timeoutMs };
    }
    this.#load = () => Embedder.load(model, options as SharedLoadOptions);
  }

  /** Also by the owner of one that was given, where that is in this process. */
  get isClosed(): boolean {
    const state = (this.#loaded as Partial<Embedder> | undefined)?.status?.().state ?? 'ready';
    return this.#closed || state !== 'ready';
  }

  /** What was given, or is loaded by now. */
  get loaded(): TextEmbedder | undefined {
    return this.#loaded;
  }

  /** Loads once, whoever asks meanwhile; a failure is tried again by the next call. */
  async get(): Promise<TextEmbedder> {
    if (this.#closed) throw new OvembedError('ERR_CLOSED', `${this.#where} was called after close().`);
    if (this.#given) return this.#given;
    this.#loading ??= this.#load().catch((error) => {
      this.#loading = undefined;
      throw markRefused(error); // of a model that cannot be loaded another try would only take time
    });
    this.#loaded = await this.#loading;
    return this.#loaded;
  }

  /** The options of every call, ended by a signal of one as well. */
  callOptionsWith(signal: AbortSignal | undefined): CallOptions {
    if (!signal) return this.callOptions;
    const { signal: always } = this.callOptions;
    return { ...this.callOptions, signal: always ? AbortSignal.any([always, signal]) : signal };
  }

  /** Closes what was loaded here; an embedder that was given is its owner's. */
  async close(): Promise<void> {
    this.#closed = true;
    const embedder = await this.#loading?.catch(() => undefined);
    await embedder?.close();
  }
}
