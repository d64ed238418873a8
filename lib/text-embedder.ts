/** What an embedder does wherever its model is: in this process (`Embedder`), or in another (`RemoteEmbedder`). */
import type { Source, StreamItem } from './batching/stream.js';
import type { Embeddings } from './embeddings.js';
import type { EmbedderInfo } from './info.js';
import type { Input, TokenIds } from './input.js';
import type {
  DecodeOptions,
  EmbedListOptions,
  EmbedOptions,
  InputOptions,
  LimitOptions,
  StreamOptions,
  TokenizeOptions,
} from './options.js';
import type { TokenEmbeddings } from './text/token-embeddings.js';
import type { TokenizedText } from './text/tokenization.js';
import type { Dtype, DtypeArrays } from './vectors/dtype.js';

/** The methods and results are those of `Embedder`, where they are described. `ranges` are of the process that has the model. */
export interface TextEmbedder extends AsyncDisposable {
  /** What was loaded, and why so: model, fingerprint, dimensions, device, precision. */
  readonly info: EmbedderInfo;
  /** A vector per document, by the prompt for documents. */
  embedDocuments<D extends Dtype = 'float32'>(
    documents: readonly Input[],
    options?: Omit<EmbedListOptions<D>, 'ranges'>,
  ): Promise<Embeddings<D>>;
  /** A vector per input, by the prompt that the options name. */
  embed<D extends Dtype = 'float32'>(
    inputs: readonly Input[],
    options?: Omit<EmbedListOptions<D>, 'ranges'>,
  ): Promise<Embeddings<D>>;
  /** The vector of one query, by the prompt for queries, ahead of lists. */
  embedQuery<D extends Dtype = 'float32'>(
    query: Input,
    options?: Omit<EmbedOptions<D>, 'ranges'>,
  ): Promise<DtypeArrays[D]>;
  /** A vector per token of each input. */
  embedTokens(inputs: readonly Input[], options?: InputOptions): Promise<TokenEmbeddings[]>;
  /** Vectors of a source of any length, in constant memory. */
  stream<D extends Dtype = 'float32'>(
    source: Source,
    options?: Omit<StreamOptions<D>, 'ranges'>,
  ): AsyncIterable<StreamItem<D>>;
  /** The tokens of each text, uncut and without a prompt. */
  tokenize(texts: readonly string[], options?: TokenizeOptions): Promise<TokenizedText[]>;
  /** Tokens per text, special tokens counted, uncut and without a prompt. */
  countTokens(texts: readonly string[], options?: LimitOptions): Promise<Uint32Array>;
  /** The text of token ids. */
  decode(ids: TokenIds, options?: DecodeOptions): Promise<string>;
  /** Takes no new calls and waits for those in flight. Closing twice is closing once. */
  close(): Promise<void>;
}
