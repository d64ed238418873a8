/** The models that a server has: loaded when first asked for, unloaded when idle, under one bound of memory. */
import { isDeepStrictEqual } from 'node:util';
import { Embedder } from '../embedder.js';
import { describe, OvembedError } from '../errors.js';
import type { Logger } from '../logger.js';
import type { LoadOptions } from '../options.js';
import { type DecisiveOptions, decisiveOf } from '../remote/same-options.js';
import { type CallLimits, CallScope, LONGEST_TIMER_MS } from '../signals.js';
import { HttpError } from './http-error.js';

/** A model and the names that requests call it by. */
export interface ModelConfig extends Omit<LoadOptions, 'signal' | 'onProgress' | 'logger'> {
  /** A folder, or a name on the hub. */
  model: string;
  /** What requests call it. Default: `model`. */
  name?: string;
  /** Other names for it, such as `text-embedding-3-small` for a client that cannot be told another. */
  aliases?: readonly string[];
  /** Load it with the first request rather than at the start. Default `false`. */
  lazy?: boolean;
  /** Milliseconds without a request after which it is unloaded; 0 or Infinity: never. Default 0. */
  idleUnloadMs?: number;
}

/** A model to load, or an embedder that its owner loaded and closes. */
export type GivenModel = ModelConfig | { name?: string; aliases?: readonly string[]; embedder: Embedder };

/** What stands behind a name: an embedder is the server's to close, unless it was given. */
export interface ServedModel {
  readonly name: string;
  /** What was configured to be loaded. */
  readonly model: string;
  /** Null where a loaded one was given. */
  readonly options: DecisiveOptions | null;
  readonly aliases: readonly string[];
  /** Seconds since 1970 when it was named, for `/v1/models`. */
  readonly created: number;
  /** Null while it is not loaded. */
  readonly embedder: Embedder | null;
}

export interface ServedModelsOptions {
  logger: Logger;
  /** Resident memory of the process, in bytes, above which idle models are unloaded before another is loaded; 0: no bound. */
  memoryBytes: number;
}

export class ServedModels {
  #entries: readonly Entry[] = [];
  #byName: ReadonlyMap<string, Entry> = new Map();
  readonly #options: ServedModelsOptions;
  #closed = false;

  constructor(models: readonly GivenModel[], options: ServedModelsOptions) {
    this.#options = options;
    this.#set(models.map((model) => this.#entryFor(model)));
  }

