/** Which files of a repository make up a model: only these are downloaded, and a cached snapshot must have them. */
import { join, posix } from 'node:path';
import { readJsonObject } from './json-file.js';
import { MODEL_CONFIG } from './model-config.js';
import { readModules, type VectorModuleFolder } from './modules.js';
import { companionsOf, namedFormat, noWeights, usableFormats } from './sources.js';
import { MODULE_CONFIGS, NETWORK_CONFIG, TOKENIZER_CONFIG } from './transformer.js';
import { MODULE_WEIGHTS, noModuleWeights } from './vector-modules.js';

/**
 * Makes one file of a model available in its folder.
 *
 * @param file path inside the model's folder, with forward slashes
 * @returns false if the model has no such file
 * @throws OvembedError if a required file does not exist, or if a file cannot be had
 */
export type FetchFile = (file: string, need: 'required' | 'optional') => Promise<boolean>;

/**
 * Calls `fetch` for each file that the model in `folder` consists of, the weights last. What comes first tells what is
 * needed next, so `fetch` must have put a file in place when it settles.
 *
 * @param modelFile the file of weights that is wanted, relative to the Transformer's folder; default: the first one in the
 *   order in which they are preferred when the model is read
 */
export async function collectModelFiles(folder: string, fetch: FetchFile, modelFile?: string): Promise<void> {
  await fetch('modules.json', 'optional');
  const modules = await readModules(folder);
  const subfolder = modules?.transformer ?? '';

  await fetch(posix.join(subfolder, NETWORK_CONFIG), 'required');
  if (modules) {
    await fetch(MODEL_CONFIG, 'optional');
    await fetchFirst(
      MODULE_CONFIGS.map((name) => posix.join(subfolder, name)),
      fetch,
    );
    await fetch(posix.join(modules.pooling, 'config.json'), 'required');
    for (const module of modules.vectorModules) await collectVectorModule(module, fetch);
  }
  await fetch(posix.join(subfolder, 'tokenizer.json'), 'required');
  await fetch(posix.join(subfolder, TOKENIZER_CONFIG), 'optional');
  await fetch(posix.join(subfolder, 'special_tokens_map.json'), 'optional');
  await collectWeights(folder, subfolder, fetch, modelFile);
}

/** A module after Pooling. One at the model's own folder has no files of its own. */
async function collectVectorModule({ type, folder }: VectorModuleFolder, fetch: FetchFile): Promise<void> {
  if (folder === '') return;
  const needsFiles = type !== 'Normalize';
  await fetch(posix.join(folder, 'config.json'), needsFiles ? 'required' : 'optional');
  if (needsFiles && !(await fetch(posix.join(folder, MODULE_WEIGHTS), 'optional'))) throw noModuleWeights(folder);
}

async function fetchFirst(files: readonly string[], fetch: FetchFile): Promise<void> {
  for (const file of files) if (await fetch(file, 'optional')) return;
}

/** One format is enough, and it is the one that would be read if all were there. */
async function collectWeights(folder: string, subfolder: string, fetch: FetchFile, named?: string): Promise<void> {
  const network = await readJsonObject(folder, posix.join(subfolder, NETWORK_CONFIG));
  const modelType = network?.string('model_type') ?? null;
  const usual = usableFormats(modelType);

  for (const format of named === undefined ? usual : [namedFormat(named)]) {
    const need = named === undefined ? 'optional' : 'required';
    if (!(await fetch(posix.join(subfolder, format.file), need))) continue;
    for (const file of await companionsOf(join(folder, subfolder), format)) {
      await fetch(posix.join(subfolder, file), 'required');
    }
    return;
  }
  throw noWeights(folder, modelType);
}
