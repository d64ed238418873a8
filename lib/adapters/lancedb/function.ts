/** LanceDB's `TextEmbeddingFunction`, which a table keeps in its schema and makes anew whenever it is used. */
import { embedQuery, embedRows } from '../rows.js';
import { type StoredConfig, StoredModel, type StoredModelOptions } from '../stored-model.js';

/** In LanceDB's registry, and so in schemas. */
export const NAME = 'ovembed';

const WHERE = 'OvembedEmbeddingFunction';

/** What is here beyond LanceDB's interface. */
export interface OvembedFunctionMembers extends AsyncDisposable {
  /** Vectors by the model's prompt for documents. */
  generateEmbeddings(texts: string[]): Promise<number[][]>;
  /** The vector of what a table is searched for, by the model's prompt for queries. */
  computeQueryEmbeddings(text: string): Promise<Float32Array>;
  /** Width of the vectors; undefined until `init`, unless `dimensions` were given. */
  ndims(): number | undefined;
  /** Loads the model. LanceDB awaits it where it makes a function. */
  init(): Promise<void>;
  /** What a schema keeps: the model's name, what decides its vectors, its fingerprint. */
  toJSON(): Record<string, unknown>;
  /** Closes a model that was loaded by name, for all functions of it; an embedder that was given stays open. */
  close(): Promise<void>;
}

/** Of LanceDB's class, what is used here. */
declare abstract class BaseFunction {
  protected resolveVariables(config: object): object;
  toJSON(): Record<string, unknown>;
}

const isVariable = (value: unknown) => typeof value === 'string' && value.startsWith('$var:');

/** @returns a subclass of `Base`, which the entry of the package casts to its own types */
export function defineFunction(
  Base: typeof BaseFunction,
): new (
  options?: StoredModelOptions,
) => OvembedFunctionMembers {
  return class OvembedEmbeddingFunction extends Base implements OvembedFunctionMembers {
    readonly #model: StoredModel;
    /** Options that are `$var:name`. */
    readonly #variables: Record<string, unknown>;

    constructor(given: StoredModelOptions | StoredConfig = {}) {
      super();
      const { embedder, ...rest } = given as StoredModelOptions;
      this.#variables = Object.fromEntries(Object.entries(rest).filter(([, value]) => isVariable(value)));
      const options = { ...this.resolveVariables(rest), ...(embedder && { embedder }) };
      this.#model = StoredModel.of(options, WHERE);
    }

    static async create(options: StoredModelOptions = {}): Promise<OvembedEmbeddingFunction> {
      const made = new OvembedEmbeddingFunction(options);
      await made.init();
      return made;
    }

    async generateEmbeddings(texts: string[]): Promise<number[][]> {
      const asked = { inputType: 'document' as const, ...this.#model.callOptions };
      return (await embedRows(this.#model, texts, asked)).vectors;
    }

    async computeQueryEmbeddings(text: string): Promise<Float32Array> {
      return embedQuery(this.#model, text);
    }

    ndims(): number | undefined {
      return this.#model.dimensions;
    }

    async init(): Promise<void> {
      await this.#model.get();
    }

    /** Variables are kept as such, as LanceDB wants it. All else is not asked: a cache or a signal is no JSON. */
    override toJSON(): Record<string, unknown> {
      return { ...this.#model.config, ...this.#variables };
    }

    close(): Promise<void> {
      return this.#model.close();
    }

    [Symbol.asyncDispose](): Promise<void> {
      return this.close();
    }
  };
}
