/** The same for `import`: a subclass of the class that LlamaIndex has there, which is another than for `require`. */
import type { BaseEmbedding } from '@llamaindex/core/embeddings';
import { importPeers } from '../../peers.js';
import { defineEmbedding, type OvembedEmbeddingMembers, type OvembedEmbeddingParams } from './embedding.js';

export type { TextEmbedder } from '../../text-embedder.js';
export type { OvembedEmbeddingParams } from './embedding.js';

/** Vectors of texts for LlamaIndex's pipelines and indices, computed in this process. */
export interface OvembedEmbedding extends BaseEmbedding, OvembedEmbeddingMembers {}

const core = await importPeers(
  () => import('@llamaindex/core/embeddings'),
  'LlamaIndex embeddings',
  '@llamaindex/core',
);
/** A subclass of the `BaseEmbedding` of your copy of LlamaIndex. */
export const OvembedEmbedding = defineEmbedding(core.BaseEmbedding as never) as unknown as {
  /** @throws OvembedError `ERR_INVALID_ARGUMENT` */
  new (params?: OvembedEmbeddingParams): OvembedEmbedding;
};
