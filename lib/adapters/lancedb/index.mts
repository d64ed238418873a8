/** The same class for `import`. The package is looked for here: Node reports what a CommonJS module throws on `import` twice. */
import { importPeers } from '../../peers.js';
import type { OvembedEmbeddingFunction as Class } from './index.js';

export type { TextEmbedder } from '../../text-embedder.js';
export { closeEmbedders, type StoredConfig, type StoredModelOptions } from '../stored-model.js';

await importPeers(() => import('@lancedb/lancedb/embedding'), 'LanceDB functions', '@lancedb/lancedb');
/** A subclass of the `TextEmbeddingFunction` of your copy of LanceDB. */
export const { OvembedEmbeddingFunction } = await import('./index.js');
export type OvembedEmbeddingFunction = Class;
