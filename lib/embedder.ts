/** What users hold: a loaded model that turns texts into vectors. */

import { EventEmitter } from 'node:events';
import { embedList } from './batching/embed-list.js';
import { EmbeddingStream, type Source } from './batching/stream.js';
import { checkSource } from './batching/stream-source.js';
import { inEngine } from './batching/stream-window.js';
import type { Request } from './batching/windows.js';
import { EmbedderCache } from './cache/embedder-cache.js';
import { CallWatch } from './call-watch.js';
import type { DeviceEventMap } from './devices/events.js';
import type { Embeddings } from './embeddings.js';
import { invalidArgument, OvembedError } from './errors.js';
import type { EmbedderInfo } from './info.js';
import { checkInput, checkInputs, copyOf, type Input, snapshot, type TokenIds } from './input.js';
import { Lifetime } from './lifetime.js';
import { closeParts, type EmbedderParts, load } from './load.js';
import type { MetricsSnapshot } from './metrics.js';
import {
  type CalibrateOptions,
  checkCalibrateOptions,
  checkDecodeOptions,
  checkEmbedChunksOptions,
  checkEmbedListOptions,
  checkEmbedOptions,
  checkInputOptions,
  checkLimitOptions,
  checkStreamOptions,
  checkTokenizeOptions,
  type DecodeOptions,
  type EmbedChunksOptions,
  type EmbedListOptions,
  type EmbedOptions,
  type InputOptions,
  type InputType,
  type LimitOptions,
  type LoadOptions,
  type SharedLoadOptions,
  type StreamOptions,
  type TokenizeOptions,
} from './options.js';
import type { ConnectOptions } from './remote/connection.js';
import type { RemoteEmbedder } from './remote/remote-embedder.js';
import { type Asked, recordHashes, requestOf } from './request.js';
import { type CallLimits, CallScope, inScope, type StopSignal } from './signals.js';
import { type EmbedderStatus, queueStatus } from './status.js';
import { cleanInputs, cleanSource } from './text/clean-inputs.js';
import {
  type ChunkedText,
  checkDocuments,
  checkPoolsTokens,
  defaultOverlap,
  embedChunks,
} from './text/late-chunking.js';
import { checkRecordOptions, type RecordOptions } from './text/record-options.js';
import { embedRecords, type RecordReport } from './text/records.js';
import { embedTokens, type TokenEmbeddings } from './text/token-embeddings.js';
import { countTokens, decode, type TokenizedText, tokenize } from './text/tokenization.js';
import type { TextEmbedder } from './text-embedder.js';
import type { Dtype, DtypeArrays } from './vectors/dtype.js';
import { RangeFinder } from './vectors/range-finder.js';
import { Ranges } from './vectors/ranges.js';

const DEFAULT_STREAM_BATCH_SIZE = 512;

/**
 * A model on a device. Methods may be called at once from anywhere; each promise settles exactly once. Every method
 * rejects with `ERR_INVALID_ARGUMENT` for options and inputs that do not fit, `ERR_CLOSED` once `close()` was called,
 * `ERR_TIMEOUT` after `timeoutMs`, and `signal.reason` after an abort. Events tell of devices: `fallback`, `degraded`, `recovered`.
 */
export class Embedder extends EventEmitter<DeviceEventMap> implements TextEmbedder {
  readonly #parts: EmbedderParts;
  readonly #cache: EmbedderCache | null;
  readonly #lifetime = new Lifetime();

  /**
   * Loads a model, downloading it if it is not on this machine.
   * @param model a folder, or the name of a model on the hub. Default: `OVEMBED_MODEL`, else
   *   `sentence-transformers/all-MiniLM-L6-v2`
   * @throws OvembedError `ERR_MODEL_NOT_FOUND`, `ERR_MODEL_INVALID`, `ERR_MODEL_UNSUPPORTED`, `ERR_DEVICE_UNAVAILABLE`,
   *   `ERR_DOWNLOAD`, `ERR_NATIVE_LOAD`, `ERR_MODEL_PROBE_CRASHED`, `ERR_INVALID_ARGUMENT`
   */
  static load(model?: string, options?: LoadOptions & { daemon?: false }): Promise<Embedder>;
  /** With `daemon`, it may be the embedder of another process. */
  static load(model: string | undefined, options: SharedLoadOptions): Promise<TextEmbedder>;
  static async load(
    model?: string,
    { daemon = false, ...options }: LoadOptions & Partial<SharedLoadOptions> = {},
  ): Promise<Embedder | RemoteEmbedder> {
    if (daemon === false) return new Embedder(await load(model, options));
    const { loadShared } = await import('./remote/shared.js');
    return (await loadShared(model, { ...options, daemon })) ?? new Embedder(await load(model, options));
  }

