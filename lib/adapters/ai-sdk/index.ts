/** `ovembed/ai-sdk`: an embedder as an embedding model of Vercel's AI SDK, 6 or 7. Needs no package itself. */
export type { TextEmbedder } from '../../text-embedder.js';
export {
  type ModelCall,
  type ModelResult,
  type ModelSettings,
  type OvembedModel,
  type OvembedModelOptions,
  type OvembedProviderOptions,
  ovEmbedding,
  type SpecificationVersion,
} from './model.js';
export { createOvembed, type OvembedProvider, type OvembedProviderSettings } from './provider.js';
