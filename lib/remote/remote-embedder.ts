/** The embedder of another process, used like one of this: `Embedder.connect`. */

import { EmbeddingStream, type Source } from '../batching/stream.js';
import type { StreamJob } from '../batching/stream-run.js';
import { checkSource } from '../batching/stream-source.js';
import { CallWatch, type WatchedCall } from '../call-watch.js';
import type { Embeddings } from '../embeddings.js';
import { invalidArgument } from '../errors.js';
import type { EmbedderInfo } from '../info.js';
import { checkInput, checkInputs, copyOf, type Input, type ModelInput, snapshot, type TokenIds } from '../input.js';
import { Lifetime } from '../lifetime.js';
import {
  checkDecodeOptions,
  checkEmbedListOptions,
  checkEmbedOptions,
  checkInputOptions,
  checkLimitOptions,
  checkStreamOptions,
  checkTokenizeOptions,
  type DecodeOptions,
  type EmbedListOptions,
  type EmbedOptions,
  type InputOptions,
  type LimitOptions,
  type StreamOptions,
  type TokenizeOptions,
} from '../options.js';
import { CallScope, platformSignal } from '../signals.js';
import { cleanInputs, cleanSource } from '../text/clean-inputs.js';
import type { TokenEmbeddings } from '../text/token-embeddings.js';
import type { TokenizedText } from '../text/tokenization.js';
import type { TextEmbedder } from '../text-embedder.js';
import type { Dtype, DtypeArrays } from '../vectors/dtype.js';
import { Connection, type ConnectOptions } from './connection.js';
import { Joined } from './joined.js';
import { askInfo, askOffer, type RemoteInfo } from './offer.js';
import { inRequests, RemoteModel, type Sending } from './remote-model.js';
import { decodeEmbeddings, decodeTokenEmbeddings, parseAnswer } from './wire.js';

const DEFAULT_STREAM_BATCH_SIZE = 512;
const DEFAULT_QUERY_TIMEOUT_MS = 30_000;
/** Their vectors are a hundred times as many. */
const MOST_INPUTS_FOR_TOKENS = 64;
/** Nobody but the server knows the vocabulary. */
const RULES = { vocabSize: Infinity };

/** What belongs to a call, and goes with each of its requests. */
type Way = Pick<Sending, 'scope' | 'headers'>;

/** Methods that give no vectors. */
const OTHER_OPERATIONS: Readonly<Record<string, WatchedCall['operation']>> = {
  tokenize: 'tokenize',
  countTokens: 'count_tokens',
  decode: 'decode',
};

/** What calls use where they do not say, as given to `Embedder.load`. */
export interface RemoteDefaults {
  timeoutMs?: number | undefined;
  queueTimeoutMs?: number | undefined;
}

/**
 * A model of a server. Methods, options, results and errors are those of `Embedder`; beyond them every method rejects with
 * `ERR_DEVICE_UNAVAILABLE` where the server does not answer for `reconnectMs`, or has another model now. A server that comes
 * back is used again.
 */
export class RemoteEmbedder implements TextEmbedder {
  readonly #model: RemoteModel;
  readonly #defaults: RemoteDefaults;
  readonly #lifetime = new Lifetime();
  /** What is told of the model, when it was connected to. */
  readonly info: EmbedderInfo;

  /** @internal */
  constructor(connection: Connection, { name, info }: Omit<RemoteInfo, 'version'>, defaults: RemoteDefaults = {}) {
    this.#model = new RemoteModel(connection, name, info);
    this.#defaults = defaults;
    this.info = info;
  }

  /** One vector per document, in the order of the list; the model's prompt for documents goes in front of each. */
  embedDocuments<D extends Dtype = 'float32'>(
    documents: readonly Input[],
    options: EmbedListOptions<D> = {},
  ): Promise<Embeddings<D>> {
    return this.#embedList('embedDocuments', documents, { inputType: 'document', ...options });
  }

  /** One vector per input, in the order of the list; `inputType` says what they are. */
  embed<D extends Dtype = 'float32'>(
    inputs: readonly Input[],
    options: EmbedListOptions<D> = {},
  ): Promise<Embeddings<D>> {
    return this.#embedList('embed', inputs, options);
  }

