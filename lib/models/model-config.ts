/** `config_sentence_transformers.json`: what holds for the model as a whole. */
import { type JsonObject, readJsonObject } from './json-file.js';

export const MODEL_CONFIG = 'config_sentence_transformers.json';

const SIMILARITIES = ['cosine', 'dot', 'euclidean', 'manhattan'];
const LARGEST_DIMENSION = 1_000_000;

export interface ModelConfig {
  /** Texts put in front of the input, by name. `query` and `document` are always there; the default is ''. */
  prompts: Record<string, string>;
  /** The prompt of calls that are neither a query's nor a document's. */
  defaultPromptName: string | null;
  /** `cosine`, `dot`, `euclidean` or `manhattan`; null if the model states none. */
  similarityFunction: string | null;
  /** Vectors are cut to this many dimensions, then normalised (sentence-transformers cuts last); null: not cut. */
  truncateDim: number | null;
}

/** What holds where a model states nothing. */
export function defaultModelConfig(): ModelConfig {
  return { prompts: { query: '', document: '' }, defaultPromptName: null, similarityFunction: null, truncateDim: null };
}

export async function readModelConfig(folder: string): Promise<ModelConfig> {
  const config = await readJsonObject(folder, MODEL_CONFIG);
  if (!config) return defaultModelConfig();
  const kind = config.string('model_type') ?? 'SentenceTransformer';
  if (kind !== 'SentenceTransformer') throw config.unsupported('model_type', '"SentenceTransformer" (dense vectors)');

  const prompts = readPrompts(config);
  const similarity = config.string('similarity_fn_name');
  return {
    prompts,
    defaultPromptName: defaultPromptName(config, prompts),
    // As sentence-transformers, which takes over only the names it knows.
    similarityFunction: similarity !== undefined && SIMILARITIES.includes(similarity) ? similarity : null,
    truncateDim: config.integer('truncate_dim', 1, LARGEST_DIMENSION) ?? null,
  };
}

function readPrompts(config: JsonObject): Record<string, string> {
  const { prompts } = defaultModelConfig();
  const stated = config.object('prompts');
  for (const name of stated?.keys ?? []) {
    const prompt = stated?.string(name) ?? '';
    if (!prompt.isWellFormed()) throw config.invalid('prompts', 'text without lone surrogates');
    prompts[name] = prompt;
  }
  return prompts;
}

function defaultPromptName(config: JsonObject, prompts: Record<string, string>): string | null {
  const name = config.string('default_prompt_name') ?? null;
  if (name !== null && !Object.hasOwn(prompts, name)) {
    throw config.invalid('default_prompt_name', `one of the prompts (${Object.keys(prompts).join(', ')})`);
  }
  return name;
}
