/** `ovembed/langchain`: an embedder as `Embeddings` of LangChain.js. Needs @langchain/core. */
import type { Embeddings } from '@langchain/core/embeddings';
import { requirePeer } from '../../peers.js';
import { defineEmbeddings, type OvembedEmbeddingsMembers, type OvembedEmbeddingsParams } from './embeddings.js';

export type { TextEmbedder } from '../../text-embedder.js';
export type { CallerParams, OvembedEmbeddingsParams } from './embeddings.js';

/** Vectors of texts for LangChain's stores and retrievers, computed in this process. */
export interface OvembedEmbeddings extends Embeddings, OvembedEmbeddingsMembers {
  embedDocuments(documents: string[]): Promise<number[][]>;
  embedQuery(query: string): Promise<number[]>;
}
const core = requirePeer(() => require('@langchain/core/embeddings'), 'LangChain embeddings', '@langchain/core');
/** A subclass of the `Embeddings` of your copy of LangChain. */
export const OvembedEmbeddings = defineEmbeddings(core.Embeddings) as unknown as {
  /** @throws OvembedError `ERR_INVALID_ARGUMENT` */
  new (params?: OvembedEmbeddingsParams): OvembedEmbeddings;
};
