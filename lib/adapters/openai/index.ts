/** `ovembed/openai`: OpenAI's client for embeddings, in process. Needs no package. */
import { OpenAI } from './client.js';

export type { RequestInputs } from '../../server/inputs.js';
export type { TextEmbedder } from '../../text-embedder.js';
export {
  type ClientOptions,
  type CreateEmbeddingResponse,
  type Embedding,
  type Model,
  type ModelsPage,
  OpenAI,
  type RequestOptions,
} from './client.js';
export * from './errors.js';
export type { EmbeddingCreateParams } from './request.js';
export default OpenAI;
