/** The same for `import`: a subclass of the class that LangChain has there, which is another than for `require`. */
import type { Embeddings } from '@langchain/core/embeddings';
import { importPeers } from '../../peers.js';
import { defineEmbeddings, type OvembedEmbeddingsMembers, type OvembedEmbeddingsParams } from './embeddings.js';

export type { TextEmbedder } from '../../text-embedder.js';
export type { OvembedEmbeddingsParams } from './embeddings.js';

/** Vectors of texts for LangChain's stores and retrievers, computed in this process. */
export interface OvembedEmbeddings extends Embeddings, OvembedEmbeddingsMembers {
  embedDocuments(documents: string[]): Promise<number[][]>;
  embedQuery(query: string): Promise<number[]>;
}
const core = await importPeers(() => import('@langchain/core/embeddings'), 'LangChain embeddings', '@langchain/core');
export const OvembedEmbeddings = defineEmbeddings(core.Embeddings as never) as unknown as new (
  params?: OvembedEmbeddingsParams,
) => OvembedEmbeddings;
