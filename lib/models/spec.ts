/** A model folder, read as sentence-transformers reads it. */
import { join, posix, resolve } from 'node:path';
import { OvembedError } from '../errors.js';
import type { PoolingType } from '../native.js';
import { isDirectory, isFile } from './files.js';
import { invalid, readJsonObject } from './json-file.js';
import { defaultModelConfig, type ModelConfig, readModelConfig } from './model-config.js';
import { readModules } from './modules.js';
import { readPooling } from './pooling.js';
import { type FoundSource, findSources } from './sources.js';
import { NETWORK_CONFIG, readTransformer } from './transformer.js';

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
  pooling: PoolingType;
  /** Vectors are divided by their L2 norm. */
  normalize: boolean;
  /** Longest input in tokens, special tokens counted; 0: no limit. */
  maxLength: number;
  /** Tokens for which the network has positions; 0: no limit. No text may be longer, whatever else is stated. */
  maxPositions: number;
  /** Texts are lower-cased (Unicode, per character) before the tokenizer's own normalisation. */
  doLowerCase: boolean;
  paddingSide: 'left' | 'right';
  padTokenId: number;
  /** Width of a vector as the pooling module states it; null if nothing does. */
  dimensions: number | null;
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
  const normalizeFile = await readNormalize(folder, modules?.normalize ?? null);
  const files = [posix.join(subfolder, NETWORK_CONFIG), moduleConfig, poolingFile, normalizeFile];

  return {
    folder,
    ...config,
    ...fromTransformer,
    sources: await findSources(join(folder, subfolder), transformer.modelType, modelFile),
    tokenizerFile: await findTokenizer(join(folder, subfolder)),
    pooling: pooling?.type ?? (causal ? 'LAST_TOKEN' : 'MEAN'),
    dimensions: pooling?.dimensions ?? null,
    normalize: typeof modules?.normalize === 'string',
    files: files.filter((file) => file !== null).map((file) => join(folder, file)),
  };
}

/** Checks the Normalize module's configuration, which older models do not have; the path of the file if there is one. */
async function readNormalize(folder: string, subfolder: string | null): Promise<string | null> {
  // A module at the model's own folder has no file of its own: config.json there is the network's.
  if (!subfolder) return null;
  const file = posix.join(subfolder, 'config.json');
  const config = await readJsonObject(folder, file);
  if (!config) return null;
  for (const key of ['module_input_name', 'module_output_name']) {
    const name = config.string(key) ?? 'sentence_embedding';
    if (name !== 'sentence_embedding') throw config.unsupported(key, '"sentence_embedding"');
  }
  return file;
}

async function findTokenizer(folder: string): Promise<string> {
  const file = join(folder, 'tokenizer.json');
  if (await isFile(file)) return file;
  throw invalid(
    `${file} is missing or no regular file. A model that has only vocab.txt or a sentencepiece file gets one from ` +
      'transformers: AutoTokenizer.from_pretrained(folder).save_pretrained(folder).',
  );
}
