/** OpenAI's client, for embeddings, with the model in this process: the same calls, results and errors, and no server. */
import { setTimeout as wait } from 'node:timers/promises';
import { aDuration, aNonEmptyString, type Check, type Checks, checkOptions, listOf } from '../../checks.js';
import type { Embedder } from '../../embedder.js';
import { type Embeddings, rowOf } from '../../embeddings.js';
import { invalidArgument, OvembedError } from '../../errors.js';
import { resolveLogger } from '../../logger.js';
import { extrasOf } from '../../server/extras.js';
import { HttpError, toHttpError } from '../../server/http-error.js';
import { inputsOf, nameField, refuseEmpty } from '../../server/inputs.js';
import { DEFAULT_LIMITS } from '../../server/limits.js';
import { openAiError } from '../../server/protocols/errors.js';
import { type GivenModel, type ServedModel, ServedModels } from '../../server/served-models.js';
import type { TextEmbedder } from '../../text-embedder.js';
import { toBase64 } from '../../vectors/base64.js';
import { withinLimits } from '../limits.js';
import { mayRetry } from '../retries.js';
import * as errors from './errors.js';
import { checkRequest, type EmbeddingCreateParams } from './request.js';

/** Whose vectors the client gives, and OpenAI's own options, as far as they mean something in a process. */
export interface ClientOptions {
  /** An embedder that its owner closes. */
  embedder?: TextEmbedder;
  /** What requests call it. Default: the model's name. */
  name?: string;
  /** Other names for it, such as `text-embedding-3-small` in a program that is not to be changed. */
  aliases?: readonly string[];
  /** In place of `embedder`: models as a server takes them, loaded with their first request. */
  models?: readonly GivenModel[];
  /** Milliseconds that a request may take; 0: no limit. Default 600,000, as OpenAI's client. */
  timeout?: number;
  /** Tries after a refusal that may pass, such as a full queue. Integer from 0. Default 2, as OpenAI's client. */
  maxRetries?: number;
  /** Ignored, as nobody is asked. */
  apiKey?: unknown;
  /** Ignored. */
  baseURL?: unknown;
}

/** Limits of one request, in place of the client's. */
export interface RequestOptions {
  signal?: AbortSignal | null | undefined;
  timeout?: number;
  maxRetries?: number;
}

/** A vector, and which input it is of. */
export interface Embedding {
  object: 'embedding';
  index: number;
  /** Declared as OpenAI's client does: with `encoding_format: 'base64'` it is a string. */
  embedding: number[];
}

/** As OpenAI's API answers; `usage` counts the tokens that were read. */
export interface CreateEmbeddingResponse {
  object: 'list';
  data: Embedding[];
  model: string;
  usage: { prompt_tokens: number; total_tokens: number };
}

/** A model by its first name. */
export interface Model {
  id: string;
  object: 'model';
  /** Seconds since 1970. */
  created: number;
  owned_by: string;
}

/** All models; one page. */
export interface ModelsPage extends AsyncIterable<Model> {
  object: 'list';
  data: Model[];
}

const aCount: Check = (value, name) => {
  if (!Number.isInteger(value) || (value as number) < 0) throw invalidArgument(name, 'an integer of at least 0', value);
};
const anything: Check = () => {};

const CHECKS: Checks<ClientOptions> = {
  embedder: (value, name) => {
    if (typeof (value as TextEmbedder)?.embed !== 'function') throw invalidArgument(name, 'an Embedder', value);
  },
  name: aNonEmptyString,
  aliases: listOf(aNonEmptyString),
  models: listOf(anything),
  timeout: aDuration,
  maxRetries: aCount,
  apiKey: anything,
  baseURL: anything,
};

/** In a process there are no strangers: a long text is cut, as the embedder does. */
const LIMITS = { ...DEFAULT_LIMITS, charactersPerToken: Infinity, tokens: Infinity };

/** Where a refusal does not say when to come again. */
const DEFAULT_WAIT_MS = 1_000;

/** Runs code that was written for `openai`'s embeddings: errors are instances of the classes that are its members, as there. */
export class OpenAI implements AsyncDisposable {
  static readonly OpenAI = OpenAI;
  static readonly OpenAIError = errors.OpenAIError;
  static readonly APIError = errors.APIError;
  static readonly BadRequestError = errors.BadRequestError;
  static readonly AuthenticationError = errors.AuthenticationError;
  static readonly PermissionDeniedError = errors.PermissionDeniedError;
  static readonly NotFoundError = errors.NotFoundError;
  static readonly ConflictError = errors.ConflictError;
  static readonly UnprocessableEntityError = errors.UnprocessableEntityError;
  static readonly RateLimitError = errors.RateLimitError;
  static readonly InternalServerError = errors.InternalServerError;
  static readonly APIConnectionError = errors.APIConnectionError;
  static readonly APIConnectionTimeoutError = errors.APIConnectionTimeoutError;
  static readonly APIUserAbortError = errors.APIUserAbortError;

