/** A provider of the AI SDK, for registries and for models by name. */

import type { LoadOptions } from '../../options.js';
import type { TextEmbedder } from '../../text-embedder.js';
import { noSuchModel } from './errors.js';
import {
  type ModelSettings,
  type OvembedModel,
  type OvembedModelOptions,
  ovEmbedding,
  type SpecificationVersion,
} from './model.js';

/** Which models a provider has, and how the SDK sees them. */
export interface OvembedProviderSettings<V extends SpecificationVersion = 'v3'>
  extends Omit<ModelSettings<V>, 'modelId'> {
  /** Embedders that their owner closes, by the names that programs use. */
  embedders?: Readonly<Record<string, TextEmbedder>>;
  /** Options of models that are loaded by name. `false`: no others than `embedders`. Default `{}`. */
  load?: LoadOptions | false;
}

/** A provider for the SDK's registries; called itself, it gives an embedding model. */
export interface OvembedProvider<V extends SpecificationVersion = 'v3'> extends AsyncDisposable {
  /** As `embeddingModel`. */
  (modelId: string): OvembedModel<V>;
  readonly specificationVersion: V;
  /** The same model each time, loaded with its first call. */
  embeddingModel(modelId: string): OvembedModel<V>;
  /** Throws the SDK's `NoSuchModelError`: there are none. */
  languageModel(modelId: string): never;
  /** Throws the SDK's `NoSuchModelError`: there are none. */
  imageModel(modelId: string): never;
  /** Closes what was loaded by name. */
  close(): Promise<void>;
}

/** @throws the SDK's `NoSuchModelError` from its methods, for other kinds of models and for names that are not there */
export function createOvembed<V extends SpecificationVersion = 'v3'>(
  settings: OvembedProviderSettings<V> = {},
): OvembedProvider<V> {
  const { embedders = {}, load = {}, ...shared } = settings;
  const models = new Map<string, OvembedModel<V>>();
  const make = (modelId: string): OvembedModel<V> => {
    const embedder = Object.hasOwn(embedders, modelId) ? embedders[modelId] : undefined;
    if (embedder) return ovEmbedding({ ...shared, modelId, embedder } as OvembedModelOptions<V>);
    if (load === false) throw noSuchModel(modelId, 'embeddingModel');
    return ovEmbedding({ ...shared, ...load, modelId, model: modelId } as OvembedModelOptions<V>);
  };
  const embeddingModel = (modelId: string) => {
    const model = models.get(modelId) ?? make(modelId);
    models.set(modelId, model);
    return model;
  };
  const close = async () => {
    await Promise.all(Array.from(models.values(), (model) => model.close()));
  };
  const others = {
    languageModel: (modelId: string) => {
      throw noSuchModel(modelId, 'languageModel');
    },
    imageModel: (modelId: string) => {
      throw noSuchModel(modelId, 'imageModel');
    },
  };
  const { specificationVersion = 'v3' as V } = settings;
  const members = { specificationVersion, embeddingModel, ...others, close, [Symbol.asyncDispose]: close };
  return Object.assign((modelId: string) => embeddingModel(modelId), members);
}
