/** A model folder, read as sentence-transformers reads it. */
import { join, posix, resolve } from 'node:path';
import { OvembedError } from '../errors.js';
import type { PoolingType, VectorModule } from '../native.js';
import { isDirectory, isFile } from './files.js';
import { invalid } from './json-file.js';
import { defaultModelConfig, type ModelConfig, readModelConfig } from './model-config.js';
import { readModules } from './modules.js';
import { readPooling } from './pooling.js';
import { type FoundSource, findSources } from './sources.js';
import { NETWORK_CONFIG, readTransformer } from './transformer.js';
import { checkWidths, type FoundModule, readVectorModule } from './vector-modules.js';

/** Everything about a model that is in its files. */
export interface ModelSpec extends ModelConfig {
  /** Absolute path. */
  folder: string;
  /** Never empty; the most preferred one first: OpenVINO IR, safetensors, ONNX. */
  sources: FoundSource[];
  /** Absolute path of `tokenizer.json`. */
  tokenizerFile: string;
  /** `model_type` of `config.json`, such as `bert`. */
  modelType: string | null;
  /** Never empty; what each gives is put side by side, in this order. */
  pooling: PoolingType[];
  /** Whether the tokens of the prompt take part in pooling. */
  includePrompt: boolean;
  /** What is done with the pooled vector, in this order; not the Normalize at the end, which is `normalize`. */
  modules: VectorModule[];
  /** Vectors are divided by their L2 norm in the end. */
  normalize: boolean;
  /** Longest input in tokens, special tokens counted; 0: no limit. */
  maxLength: number;
  /** Tokens for which the network has positions; 0: no limit. No text may be longer, whatever else is stated. */
  maxPositions: number;
  /** Texts are lower-cased (Unicode, per character) before the tokenizer's own normalisation. */
  doLowerCase: boolean;
  paddingSide: 'left' | 'right';
  /** The end at which long texts are cut; null where only `tokenizer.json` says it, or nothing. */
  truncationSide: 'left' | 'right' | null;
  padTokenId: number;
  /** Width of a token vector as the pooling module states it; null if nothing does. */
  tokenDimensions: number | null;
  /** Absolute paths of the configuration files that belong to the fingerprint, in the order of the modules. */
  files: string[];
}

/**
 * Reads a model folder.
 *
 * @param modelFile the file of weights to use in place of the usual ones, relative to the Transformer's folder
 * @throws OvembedError `ERR_MODEL_NOT_FOUND` if there is no such folder; `ERR_MODEL_INVALID` for files that are missing or
 *   wrong; `ERR_MODEL_UNSUPPORTED` for what ovembed does not reproduce
 */
export async function readModelFolder(path: string, modelFile?: string): Promise<ModelSpec> {
  const folder = resolve(path);
  try {
    return await readFolder(folder, modelFile);
  } catch (error) {
    // A forbidden file, a loop of links, a name that is too long. What is no system error is ours, or a defect.
    const { syscall, message } = error as NodeJS.ErrnoException;
    throw syscall ? invalid(`${folder} cannot be read: ${message}.`, error) : error;
  }
}

async function readFolder(folder: string, modelFile?: string): Promise<ModelSpec> {
  if (!(await isDirectory(folder))) {
    throw new OvembedError(
      'ERR_MODEL_NOT_FOUND',
      `Expected a model folder at ${folder}, but there is no such directory.`,
    );
  }
  const modules = await readModules(folder);
  const config = modules ? await readModelConfig(folder) : defaultModelConfig();
  const subfolder = modules?.transformer ?? '';
  const transformer = await readTransformer(folder, subfolder, modules !== undefined);
  const { moduleConfig, causal, ...fromTransformer } = transformer;

  const poolingFile = modules ? posix.join(modules.pooling, 'config.json') : null;
  const pooling = poolingFile ? await readPooling(folder, poolingFile) : undefined;
  const types = pooling?.types ?? [causal ? 'LAST_TOKEN' : 'MEAN'];
  const after: FoundModule[] = [];
  for (const module of modules?.vectorModules ?? []) after.push(await readVectorModule(folder, module));
  if (pooling) checkWidths(folder, vectorModulesOf(after), pooling.tokenDimensions * types.length);
  const chain = splitOffNormalize(vectorModulesOf(after));
  const files = [
    posix.join(subfolder, NETWORK_CONFIG),
    moduleConfig,
    poolingFile,
    ...after.map((found) => found.configFile),
  ];

  return {
    folder,
    ...config,
    ...fromTransformer,
    sources: await findSources(join(folder, subfolder), transformer.modelType, modelFile),
    tokenizerFile: await findTokenizer(join(folder, subfolder)),
    pooling: types,
    includePrompt: pooling?.includePrompt ?? true,
    tokenDimensions: pooling?.tokenDimensions ?? null,
    ...chain,
    files: files.filter((file) => file !== null).map((file) => join(folder, file)),
  };
}

function vectorModulesOf(found: readonly FoundModule[]): VectorModule[] {
  return found.map(({ module }) => module);
}

/** The last step is a matter of the call, as vectors are cut before it; a second Normalize in a row changes nothing. */
function splitOffNormalize(modules: readonly VectorModule[]): { modules: VectorModule[]; normalize: boolean } {
  const end = modules.findLastIndex(({ type }) => type !== 'normalize') + 1;
  return { modules: modules.slice(0, end), normalize: end < modules.length };
}

async function findTokenizer(folder: string): Promise<string> {
  const file = join(folder, 'tokenizer.json');
  if (await isFile(file)) return file;
  throw invalid(
    `${file} is missing or no regular file. A model that has only vocab.txt or a sentencepiece file gets one from ` +
      'transformers: AutoTokenizer.from_pretrained(folder).save_pretrained(folder).',
  );
}
