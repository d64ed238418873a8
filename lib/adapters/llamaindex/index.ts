/** `ovembed/llamaindex`: an embedder as `BaseEmbedding` of LlamaIndex.TS, whose authors maintain it no longer. Needs @llamaindex/core. */
import type { BaseEmbedding } from '@llamaindex/core/embeddings';
import { requirePeer } from '../../peers.js';
import { defineEmbedding, type OvembedEmbeddingMembers, type OvembedEmbeddingParams } from './embedding.js';

export type { TextEmbedder } from '../../text-embedder.js';
export type { OvembedEmbeddingParams } from './embedding.js';

/** Vectors of texts for LlamaIndex's pipelines and indices, computed in this process. */
export interface OvembedEmbedding extends BaseEmbedding, OvembedEmbeddingMembers {}

const core = requirePeer(() => require('@llamaindex/core/embeddings'), 'LlamaIndex embeddings', '@llamaindex/core');
/** A subclass of the `BaseEmbedding` of your copy of LlamaIndex. */
export const OvembedEmbedding = defineEmbedding(core.BaseEmbedding as never) as unknown as {
  /** @throws OvembedError `ERR_INVALID_ARGUMENT` */
  new (params?: OvembedEmbeddingParams): OvembedEmbedding;
};