  /**
   * Serves these models from now on. Those that are configured as before stay as they are; others are loaded before they take
   * the place of what was, and what is not wanted any more is closed when its requests are answered.
   */
  async replace(models: readonly GivenModel[]): Promise<void> {
    const before = this.#entries;
    const now = models.map((model) => before.find((entry) => entry.isOf(model)) ?? this.#entryFor(model));
    namesOf(now);
    const added = now.filter((entry) => !before.includes(entry));
    try {
      for (const entry of added) await entry.warmUp();
      if (this.#closed) throw shutDown();
    } catch (error) {
      await Promise.all(added.map((entry) => entry.close()));
      throw error;
    }
    this.#set(now);
    for (const entry of before) if (!now.includes(entry)) void entry.close();
  }

  #entryFor(model: GivenModel): Entry {
    return new Entry(model, this.#options.logger, (entry) => this.#makeRoom(entry));
  }

  #set(entries: readonly Entry[]): void {
    this.#byName = namesOf(entries);
    this.#entries = entries;
  }

  get all(): readonly ServedModel[] {
    return this.#entries;
  }

  /** @throws HttpError 404 */
  named(name: string): ServedModel {
    return this.#entry(name);
  }

  /** Loads those that are not lazy; rejects with the first failure. */
  async warmUp(): Promise<void> {
    for (const entry of this.#entries) await entry.warmUp();
  }

  /**
   * Runs work on a model, which stays loaded meanwhile.
   * @param name undefined: the first model
   * @param limits how long a model that is loaded first is waited for; its loading goes on
   * @throws HttpError 404
   */
  use<T>(
    name: string | undefined,
    work: (embedder: Embedder, model: ServedModel) => Promise<T>,
    limits: CallLimits = {},
  ): Promise<T> {
    const entry = name === undefined ? (this.#entries[0] as Entry) : this.#entry(name);
    return entry.use((embedder) => work(embedder, entry), limits);
  }

  /** Loads nothing more: who waits for it has waited long enough. */
  stopLoading(): void {
    for (const entry of this.#entries) entry.stopLoading();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#entries.map((entry) => entry.close()));
  }

  #entry(name: string): Entry {
    const entry = this.#byName.get(name);
    if (entry) return entry;
    throw new HttpError(404, 'model_not_found', `There is no model of that name here; GET /v1/models lists them.`, {
      param: 'model',
    });
  }

  /** The ones that were used longest ago go first. */
  async #makeRoom(asking: Entry): Promise<void> {
    const { memoryBytes } = this.#options;
    const idle = this.#entries.filter((entry) => entry !== asking && entry.isIdle).sort((a, b) => a.usedAt - b.usedAt);
    while (memoryBytes > 0 && process.memoryUsage.rss() > memoryBytes) {
      const entry = idle.shift();
      if (entry && !entry.isIdle) continue; // it was asked for meanwhile
      if (!entry)
        throw new HttpError(503, 'ERR_OVERLOADED', 'No memory is left for another model.', { retryAfterMs: 1_000 });
      await entry.unload();
    }
  }
}

/** @throws OvembedError `ERR_INVALID_ARGUMENT` where two have a name in common */
function namesOf(entries: readonly Entry[]): Map<string, Entry> {
  const named = new Map<string, Entry>();
  for (const entry of entries) {
    for (const name of [entry.name, ...entry.aliases]) {
      if (!named.has(name)) named.set(name, entry);
      else throw new OvembedError('ERR_INVALID_ARGUMENT', `Two models are named ${describe(name)}; rename one.`);
    }
  }
  return named;
}

const shutDown = () => new OvembedError('ERR_CLOSED', 'The server is shutting down.');

const withEmbedder = (given: GivenModel): GivenModel & { embedder?: Embedder } => given;

class Entry implements ServedModel {
  readonly name: string;
  readonly model: string;
  readonly options: DecisiveOptions | null;
  readonly aliases: readonly string[];
  readonly created = Math.floor(Date.now() / 1_000);
  readonly #given: GivenModel;
  readonly #lazy: boolean;
  usedAt = 0;
  readonly #load: (() => Promise<Embedder>) | null;
  readonly #idleUnloadMs: number;
  readonly #logger: Logger;
  #loading: Promise<Embedder> | null = null;
  #embedder: Embedder | null = null;
  readonly #stop = new AbortController();
  #users = 0;
  #onUnused: (() => void) | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(given: GivenModel, logger: Logger, makeRoom: (entry: Entry) => Promise<void>) {
    this.#logger = logger;
    this.#given = given;
    if ('embedder' in given) {
      this.model = given.embedder.info.model;
      this.options = null;
      this.name = given.name ?? this.model;
      this.aliases = given.aliases ?? [];
      this.#lazy = false;
      this.#load = null;
      this.#idleUnloadMs = 0;
      this.#embedder = given.embedder;
      return;
    }
    const { model, name = model, aliases = [], lazy = false, idleUnloadMs = 0, ...options } = given;
    this.name = name;
    this.model = model;
    this.options = decisiveOf(options);
    this.aliases = aliases;
    this.#lazy = lazy;
    this.#idleUnloadMs = idleUnloadMs;
    this.#load = async () => {
      await makeRoom(this);
      return Embedder.load(model, { ...options, logger, signal: this.#stop.signal });
    };
  }

  get embedder(): Embedder | null {
    return this.#embedder;
  }

  get isIdle(): boolean {
    return this.#load !== null && this.#embedder !== null && this.#users === 0;
  }

  isOf(given: GivenModel): boolean {
    // Embedders are the same or not: deeply compared all are equal, as what they have is private.
    const { embedder: mine, ...ours } = withEmbedder(this.#given);
    const { embedder, ...theirs } = withEmbedder(given);
    return embedder === mine && isDeepStrictEqual(theirs, ours);
  }

  async warmUp(): Promise<void> {
    if (!this.#lazy) await this.use((embedder) => embedder.embedQuery('warm-up'));
  }

  async use<T>(work: (embedder: Embedder) => Promise<T>, limits: CallLimits = {}): Promise<T> {
    if (this.#closed) throw shutDown();
    clearTimeout(this.#idleTimer);
    this.#users++;
    try {
      return await work(this.#embedder ?? (await this.#opened(limits)));
    } finally {
      this.#users--;
      this.usedAt = performance.now();
      this.#unloadLater();
      if (this.#users === 0) this.#onUnused?.();
    }
  }

  async #opened(limits: CallLimits): Promise<Embedder> {
    const scope = new CallScope('Loading the model', limits);
    try {
      return await scope.race(this.#open());
    } finally {
      scope.end();
    }
  }

  /** Loads once, whoever asks meanwhile; a failure is tried again by the next request. */
  #open(): Promise<Embedder> {
    this.#loading ??= (this.#load as () => Promise<Embedder>)()
      .then((embedder) => {
        this.#embedder = embedder;
        this.#unloadLater(); // whoever asked for it may have gone
        return embedder;
      })
      .finally(() => (this.#loading = null));
    return this.#loading;
  }

  #unloadLater(): void {
    if (this.#idleUnloadMs === 0 || this.#idleUnloadMs > LONGEST_TIMER_MS) return;
    if (!this.isIdle || this.#closed) return;
    this.#idleTimer = setTimeout(() => {
      if (this.isIdle) void this.unload();
    }, this.#idleUnloadMs).unref();
  }

  async unload(): Promise<void> {
    const embedder = this.#embedder;
    if (!embedder || this.#load === null) return;
    this.#embedder = null;
    this.#logger.info(`${this.name}: unloaded`);
    await embedder.close();
  }

  /** Takes no new requests, and waits for those that it has: one may make several calls. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#idleTimer);
    await this.#loading?.catch(() => undefined);
    if (this.#users > 0) await new Promise<void>((resolve) => (this.#onUnused = resolve));
    await this.unload();
  }

  stopLoading(): void {
    this.#stop.abort(shutDown());
  }
}
