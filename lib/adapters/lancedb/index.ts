/**
 * `ovembed/lancedb`: an embedder as an embedding function of LanceDB, in its registry as `ovembed` once this is loaded. Needs
 * @lancedb/lancedb, which is one module for `import` and `require`.
 */
import type { TextEmbeddingFunction } from '@lancedb/lancedb/embedding';
import { requirePeer } from '../../peers.js';
import type { StoredModelOptions } from '../stored-model.js';
import { defineFunction, NAME, type OvembedFunctionMembers } from './function.js';

export type { TextEmbedder } from '../../text-embedder.js';
export { closeEmbedders, type StoredConfig, type StoredModelOptions } from '../stored-model.js';

/** Vectors of a table's texts and of what it is searched for. */
export interface OvembedEmbeddingFunction extends TextEmbeddingFunction, OvembedFunctionMembers {
  generateEmbeddings(texts: string[]): Promise<number[][]>;
}

const lance = requirePeer(() => require('@lancedb/lancedb/embedding'), 'LanceDB functions', '@lancedb/lancedb');
/** A subclass of the `TextEmbeddingFunction` of your copy of LanceDB. */
export const OvembedEmbeddingFunction = defineFunction(lance.TextEmbeddingFunction) as unknown as {
  /** @throws OvembedError `ERR_INVALID_ARGUMENT` */
  new (options?: StoredModelOptions): OvembedEmbeddingFunction;
  /** Loads the model, whose width a schema needs. */
  create(options?: StoredModelOptions): Promise<OvembedEmbeddingFunction>;
};

// Once: LanceDB refuses a second one, and another copy of this package may have been first.
if (!lance.getRegistry().get(NAME)) lance.register(NAME)(OvembedEmbeddingFunction);
