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
  readonly info: EmbedderInfo;
  embedDocuments<D extends Dtype = 'float32'>(
    documents: readonly Input[],
    options?: Omit<EmbedListOptions<D>, 'ranges'>,
  ): Promise<Embeddings<D>>;
  embed<D extends Dtype = 'float32'>(
    inputs: readonly Input[],
    options?: Omit<EmbedListOptions<D>, 'ranges'>,
  ): Promise<Embeddings<D>>;
  embedQuery<D extends Dtype = 'float32'>(
    query: Input,
    options?: Omit<EmbedOptions<D>, 'ranges'>,
  ): Promise<DtypeArrays[D]>;
  embedTokens(inputs: readonly Input[], options?: InputOptions): Promise<TokenEmbeddings[]>;
  stream<D extends Dtype = 'float32'>(
    source: Source,
    options?: Omit<StreamOptions<D>, 'ranges'>,
  ): AsyncIterable<StreamItem<D>>;
  tokenize(texts: readonly string[], options?: TokenizeOptions): Promise<TokenizedText[]>;
  countTokens(texts: readonly string[], options?: LimitOptions): Promise<Uint32Array>;
  decode(ids: TokenIds, options?: DecodeOptions): Promise<string>;
  close(): Promise<void>;
}
