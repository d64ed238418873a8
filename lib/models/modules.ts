/** `modules.json`: the steps from text to vector, as sentence-transformers writes them. */
import { join, normalize, posix } from 'node:path';
import { OvembedError } from '../errors.js';
import { staysInside } from './files.js';
import { invalid, JsonObject, readJson } from './json-file.js';

const FILE = 'modules.json';
const PACKAGE_PREFIX = 'sentence_transformers.';

/** The chains of modules that ovembed runs; the class names are those of sentence-transformers. */
const CHAINS = ['Transformer, Pooling', 'Transformer, Pooling, Normalize'];
const SUPPORTED_CHAINS = CHAINS.map((chain) => `[${chain}]`).join(' and ');

/** Folders are relative to the model's folder, with forward slashes; '' is the model's folder itself. */
export interface ModuleFolders {
  transformer: string;
  pooling: string;
  /** Null: vectors are not normalised. */
  normalize: string | null;
}

/**
 * The folders of the model's modules.
 *
 * @returns undefined without a `modules.json`: then the model is a bare transformer
 * @throws OvembedError `ERR_MODEL_INVALID`; `ERR_MODEL_UNSUPPORTED` for other modules or another order
 */
export async function readModules(folder: string): Promise<ModuleFolders | undefined> {
  const modules = await listModules(folder);
  if (modules === undefined) return undefined;
  const chain = modules.map((module) => module.name).join(', ');
  if (!CHAINS.includes(chain)) {
    throw new OvembedError(
      'ERR_MODEL_UNSUPPORTED',
      `${join(folder, FILE)} describes the modules [${chain}], which ovembed does not run. Supported: ${SUPPORTED_CHAINS}.`,
    );
  }
  const [transformer, pooling, normalizer] = modules.map((module) => module.folder);
  return { transformer: transformer as string, pooling: pooling as string, normalize: normalizer ?? null };
}

/** One entry of `modules.json`. */
export interface ModuleEntry {
  /** The class without its path, such as `Pooling`. */
  name: string;
  /** Relative to the model's folder, with forward slashes; '' is the model's folder itself. */
  folder: string;
}

/**
 * The modules in their order, whether ovembed runs them or not; undefined without a `modules.json`.
 *
 * @throws OvembedError `ERR_MODEL_INVALID`; `ERR_MODEL_UNSUPPORTED` for classes of others
 */
export async function listModules(folder: string): Promise<ModuleEntry[] | undefined> {
  const file = join(folder, FILE);
  const entries = await readJson(folder, FILE);
  if (entries === undefined) return undefined;
  if (!Array.isArray(entries) || entries.length === 0) throw invalid(`Expected a list of modules in ${file}.`);
  return entries.map((entry, index) => readModule(JsonObject.from(entry, `entry ${index} of ${file}`)));
}

function readModule(entry: JsonObject): ModuleEntry {
  const type = entry.required('type', 'a Python class path', entry.string('type'));
  // sentence-transformers itself would import the class, that is, run code of the model's author.
  if (!type.startsWith(PACKAGE_PREFIX)) throw entry.unsupported('type', `modules of ${PACKAGE_PREFIX}*`);

  const path = entry.required('path', 'a folder inside the model (may be "")', entry.string('path'));
  if (!staysInside(path)) throw entry.invalid('path', 'a folder inside the model, relative and without ".."');
  const folder = posix.normalize(normalize(path).replaceAll('\\', '/')).replace(/\/$/, '');
  return { name: type.slice(type.lastIndexOf('.') + 1), folder: folder === '.' ? '' : folder };
}
