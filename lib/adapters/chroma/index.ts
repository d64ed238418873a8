/** `ovembed/chroma`: an embedder as an embedding function of Chroma, known to its client once this is loaded. Needs chromadb. */
import { requirePeer } from '../../peers.js';
import { registerWith } from './function.js';

export type { TextEmbedder } from '../../text-embedder.js';
export { closeEmbedders, type StoredConfig, type StoredModelOptions } from '../stored-model.js';
export { OvembedEmbeddingFunction, type Space } from './function.js';

registerWith(requirePeer(() => require('chromadb'), 'Chroma collections', 'chromadb'));