  /**
   * The embedder of a server (`ovembed serve`): many processes, one model.
   * @param address a URL, or the path of a Unix socket
   * @throws OvembedError `ERR_DEVICE_UNAVAILABLE` where no ovembed of this version answers within 5 s
   */
  static async connect(address: string, options: ConnectOptions = {}): Promise<RemoteEmbedder> {
    const { connect } = await import('./remote/remote-embedder.js');
    return connect(address, options);
  }

  /** @internal */
  constructor(parts: EmbedderParts) {
    super();
    if (!(parts as Partial<EmbedderParts> | undefined)?.engine) {
      throw new OvembedError(
        'ERR_INVALID_ARGUMENT',
        'An embedder is not made by new, but by: await Embedder.load(model).',
      );
    }
    this.#parts = parts;
    const { cache } = parts.engine;
    this.#cache = cache ? new EmbedderCache(cache.embeddings, (...call) => this.stream(...call)) : null;
    for (const name of ['fallback', 'degraded', 'recovered'] as const) {
      parts.events.on(name, (event: unknown) => (this as EventEmitter).emit(name, event));
    }
  }

  /** What was loaded, and why so. */
  get info(): EmbedderInfo {
    return this.#parts.info;
  }

  /** What it is doing right now: a snapshot, cheap enough to ask for on every request. */
  status(): EmbedderStatus {
    const { scheduler } = this.#parts.engine;
    return {
      state: this.#lifetime.state,
      queue: { interactive: queueStatus(scheduler, 'interactive'), bulk: queueStatus(scheduler, 'bulk') },
      inFlight: { batches: scheduler.inFlight, texts: scheduler.textsInFlight },
      rates: this.#parts.metrics.rates(),
    };
  }

  /** What is kept of vectors; null without the option `cache`. */
  get cache(): EmbedderCache | null {
    return this.#cache;
  }

  /** What was done since the load: a copy of counters and histograms that are kept anyway. */
  metrics(): MetricsSnapshot {
    const { metrics, events, info } = this.#parts;
    const devices = Object.fromEntries(info.devices.map(({ device, counts }) => [device, counts]));
    return { ...metrics.snapshot(), fallbacks: events.fallbacks, devices };
  }

  /** One vector per document, in the order of the list; the model's prompt for documents goes in front of each. */
  async embedDocuments<D extends Dtype = 'float32'>(
    documents: readonly Input[],
    options: EmbedListOptions<D> = {},
  ): Promise<Embeddings<D>> {
    return this.#embedList('embedDocuments', documents, options, 'document');
  }

  /** One vector per input, in the order of the list; `inputType` says what they are. */
  async embed<D extends Dtype = 'float32'>(
    inputs: readonly Input[],
    options: EmbedListOptions<D> = {},
  ): Promise<Embeddings<D>> {
    return this.#embedList('embed', inputs, options);
  }

