/** `modules.json`: the steps from text to vector, as sentence-transformers writes them. */
import { join, normalize, posix } from 'node:path';
import { OvembedError } from '../errors.js';
import { staysInside } from './files.js';
import { invalid, JsonObject, readJson } from './json-file.js';

const FILE = 'modules.json';
const PACKAGE_PREFIX = 'sentence_transformers.';

/** The modules that may come after Pooling, in any number and order; the names are those of sentence-transformers. */
const VECTOR_MODULES = ['Dense', 'LayerNorm', 'Normalize'] as const;
const SUPPORTED = `[Transformer, Pooling], then any of ${VECTOR_MODULES.join(', ')} in any order`;

/** Folders are relative to the model's folder, with forward slashes; '' is the model's folder itself. */
export interface ModuleFolders {
  transformer: string;
  pooling: string;
  /** What is done with the pooled vector, in this order. */
  vectorModules: VectorModuleFolder[];
}

export interface VectorModuleFolder {
  type: (typeof VECTOR_MODULES)[number];
  folder: string;
}

/**
 * The folders of the model's modules.
 *
 * @returns undefined without a `modules.json`: then the model is a bare transformer
 * @throws OvembedError `ERR_MODEL_INVALID`; `ERR_MODEL_UNSUPPORTED` for other modules or another order
 */
export async function readModules(folder: string): Promise<ModuleFolders | undefined> {
  const file = join(folder, FILE);
  const entries = await readJson(folder, FILE);
  if (entries === undefined) return undefined;
  if (!Array.isArray(entries) || entries.length === 0) throw invalid(`Expected a list of modules in ${file}.`);

  const modules = entries.map((entry, index) => readModule(JsonObject.from(entry, `entry ${index} of ${file}`)));
  const [transformer, pooling, ...vectorModules] = modules;
  if (transformer?.type !== 'Transformer' || pooling?.type !== 'Pooling' || !vectorModules.every(isVectorModule)) {
    const chain = modules.map(({ type }) => type).join(', ');
    throw new OvembedError(
      'ERR_MODEL_UNSUPPORTED',
      `${file} describes the modules [${chain}], which ovembed does not run. Supported: ${SUPPORTED}.`,
    );
  }
  return { transformer: transformer.folder, pooling: pooling.folder, vectorModules };
}

function isVectorModule(module: { type: string; folder: string }): module is VectorModuleFolder {
  return (VECTOR_MODULES as readonly string[]).includes(module.type);
}

function readModule(entry: JsonObject): { type: string; folder: string } {
  const type = entry.required('type', 'a Python class path', entry.string('type'));
  // sentence-transformers itself would import the class, that is, run code of the model's author.
  if (!type.startsWith(PACKAGE_PREFIX)) throw entry.unsupported('type', `modules of ${PACKAGE_PREFIX}*`);

  const path = entry.required('path', 'a folder inside the model (may be "")', entry.string('path'));
  if (!staysInside(path)) throw entry.invalid('path', 'a folder inside the model, relative and without ".."');
  const folder = posix.normalize(normalize(path).replaceAll('\\', '/')).replace(/\/$/, '');
  return { type: type.slice(type.lastIndexOf('.') + 1), folder: folder === '.' ? '' : folder };
}