  /** The vector of a query; the model's prompt for queries goes in front of it. `timeoutMs` defaults to 30 seconds. */
  async embedQuery<D extends Dtype = 'float32'>(query: Input, options: EmbedOptions<D> = {}): Promise<DtypeArrays[D]> {
    checkEmbedOptions(options, 'embedQuery');
    const { timeoutMs = DEFAULT_QUERY_TIMEOUT_MS } = this.#defaults;
    const asked: EmbedOptions<D> = { inputType: 'query', priority: 'interactive', timeoutMs, ...options };
    refuseRanges(asked);
    const { data } = await this.#call('embedQuery', asked, async (way) => {
      const inputs = [checkInput(copyOf(query), RULES)];
      return this.#embed(inputs, asked, way);
    });
    return data;
  }

  /** A vector per token of each input, in the order of the list. */
  async embedTokens(inputs: readonly Input[], options: InputOptions = {}): Promise<TokenEmbeddings[]> {
    checkInputOptions(options, 'embedTokens');
    const copy = snapshot(inputs, 'embedTokens');
    return this.#call('embedTokens', options, async (way) => {
      const requests = inRequests(await checkInputs(copy, RULES, way.scope.signal), MOST_INPUTS_FOR_TOKENS);
      const answers = this.#model.post('embed-tokens', requests, (inputs) => ({ inputs: plain(inputs) }), {
        ...way,
        options,
      });
      const texts: TokenEmbeddings[] = [];
      for await (const bytes of answers) texts.push(...decodeTokenEmbeddings(bytes));
      return texts;
    });
  }

  /**
   * Vectors of a source of any length, in constant memory, and in its order unless `ordered` is false. Options that do not fit
   * throw at once; later errors come from `next()`.
   */
  stream<D extends Dtype = 'float32'>(source: Source, options: StreamOptions<D> = {}): EmbeddingStream<D> {
    this.#lifetime.rejectIfClosed('stream');
    checkStreamOptions(options);
    refuseRanges(options);
    checkSource(source, 'stream');
    const { batchSize = DEFAULT_STREAM_BATCH_SIZE, ordered = true, clean, signal, timeoutMs, ...asked } = options;
    const headers = {};
    const watch = this.#watch('stream', options, headers);
    return new EmbeddingStream({
      name: 'stream',
      source: clean ? cleanSource(source, clean) : source,
      batchSize,
      ordered,
      rules: RULES,
      embed: this.#windows(asked, headers),
      limits: { signal, timeoutMs },
      admit: async (work) => this.#lifetime.admit('stream', work),
      watch,
      onEnd: (_, failure) => watch.end(failure),
    });
  }

  /** Windows of one stream, each in a scope of its own: where one fails, those before it go on. */
  #windows<D extends Dtype>(options: EmbedOptions<D>, headers: Record<string, string>): StreamJob<D>['embed'] {
    let stop: AbortSignal | undefined;
    return async (window, { first, inputs }, signal, onRows) => {
      stop ??= platformSignal(signal);
      const scope = new CallScope('stream', { signal: stop });
      try {
        const result = await this.#embed(inputs, options, { scope, headers, isLetIn: first > 0 });
        window.fill(result);
        onRows(Uint32Array.from(result.tokens, (_, row) => row));
      } finally {
        scope.end();
      }
    };
  }

  /** The tokens of each text, uncut and without a prompt. */
  async tokenize(texts: readonly string[], options: TokenizeOptions = {}): Promise<TokenizedText[]> {
    checkTokenizeOptions(options);
    const rows = await this.#onTexts<number[][]>('tokenize', 'tokenize', texts, options);
    return rows.map(([ids = [], offsets = [], mask = []]) => ({
      ids: Uint32Array.from(ids),
      offsets: Uint32Array.from(offsets),
      specialTokensMask: Uint8Array.from(mask),
    }));
  }

  /** Tokens per text, special tokens counted, uncut and without a prompt. */
  async countTokens(texts: readonly string[], options: LimitOptions = {}): Promise<Uint32Array> {
    checkLimitOptions(options, 'countTokens');
    return Uint32Array.from(await this.#onTexts<number>('countTokens', 'count-tokens', texts, options));
  }

  /** The text of token ids; `''` for none. */
  async decode(ids: TokenIds, options: DecodeOptions = {}): Promise<string> {
    checkDecodeOptions(options);
    if (!Array.isArray(ids) && !(ids instanceof Uint32Array)) throw invalidArgument('ids', 'token ids', ids);
    return this.#call('decode', options, async (way) => {
      if (ids.length === 0) return '';
      const [answer] = await collect(
        this.#model.post('decode', [ids], () => ({ ids: Array.from(ids) }), { ...way, options }),
      );
      return (parseAnswer(answer as Buffer) as { text: string }).text;
    });
  }

  /** Takes no new calls, waits for those under way and closes the connections; the server goes on. */
  close(): Promise<void> {
    return this.#lifetime.close(() => this.#model.close());
  }

  /** As `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #embedList<D extends Dtype>(
    name: string,
    inputs: readonly Input[],
    options: EmbedListOptions<D>,
  ): Promise<Embeddings<D>> {
    checkEmbedListOptions(options, name);
    refuseRanges(options);
    const { clean, ...asked } = options;
    const copy = snapshot(inputs, name);
    return this.#call(name, asked, async (way) => {
      if (clean) await cleanInputs(copy, clean, way.scope.signal);
      return this.#embed(await checkInputs(copy, RULES, way.scope.signal), asked, way);
    });
  }

  async #embed<D extends Dtype>(
    inputs: readonly ModelInput[],
    given: EmbedOptions<D>,
    sending: Omit<Sending, 'options'>,
  ): Promise<Embeddings<D>> {
    const { queueTimeoutMs } = this.#defaults;
    const isLimited = given.priority === 'interactive' && queueTimeoutMs !== undefined;
    const options = isLimited ? { queueTimeoutMs, ...given } : given;
    const requests = [...inRequests(inputs)];
    const answers = this.#model.post('embed', requests, (inputs) => ({ inputs: plain(inputs) }), {
      options,
      ...sending,
    });
    const joined = new Joined<D>(inputs.length);
    for await (const bytes of answers) {
      const result = decodeEmbeddings<D>(bytes);
      if (requests.length === 1) return result;
      joined.add(result);
    }
    return joined.result;
  }

  /** A row for each text, as JSON. */
  #onTexts<T>(name: string, route: string, texts: readonly string[], options: LimitOptions): Promise<T[]> {
    const copy = snapshot(texts, name);
    return this.#call(name, options, async (way) => {
      const rules = { ...RULES, noTokenIds: `${name} takes texts` };
      const requests = inRequests((await checkInputs(copy, rules, way.scope.signal)) as string[]);
      const answers = await collect(this.#model.post(route, requests, (texts) => ({ texts }), { ...way, options }));
      return answers.flatMap((bytes) => parseAnswer(bytes) as T[]);
    });
  }

  /** Runs one call in a scope of its own, as `Embedder` does; others may watch it. */
  #call<T>(name: string, options: LimitOptions, work: (way: Way) => Promise<T>): Promise<T> {
    const headers = {};
    return this.#watch(name, options, headers).over(() =>
      this.#scoped(name, options, (scope) => work({ scope, headers })),
    );
  }

  #watch(
    method: string,
    { signal, dimensions = this.info.dimensions, dtype = 'float32', priority }: EmbedOptions<Dtype>,
    headers: Record<string, string>,
  ): CallWatch {
    const describe = (): WatchedCall => {
      const operation = OTHER_OPERATIONS[method] ?? 'embeddings';
      const asked = operation === 'embeddings' && method !== 'embedTokens' && { dimensions, dtype, priority };
      return { operation, method, ...this.#model.place, ...asked, headers };
    };
    return new CallWatch(describe, signal);
  }

  async #scoped<T>(
    name: string,
    { signal, timeoutMs }: LimitOptions,
    work: (scope: CallScope) => Promise<T>,
  ): Promise<T> {
    const scope = new CallScope(name, { signal, timeoutMs });
    try {
      scope.signal.throwIfAborted();
      return await scope.race(this.#lifetime.admit(name, () => work(scope)));
    } finally {
      scope.end();
    }
  }
}

/** @throws OvembedError `ERR_DEVICE_UNAVAILABLE` where no ovembed of this version answers, and what the server refuses with */
export async function connect(address: string, options: ConnectOptions = {}): Promise<RemoteEmbedder> {
  const connection = await Connection.open(address, options);
  try {
    const offer = await askOffer(connection);
    return new RemoteEmbedder(connection, await askInfo(connection, offer, options.model));
  } catch (error) {
    await connection.close();
    throw error;
  }
}

function refuseRanges({ ranges }: { ranges?: unknown }): void {
  if (ranges) throw invalidArgument('ranges', 'none: the server has its own,', ranges);
}

const plain = (inputs: readonly ModelInput[]) =>
  inputs.map((input) => (typeof input === 'string' ? input : Array.from(input)));

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}