  readonly embeddings: {
    /** Vectors of the inputs, in their order. */
    create(body: EmbeddingCreateParams, options?: RequestOptions): Promise<CreateEmbeddingResponse>;
  };
  readonly models: {
    /** A page to await, or its models to iterate over. */
    list(): Promise<ModelsPage> & AsyncIterable<Model>;
    /** Rejects with `NotFoundError` for a name that no model has. */
    retrieve(model: string): Promise<Model>;
  };
  readonly #served: ServedModels;
  readonly #timeout: number;
  readonly #maxRetries: number;

  /** @throws OvembedError `ERR_INVALID_ARGUMENT` */
  constructor(options: ClientOptions) {
    checkOptions(options, CHECKS, 'OpenAI');
    const { embedder, name, aliases, models, timeout = 600_000, maxRetries = 2 } = options;
    if ((embedder === undefined) === (models === undefined || models.length === 0)) {
      throw invalidArgument('the client', 'either embedder or models', options);
    }
    const given: GivenModel = { ...(name && { name }), ...(aliases && { aliases }), embedder: embedder as Embedder };
    this.#served = new ServedModels(models ?? [given], { logger: resolveLogger(undefined), memoryBytes: 0 });
    this.#timeout = timeout;
    this.#maxRetries = maxRetries;
    this.embeddings = { create: (body, options = {}) => this.#create(body, options) };
    this.models = { list: () => listed(this.#served.all), retrieve: async (model) => this.#retrieve(model) };
  }

  /** Closes what was loaded by name; an embedder that was given stays open. */
  close(): Promise<void> {
    return this.#served.close();
  }

  /** As `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #create(body: EmbeddingCreateParams, { signal, timeout, maxRetries }: RequestOptions) {
    const limits = { timeoutMs: timeout ?? this.#timeout, ...(signal && { signal }) };
    for (let left = maxRetries ?? this.#maxRetries; ; left--) {
      try {
        signal?.throwIfAborted();
        return await this.#embed(body, limits);
      } catch (error) {
        if (signal?.aborted) throw new errors.APIUserAbortError(signal.reason);
        if (left <= 0 || !mayRetry(error)) throw asOpenAi(error);
        await wait(error.retryAfterMs ?? DEFAULT_WAIT_MS, undefined, signal ? { signal } : {}).catch(() => {}); // told of at the top
      }
    }
  }

  async #embed(body: EmbeddingCreateParams, limits: { timeoutMs: number; signal?: AbortSignal }) {
    checkRequest(body);
    return withinLimits('embeddings.create', limits, (left) =>
      this.#served.use(body.model ?? undefined, async (embedder, { name }) => {
        const { inputs, isSingle } = inputsOf(body.input, 'input', embedder, LIMITS);
        refuseEmpty(inputs);
        const { dimensions, encoding_format } = body;
        const asked = { ...extrasOf(body, isSingle), ...(dimensions && { dimensions }), ...left() };
        const result = await embedder.embed(inputs, asked).catch(nameField);
        return responseOf(result, name, encoding_format === 'base64');
      }),
    );
  }

  #retrieve(model: string): Model {
    try {
      return describeModel(this.#served.named(model));
    } catch (error) {
      throw asOpenAi(error);
    }
  }
}

function responseOf(result: Embeddings, model: string, asBase64: boolean): CreateEmbeddingResponse {
  const { tokens } = result.usage;
  const vectorOf = (row: number) =>
    asBase64 ? (toBase64(rowOf(result, row)) as unknown as number[]) : Array.from(rowOf(result, row));
  return {
    object: 'list',
    data: Array.from({ length: result.length }, (_, index) => ({
      object: 'embedding' as const,
      index,
      embedding: vectorOf(index),
    })),
    model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}

const describeModel = ({ name, created }: ServedModel): Model => ({
  id: name,
  object: 'model',
  created,
  owned_by: 'ovembed',
});

/** A page to await, or its models to iterate over. */
function listed(models: readonly ServedModel[]): Promise<ModelsPage> & AsyncIterable<Model> {
  const data = models.map(describeModel);
  const iterable = {
    async *[Symbol.asyncIterator]() {
      yield* data;
    },
  };
  return Object.assign(Promise.resolve({ object: 'list' as const, data, ...iterable }), iterable);
}

/** What a server would answer, as OpenAI's client throws it. What is no failure of ours stays as it is. */
function asOpenAi(error: unknown): unknown {
  if (error instanceof OvembedError && error.code === 'ERR_TIMEOUT') return new errors.APIConnectionTimeoutError(error);
  if (!(error instanceof OvembedError || error instanceof HttpError)) return error;
  const failure = toHttpError(error);
  const { status, body } = openAiError(failure);
  const headers = new Headers();
  if (failure.retryAfterMs !== undefined) {
    headers.set('retry-after', String(Math.max(1, Math.ceil(failure.retryAfterMs / 1_000))));
    headers.set('retry-after-ms', String(Math.ceil(failure.retryAfterMs)));
  }
  return errors.errorOf(status, (body as { error: errors.ErrorObject }).error, headers, error);
}
