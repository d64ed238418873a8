/** The embedder of another process, used like one of this: `Embedder.connect`. */
import type { StreamItem } from '../batching/stream.js';
import { type Embeddings, rowOf } from '../embeddings.js';
import { invalidArgument, OvembedError } from '../errors.js';
import type { EmbedderInfo } from '../info.js';
import { checkInput, copyOf, type Input, snapshot, type TokenIds } from '../input.js';
import {
  checkDecodeOptions,
  checkEmbedOptions,
  checkInputOptions,
  checkLimitOptions,
  checkStreamOptions,
  checkTokenizeOptions,
  type DecodeOptions,
  type EmbedOptions,
  type InputOptions,
  type LimitOptions,
  type StreamOptions,
  type TokenizeOptions,
} from '../options.js';
import type { TokenEmbeddings } from '../text/token-embeddings.js';
import type { TokenizedText } from '../text/tokenization.js';
import type { Dtype, DtypeArrays } from '../vectors/dtype.js';
import { Connection, type ConnectOptions } from './connection.js';
import { decodeEmbeddings, decodeTokenEmbeddings } from './wire.js';

const DEFAULT_STREAM_BATCH_SIZE = 512;
/** Windows of a stream under way: while one is computed, the next is on its way. */
const WINDOWS_AT_ONCE = 2;

/** What an embedder does, wherever its model is. */
export interface RemoteInfo {
  /** Of the server. */
  readonly version: string;
  /** What the server calls the model. */
  readonly name: string;
  readonly info: EmbedderInfo;
}

/**
 * A model of a server. Methods, options, results and errors are those of `Embedder`; beyond them every method rejects with
 * `ERR_DEVICE_UNAVAILABLE` where the server does not answer. A server that comes back is used again.
 */
export class RemoteEmbedder implements AsyncDisposable {
  readonly #connection: Connection;
  readonly #model: string;
  /** What is told of the model, when it was connected to. */
  readonly info: EmbedderInfo;
  #closed = false;

  /** @internal */
  constructor(connection: Connection, { name, info }: RemoteInfo) {
    this.#connection = connection;
    this.#model = name;
    this.info = info;
  }

  /** One vector per document, in the order of the list; the model's prompt for documents goes in front of each. */
  embedDocuments<D extends Dtype = 'float32'>(
    documents: readonly Input[],
    options: EmbedOptions<D> = {},
  ): Promise<Embeddings<D>> {
    return this.#embed('embedDocuments', documents, { inputType: 'document', ...options });
  }

  /** One vector per input, in the order of the list; `inputType` says what they are. */
  embed<D extends Dtype = 'float32'>(inputs: readonly Input[], options: EmbedOptions<D> = {}): Promise<Embeddings<D>> {
    return this.#embed('embed', inputs, options);
  }

  /** The vector of a query; the model's prompt for queries goes in front of it. */
  async embedQuery<D extends Dtype = 'float32'>(query: Input, options: EmbedOptions<D> = {}): Promise<DtypeArrays[D]> {
    const asked: EmbedOptions<D> = { inputType: 'query', priority: 'interactive', ...options };
    const { data } = await this.#embed('embedQuery', [copyOf(query)], asked);
    return data;
  }