  /**
   * The vector of a query; the model's prompt for queries goes in front of it. It goes ahead of lists and streams that wait
   * for the device. `timeoutMs` defaults to 30 seconds.
   */
  async embedQuery<D extends Dtype = 'float32'>(query: Input, options: EmbedOptions<D> = {}): Promise<DtypeArrays[D]> {
    this.#lifetime.rejectIfClosed('embedQuery');
    checkEmbedOptions(options, 'embedQuery');
    const { priority = 'interactive', timeoutMs = this.#parts.defaults.queryTimeoutMs } = options;
    const limited = { ...options, priority, timeoutMs };
    const asked = requestOf(this.#parts, 'embedQuery', limited, 'query');
    const { data } = await this.#embedCall(limited, asked, (scope) => {
      const input = checkInput(copyOf(query), asked.rules);
      return embedList(this.#parts.engine, asked.request, [input], asked.codec, scope);
    });
    return data;
  }

  /**
   * A vector per token of each input, in the order of the list: last hidden states, neither pooled nor normalised. Not with
   * `truncate: 'chunk'`.
   * @throws OvembedError `ERR_MODEL_UNSUPPORTED` if the model's graph gives pooled vectors only
   */
  async embedTokens(inputs: readonly Input[], options: InputOptions = {}): Promise<TokenEmbeddings[]> {
    this.#lifetime.rejectIfClosed('embedTokens');
    checkInputOptions(options, 'embedTokens');
    const { engine, pipeline } = this.#parts;
    if (pipeline.pooledInGraph) {
      throw new OvembedError(
        'ERR_MODEL_UNSUPPORTED',
        "The model's graph ends in pooled vectors: it has none per token.",
      );
    }
    const asked = requestOf(this.#parts, 'embedTokens', options);
    const { request, rules } = asked;
    if (request.truncate === 'chunk') {
      throw invalidArgument('truncate', "'end', 'start' or 'error' (embedTokens pools nothing)", 'chunk');
    }
    request.infer = { output: 'tokens', dimensions: 0, normalize: false };
    const copy = snapshot(inputs, 'embedTokens');
    return this.#embedCall(options, asked, async (scope) => {
      const checked = await checkInputs(copy, rules, scope.signal);
      return embedTokens(engine, request, checked, pipeline.hiddenSize, scope);
    });
  }

