/** The same for `import`: the client has one registry there and another for `require`. */
import { importPeers } from '../../peers.js';
import { registerWith } from './function.js';

export type { TextEmbedder } from '../../text-embedder.js';
export { closeEmbedders, type StoredConfig, type StoredModelOptions } from '../stored-model.js';
export { OvembedEmbeddingFunction, type Space } from './function.js';

registerWith(await importPeers(() => import('chromadb'), 'Chroma collections', 'chromadb'));
