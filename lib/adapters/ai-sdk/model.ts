/** Embedding models of the AI SDK, by its interfaces `EmbeddingModelV3` (ai 6 and 7) and `EmbeddingModelV4` (ai 7). */
import { aNonEmptyString, type Checks, checkObject, checkOptions, oneOf } from '../../checks.js';
import { checkEmbedOptions, type InputType } from '../../options.js';
import type { TextEmbedder } from '../../text-embedder.js';
import type { CallOptions } from '../call-options.js';
import { type EmbedderOptions, LazyEmbedder } from '../lazy-embedder.js';
import { embedRows, type Rows, type RowsOptions } from '../rows.js';
import { markRetryable, tooManyValues } from './errors.js';

/** Versions of the SDK's interface of embedding models. */
export type SpecificationVersion = 'v3' | 'v4';

/** How the SDK sees the model. */
export interface ModelSettings<V extends SpecificationVersion = 'v3'> {
  /** `'v3'` is taken by ai 6 and 7, `'v4'` by ai 7 alone. Default `'v3'`. */
  specificationVersion?: V;
  /** What texts are, where `providerOptions.ovembed.inputType` says nothing else. Default: no prompt goes before them. */
  inputType?: InputType;
  /** Default: the model's name. */
  modelId?: string;
}

/** An embedder, or a model that is loaded with the first call; and how the SDK sees it. */
export type OvembedModelOptions<V extends SpecificationVersion = 'v3'> = EmbedderOptions & ModelSettings<V>;

/** `providerOptions.ovembed` of a call. */
export type OvembedProviderOptions = Omit<CallOptions, 'signal'> & { inputType?: InputType };

/** What the SDK hands over (`EmbeddingModelV3CallOptions`, `EmbeddingModelV4CallOptions`). */
export interface ModelCall {
  values: string[];
  /** Vectors are cut to this many dimensions. In v4, and with ai 7 in v3 too. */
  dimensions?: number | undefined;
  abortSignal?: AbortSignal | undefined;
  /** Of v3 and v4, whose JSON differs in what is read-only. */
  providerOptions?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined;
  headers?: Record<string, string | undefined> | undefined;
}

/** What the SDK gets: a vector per value, the tokens read, a warning where texts were cut. */
export interface ModelResult {
  embeddings: number[][];
  usage: { tokens: number };
  warnings: { type: 'other'; message: string }[];
  providerMetadata: { ovembed: { truncated: number; fingerprint: string } };
}

/** An embedding model as the SDK's `embed` and `embedMany` take it. */
export interface OvembedModel<V extends SpecificationVersion = 'v3'> extends AsyncDisposable {
  readonly specificationVersion: V;
  readonly provider: 'ovembed';
  readonly modelId: string;
  readonly maxEmbeddingsPerCall: number;
  readonly supportsParallelCalls: boolean;
  /** At most `maxEmbeddingsPerCall` values; the SDK's `TooManyEmbeddingValuesForCallError` for more. */
  doEmbed(call: ModelCall): Promise<ModelResult>;
  /** Closes a model that was loaded by name; an embedder that was given stays open. */
  close(): Promise<void>;
}

/** As OpenAI's, and what a server of ovembed takes. */
const MOST_VALUES = 2_048;

const SETTINGS_CHECKS: Checks<ModelSettings> = {
  specificationVersion: oneOf('v3', 'v4'),
  inputType: oneOf('query', 'document'),
  modelId: aNonEmptyString,
};

/**
 * A model for `embed` and `embedMany`. Everything is in closures: ai 7 calls methods of a v3 model on a proxy, which has no
 * private fields.
 * @throws OvembedError `ERR_INVALID_ARGUMENT`
 */
export function ovEmbedding<V extends SpecificationVersion = 'v3'>(
  options: OvembedModelOptions<V> = {},
): OvembedModel<V> {
  checkObject(options, 'ovEmbedding');
  const { specificationVersion = 'v3' as V, inputType, modelId, ...source } = options;
  checkOptions({ specificationVersion, inputType, modelId } as ModelSettings, SETTINGS_CHECKS, 'ovEmbedding');
  const lazy = new LazyEmbedder(source as EmbedderOptions, 'ovEmbedding', Object.keys(SETTINGS_CHECKS));
  const name = modelId ?? source.embedder?.info.model ?? source.model ?? 'default';
  const close = () => lazy.close();
  return {
    specificationVersion,
    provider: 'ovembed',
    modelId: name,
    maxEmbeddingsPerCall: MOST_VALUES,
    // One call keeps the device busy by itself. All calls of a long list at once would fill the queue and be refused.
    supportsParallelCalls: false,
    doEmbed: async (call) => {
      if (call.values.length > MOST_VALUES) throw tooManyValues(name, 'ovembed', MOST_VALUES, call.values);
      try {
        const asked = { ...defaultsOf(call, inputType), ...lazy.callOptionsWith(call.abortSignal), ...askedBy(call) };
        return resultOf(await embedRows(lazy, call.values, asked), await lazy.get());
      } catch (error) {
        throw markRetryable(error);
      }
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function defaultsOf({ values }: ModelCall, inputType: InputType | undefined): RowsOptions {
  return { priority: values.length === 1 ? 'interactive' : 'bulk', ...(inputType && { inputType }) };
}

/** @throws OvembedError `ERR_INVALID_ARGUMENT` for what is no option of a call */
function askedBy({ dimensions, providerOptions }: ModelCall): OvembedProviderOptions {
  const asked: OvembedProviderOptions = {
    ...(dimensions !== undefined && { dimensions }),
    ...providerOptions?.ovembed,
  };
  checkEmbedOptions(asked, 'providerOptions.ovembed');
  return asked;
}

function resultOf({ vectors, tokens, truncated }: Rows, { info }: TextEmbedder): ModelResult {
  const message = `${truncated} of ${vectors.length} texts are longer than the ${info.maxTokens} tokens that the model reads, and were cut.`;
  return {
    embeddings: vectors,
    usage: { tokens },
    warnings: truncated === 0 ? [] : [{ type: 'other', message }],
    providerMetadata: { ovembed: { truncated, fingerprint: info.fingerprint } },
  };
}