  /**
   * Late chunking: vectors of a text's chunks that know the whole text, for each text of the list one `Embeddings` with a row
   * per chunk. The texts are taken to be documents unless `inputType` says otherwise. Special tokens and the prompt take no
   * part; a chunk in which no token begins has zeros.
   * @throws OvembedError `ERR_MODEL_UNSUPPORTED` unless the model pools by mean, with no module after it
   */
  async embedChunks<D extends Dtype = 'float32'>(
    documents: readonly ChunkedText[],
    options: EmbedChunksOptions<D> = {},
  ): Promise<Embeddings<D>[]> {
    this.#lifetime.rejectIfClosed('embedChunks');
    checkEmbedChunksOptions(options);
    const { engine, pipeline, pooling } = this.#parts;
    checkPoolsTokens(pooling.pooling, pooling.modules, pipeline.pooledInGraph);
    const { overlapTokens = defaultOverlap(engine), ...others } = options;
    const asked = requestOf(this.#parts, 'embedChunks', others, 'document');
    const { request, rules, codec } = asked;
    const { normalize } = request.infer;
    const infer: Request['infer'] = { output: 'tokens', dimensions: 0, normalize: false };
    const tokens: Request = { ...request, truncate: 'chunk', overlap: overlapTokens, infer };
    const copy = checkDocuments(documents);
    return this.#embedCall(options, asked, async (scope) => {
      await checkInputs(
        copy.map(({ text }) => text),
        rules,
        scope.signal,
      );
      return embedChunks(engine, tokens, copy, { codec, normalize }, scope);
    });
  }

  /**
   * Vectors of a source of any length, in its order (unless `ordered: false`) and in constant memory: texts are taken from the source only as
   * fast as they are embedded and consumed. Options that do not fit throw at once; later errors come from `next()`.
   */
  stream<D extends Dtype = 'float32'>(source: Source, options: StreamOptions<D> = {}): EmbeddingStream<D> {
    this.#lifetime.rejectIfClosed('stream');
    checkStreamOptions(options);
    return this.#stream('stream', source, options);
  }

  /**
   * The ends of each dimension over the vectors of texts, which `int8` and `uint8` need. Take some hundred texts that are like
   * those to be embedded, and the options (`dimensions`, `normalize`, prompts) of the calls that the ranges are for. They are
   * taken to be documents unless `inputType` says otherwise. In constant memory.
   * @throws OvembedError `ERR_INVALID_ARGUMENT` for fewer than two texts
   */
  async calibrate(texts: Source, options: CalibrateOptions = {}): Promise<Ranges> {
    this.#lifetime.rejectIfClosed('calibrate');
    checkCalibrateOptions(options);
    const { info, defaults } = this.#parts;
    const { dimensions = defaults.dimensions, normalize = defaults.normalize } = options;
    const finder = new RangeFinder(dimensions);
    const asked: StreamOptions = { inputType: 'document', ...options };
    const stream = this.#stream('calibrate', texts, asked);
    for await (const { embedding } of stream) finder.add(embedding);
    return Ranges.found(finder, { fingerprint: info.fingerprint, normalize });
  }

  #stream<D extends Dtype>(name: string, source: Source, options: StreamOptions<D>): EmbeddingStream<D> {
    checkSource(source, name);
    const { batchSize = DEFAULT_STREAM_BATCH_SIZE, ordered = true, signal, timeoutMs, clean } = options;
    const asked = requestOf(this.#parts, name, options);
    const { request, rules, codec } = asked;
    const { engine } = this.#parts;
    const watch = this.#watch(asked, signal);
    return new EmbeddingStream({
      name,
      source: clean ? cleanSource(source, clean) : source,
      batchSize: Math.min(batchSize, engine.scheduler.admission.queue(request.call.priority).max.texts),
      ordered,
      limits: { signal, timeoutMs },
      rules,
      embed: inEngine(engine, request, codec),
      admit: async (work) => this.#lifetime.admit(name, work),
      watch,
      onEnd: (ms, failure) => {
        this.#parts.metrics.onCall(ms, failure, signal);
        watch.end(failure);
      },
    });
  }

  /**
   * Embeds a text of each record and puts the vector into a field of the record itself: nothing is copied, all else stays.
   * Records whose field `hashInto` says that nothing has changed are left out. In constant memory, but for what the caller
   * keeps. The texts are taken to be documents unless `inputType` says otherwise.
   */
  async embedRecords<R extends object, D extends Dtype = 'float32'>(
    records: Iterable<R> | AsyncIterable<R>,
    options: RecordOptions<R, D>,
  ): Promise<RecordReport> {
    const run = this.#records('embedRecords', records, options);
    for (;;) {
      const { done, value } = await run.next();
      if (done) return value;
    }
  }

  /**
   * The same, handing out each record once it has its vector, in the order of the source; those that failed or were left out
   * as well. The generator returns the report. Leaving it stops the work and closes the source.
   */
  streamRecords<R extends object, D extends Dtype = 'float32'>(
    records: Iterable<R> | AsyncIterable<R>,
    options: RecordOptions<R, D>,
  ): AsyncGenerator<R, RecordReport, undefined> {
    return this.#records('streamRecords', records, options);
  }

  #records<R extends object, D extends Dtype>(
    name: string,
    records: Iterable<R> | AsyncIterable<R>,
    options: RecordOptions<R, D>,
  ): AsyncGenerator<R, RecordReport, undefined> {
    this.#lifetime.rejectIfClosed(name);
    checkRecordOptions(options, name);
    checkSource(records, name, 'records');
    const asked = requestOf(this.#parts, name, options, 'document');
    const hashes = recordHashes(this.#parts, asked, options);
    const { engine, metrics } = this.#parts;
    const admit = <T>(work: () => Promise<T>) => this.#lifetime.admit(name, work);
    const watch = this.#watch(asked, options.signal);
    const run = (scope: CallScope) =>
      watch.begin(() => embedRecords(records, { engine, asked, hashes, options: { ...options }, scope, admit, watch }));
    return inScope(name, options, run, (ms, failure) => {
      metrics.onCall(ms, failure, options.signal);
      watch.end(failure);
    });
  }

  /** The tokens of each text, uncut and without a prompt. */
  async tokenize(texts: readonly string[], options: TokenizeOptions = {}): Promise<TokenizedText[]> {
    checkTokenizeOptions(options);
    const { addSpecialTokens = true } = options;
    return this.#onTexts('tokenize', texts, options, (checked, signal) =>
      tokenize(this.#parts.engine.tokenizer, checked, addSpecialTokens, signal),
    );
  }

  /** Tokens per text, special tokens counted, uncut and without a prompt. */
  async countTokens(texts: readonly string[], options: LimitOptions = {}): Promise<Uint32Array> {
    checkLimitOptions(options, 'countTokens');
    return this.#onTexts('countTokens', texts, options, (checked, signal) =>
      countTokens(this.#parts.engine.tokenizer, checked, signal),
    );
  }

  /** The text of token ids; `''` for none. Not always the text they came from: most tokenizers normalise. */
  async decode(ids: TokenIds, options: DecodeOptions = {}): Promise<string> {
    checkDecodeOptions(options);
    const { engine } = this.#parts;
    if (!Array.isArray(ids) && !(ids instanceof Uint32Array)) throw invalidArgument('ids', 'token ids', ids);
    const { skipSpecialTokens = true } = options;
    return this.#call('decode', options, async () => {
      if (ids.length === 0) return '';
      const checked = checkInput(copyOf(ids), { vocabSize: engine.tokenizer.vocabSize }) as Uint32Array;
      return decode(engine.tokenizer, checked, skipSpecialTokens);
    });
  }

  /** Takes no new calls, waits for those in flight, and frees the model. Closing twice is closing once. */
  close(): Promise<void> {
    return this.#lifetime.close(async () => {
      await this.#parts.engine.scheduler.drain();
      await closeParts(this.#parts);
    });
  }

  /** As `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #embedList<D extends Dtype>(
    name: string,
    inputs: readonly Input[],
    options: EmbedListOptions<D>,
    inputType?: InputType,
  ): Promise<Embeddings<D>> {
    this.#lifetime.rejectIfClosed(name);
    checkEmbedListOptions(options, name);
    const asked = requestOf(this.#parts, name, options, inputType);
    const { request, rules, codec } = asked;
    const copy = snapshot(inputs, name);
    return this.#embedCall(options, asked, async (scope) => {
      // With a cache nothing may have to be computed: the queue is looked at when something has.
      const { scheduler, cache } = this.#parts.engine;
      if (copy.length > 0 && !cache) scheduler.admission.check(request.call);
      if (options.clean) await cleanInputs(copy, options.clean, scope.signal);
      const checked = await checkInputs(copy, rules, scope.signal);
      return embedList(this.#parts.engine, request, checked, codec, scope);
    });
  }

  #onTexts<T>(
    name: string,
    texts: readonly string[],
    limits: CallLimits,
    work: (checked: readonly string[], signal: StopSignal) => Promise<T>,
  ): Promise<T> {
    const copy = snapshot(texts, name);
    const rules = { vocabSize: this.#parts.engine.tokenizer.vocabSize, noTokenIds: `${name} takes texts` };
    return this.#call(name, limits, async ({ signal }) => {
      return work((await checkInputs(copy, rules, signal)) as string[], signal);
    });
  }

  /** A call that gives vectors: others may watch it. */
  #embedCall<T>(limits: CallLimits, asked: Asked<Dtype>, work: (scope: CallScope) => Promise<T>): Promise<T> {
    const watch = this.#watch(asked, limits.signal);
    return watch.over(() => this.#call(asked.request.call.name, limits, work));
  }

  #watch({ request, codec }: Asked<Dtype>, signal: AbortSignal | undefined): CallWatch {
    const { name: method, priority } = request.call;
    const describe = () => {
      const { pipeline, info } = this.#parts;
      const dimensions = request.infer.output === 'tokens' ? pipeline.hiddenSize : codec.dimensions;
      return { operation: 'embeddings', method, model: info.model, dimensions, dtype: codec.dtype, priority } as const;
    };
    return new CallWatch(describe, signal);
  }

  /** Runs one call in a scope of its own. Its promise may settle before its work does, when an abort or a timeout ends it. */
  async #call<T>(name: string, limits: CallLimits, work: (scope: CallScope) => Promise<T>): Promise<T> {
    this.#lifetime.rejectIfClosed(name);
    const scope = new CallScope(name, limits);
    const started = performance.now();
    let failure: { reason: unknown } | undefined;
    try {
      scope.signal.throwIfAborted();
      return await scope.race(this.#lifetime.admit(name, () => work(scope)));
    } catch (reason) {
      failure = { reason };
      throw reason;
    } finally {
      scope.end();
      this.#parts.metrics.onCall(performance.now() - started, failure, limits.signal);
    }
  }
}