  /** A vector per token of each input, in the order of the list. */
  async embedTokens(inputs: readonly Input[], options: InputOptions = {}): Promise<TokenEmbeddings[]> {
    checkInputOptions(options, 'embedTokens');
    const body = { inputs: this.#inputs('embedTokens', inputs), ...this.#ask(options) };
    return decodeTokenEmbeddings(await this.#connection.post('/ovembed/v1/embed-tokens', body, options.signal));
  }

  /** Vectors of a source of any length, in its order and in constant memory. */
  async *stream<D extends Dtype = 'float32'>(
    source: Iterable<Input> | AsyncIterable<Input>,
    options: StreamOptions<D> = {},
  ): AsyncGenerator<StreamItem<D>, void, undefined> {
    checkStreamOptions(options);
    const { batchSize = DEFAULT_STREAM_BATCH_SIZE, ordered: _, ...call } = options;
    const underWay: { first: number; result: Promise<Embeddings<D>> }[] = [];
    let first = 0;
    for await (const inputs of inWindows(source, batchSize)) {
      const result = this.#embed('stream', inputs, call as EmbedOptions<D>);
      result.catch(() => {}); // told when its turn comes
      underWay.push({ first, result });
      first += inputs.length;
      if (underWay.length === WINDOWS_AT_ONCE) yield* items(underWay.shift() as (typeof underWay)[number]);
    }
    for (const window of underWay) yield* items(window);
  }

  /** The tokens of each text, uncut and without a prompt. */
  async tokenize(texts: readonly string[], options: TokenizeOptions = {}): Promise<TokenizedText[]> {
    checkTokenizeOptions(options);
    const body = { texts: this.#inputs('tokenize', texts), ...this.#ask(options) };
    const rows = await this.#connection.json<number[][][]>('/ovembed/v1/tokenize', body, options.signal);
    return rows.map(([ids = [], offsets = [], mask = []]) => ({
      ids: Uint32Array.from(ids),
      offsets: Uint32Array.from(offsets),
      specialTokensMask: Uint8Array.from(mask),
    }));
  }

  /** Tokens per text, special tokens counted, uncut and without a prompt. */
  async countTokens(texts: readonly string[], options: LimitOptions = {}): Promise<Uint32Array> {
    checkLimitOptions(options, 'countTokens');
    const body = { texts: this.#inputs('countTokens', texts), ...this.#ask(options) };
    return Uint32Array.from(await this.#connection.json<number[]>('/ovembed/v1/count-tokens', body, options.signal));
  }

  /** The text of token ids; `''` for none. */
  async decode(ids: TokenIds, options: DecodeOptions = {}): Promise<string> {
    checkDecodeOptions(options);
    if (ids.length === 0) return '';
    const body = { ids: Array.from(ids), ...this.#ask(options) };
    return (await this.#connection.json<{ text: string }>('/ovembed/v1/decode', body, options.signal)).text;
  }

  /** Waits for calls under way and closes the connections; the server goes on. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#connection.close();
  }

  /** As `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #embed<D extends Dtype>(
    name: string,
    inputs: readonly Input[],
    options: EmbedOptions<D>,
  ): Promise<Embeddings<D>> {
    checkEmbedOptions(options, name);
    if (options.ranges) throw invalidArgument('ranges', 'none: the server has its own,', options.ranges);
    const body = { inputs: this.#inputs(name, inputs), ...this.#ask(options) };
    return decodeEmbeddings<D>(await this.#connection.post('/ovembed/v1/embed', body, options.signal));
  }

  /** Checked here, so that what does not fit is told of before it is sent. */
  #inputs<T extends Input>(name: string, inputs: readonly T[]): (string | number[])[] {
    if (this.#closed) throw new OvembedError('ERR_CLOSED', `${name} was called after close().`);
    return snapshot(inputs, name).map((input, i) => {
      const checked = checkInput(input, { vocabSize: Infinity }, i);
      return typeof checked === 'string' ? checked : Array.from(checked);
    });
  }

  #ask({ signal, ...options }: LimitOptions): { model: string; options: object } {
    if (signal?.aborted) throw signal.reason;
    return { model: this.#model, options };
  }
}

/** @throws OvembedError `ERR_DEVICE_UNAVAILABLE` where nobody answers, and what the server refuses with */
export async function connect(address: string, { model, apiKey }: ConnectOptions = {}): Promise<RemoteEmbedder> {
  const connection = await Connection.open(address, apiKey ?? process.env.OVEMBED_API_KEY);
  try {
    const query = model === undefined ? '' : `?model=${encodeURIComponent(model)}`;
    return new RemoteEmbedder(connection, (await connection.get(`/ovembed/v1/info${query}`)) as RemoteInfo);
  } catch (error) {
    await connection.close();
    throw error;
  }
}

async function* inWindows<T>(source: Iterable<T> | AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let window: T[] = [];
  for await (const item of source) {
    window.push(item);
    if (window.length < size) continue;
    yield window;
    window = [];
  }
  if (window.length > 0) yield window;
}

async function* items<D extends Dtype>({ first, result }: { first: number; result: Promise<Embeddings<D>> }) {
  const embeddings = await result;
  const { timings, metadata } = embeddings;
  for (let row = 0; row < embeddings.length; row++) {
    yield {
      index: first + row,
      embedding: rowOf(embeddings, row) as DtypeArrays[D],
      tokens: embeddings.tokens[row] as number,
      originalTokens: embeddings.originalTokens[row] as number,
      truncated: embeddings.truncated[row] === 1,
      chunks: embeddings.chunks[row] as number,
      timings,
      metadata,
    };
  }
}
