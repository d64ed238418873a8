/** Chroma's `EmbeddingFunction`, which a collection remembers by its name and config. */
import { invalidArgument } from '../../errors.js';
import { embedRows } from '../rows.js';
import { firstDifference, type StoredConfig, StoredModel, type StoredModelOptions } from '../stored-model.js';

/** Chroma's names of distances: of angle, Euclidean, and by inner product. */
export type Space = 'cosine' | 'l2' | 'ip';

/** By which collections name it. */
export const NAME = 'ovembed';

const WHERE = 'OvembedEmbeddingFunction';

/**
 * `generate` takes the model's prompt for documents, `generateForQueries` that for queries. A collection keeps the model's name
 * and what decides its vectors, never a path: opened in another process, it loads that model with its first text.
 */
export class OvembedEmbeddingFunction implements AsyncDisposable {
  readonly name = NAME;
  readonly #model: () => StoredModel;

  /**
   * @param options an embedder, or a model that is loaded with the first call; `timeoutMs` limits each call
   * @param kept in place of them, what a collection has kept
   * @throws OvembedError `ERR_INVALID_ARGUMENT`
   */
  constructor(options: StoredModelOptions = {}, kept?: StoredConfig) {
    let model = kept ? undefined : StoredModel.of(options, WHERE);
    // Where making a function fails, Chroma goes on without one and says nothing: so what was kept is read at the first call.
    this.#model = () => {
      model ??= StoredModel.kept(kept as StoredConfig, WHERE);
      return model;
    };
  }

  /**
   * The same, with the model loaded: Chroma asks what to keep once, when a collection is made, and without it the fingerprint is
   * not known by then.
   * @param options an embedder, or a model that is loaded now; `timeoutMs` limits each call
   */
  static async create(options: StoredModelOptions = {}): Promise<OvembedEmbeddingFunction> {
    const made = new OvembedEmbeddingFunction(options);
    await made.#model().get();
    return made;
  }

  /** For Chroma, which calls it for a collection that says it was made with this function. */
  static buildFromConfig(config: StoredConfig): OvembedEmbeddingFunction {
    return new OvembedEmbeddingFunction({}, config);
  }

  /** `[]` for none. */
  async generate(texts: string[]): Promise<number[][]> {
    const model = this.#model();
    return (await embedRows(model, texts, { inputType: 'document', ...model.callOptions })).vectors;
  }

  /** One vector per query, by the model's prompt for queries. `[]` for none. */
  async generateForQueries(texts: string[]): Promise<number[][]> {
    const model = this.#model();
    const asked = { inputType: 'query' as const, priority: 'interactive' as const, ...model.callOptions };
    return (await embedRows(model, texts, asked)).vectors;
  }

  /** Most models are made for it, and vectors of length 1 are ranked alike by all three. */
  defaultSpace(): Space {
    return 'cosine';
  }

  /** All that Chroma has. */
  supportedSpaces(): Space[] {
    return ['cosine', 'l2', 'ip'];
  }

  /** The fingerprint of the model is in it once that is loaded: a collection made then refuses vectors of another. */
  getConfig(): StoredConfig {
    return this.#model().config;
  }

  /** @throws OvembedError `ERR_INVALID_ARGUMENT` */
  validateConfig(config: Record<string, unknown>): void {
    if (typeof config.model !== 'string') throw invalidArgument('model', 'the name of a model', config.model);
  }

  /** @throws OvembedError `ERR_INVALID_ARGUMENT` for another model: the vectors that are there would be of no use */
  validateConfigUpdate(config: Record<string, unknown>): void {
    const now = this.getConfig();
    const name = firstDifference(now, config);
    if (name) throw invalidArgument(name, `${JSON.stringify(now[name]) ?? 'none,'} as before`, config[name]);
  }

  /** Closes a model that was loaded by name, for all functions of it; an embedder that was given stays open. */
  close(): Promise<void> {
    return this.#model().close();
  }

  /** As `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** What is used of chromadb. */
interface Registry {
  knownEmbeddingFunctions?: ReadonlyMap<string, unknown>;
  registerEmbeddingFunction(name: string, fn: unknown): void;
}

/** Once: Chroma refuses a second one, and another copy of this package may have been first. */
export function registerWith({ knownEmbeddingFunctions, registerEmbeddingFunction }: Registry): void {
  if (!knownEmbeddingFunctions?.has(NAME)) registerEmbeddingFunction(NAME, OvembedEmbeddingFunction);
}
