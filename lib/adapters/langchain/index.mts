/** The same for `import`: a subclass of the class that LangChain has there, which is another than for `require`. */
import type { Embeddings } from '@langchain/core/embeddings';
import { importPeers } from '../../peers.js';
import { defineEmbeddings, type OvembedEmbeddingsMembers, type OvembedEmbeddingsParams } from './embeddings.js';

export type { TextEmbedder } from '../../text-embedder.js';
export type { CallerParams, OvembedEmbeddingsParams } from './embeddings.js';

/** Vectors of texts for LangChain's stores and retrievers, computed in this process. */
export interface OvembedEmbeddings extends Embeddings, OvembedEmbeddingsMembers {
  embedDocuments(documents: string[]): Promise<number[][]>;
  embedQuery(query: string): Promise<number[]>;
}
const core = await importPeers(() => import('@langchain/core/embeddings'), 'LangChain embeddings', '@langchain/core');
/** A subclass of the `Embeddings` of your copy of LangChain. */
export const OvembedEmbeddings = defineEmbeddings(core.Embeddings as never) as unknown as {
  /** @throws OvembedError `ERR_INVALID_ARGUMENT` */
  new (params?: OvembedEmbeddingsParams): OvembedEmbeddings;
};
