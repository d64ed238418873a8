/** The modules after Pooling, each with a folder of its own: `N_Dense`, `N_LayerNorm`, `N_Normalize`. */
import { join, posix } from 'node:path';
import { OvembedError } from '../errors.js';
import type { Activation, VectorModule } from '../native.js';
import { isFile } from './files.js';
import { invalid, type JsonObject, readJsonObject } from './json-file.js';
import type { VectorModuleFolder } from './modules.js';

export const MODULE_WEIGHTS = 'model.safetensors';
const PICKLED_WEIGHTS = 'pytorch_model.bin';

const LARGEST_DIMENSION = 1_000_000;
const VECTOR = 'sentence_embedding';

/** The last parts of the Python class paths of `torch.nn`. */
const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  Identity: 'identity',
  Tanh: 'tanh',
  ReLU: 'relu',
  GELU: 'gelu',
  SiLU: 'silu',
  Sigmoid: 'sigmoid',
};
/** What sentence-transformers takes where a Dense states none. */
const DEFAULT_ACTIVATION = 'torch.nn.modules.activation.Tanh';
const SUPPORTED_ACTIVATIONS = Object.keys(ACTIVATIONS)
  .map((name) => `torch.nn.${name}`)
  .join(', ');

/** A module and the path of its configuration inside the model's folder; null if it has none. */
export interface FoundModule {
  module: VectorModule;
  configFile: string | null;
}

/**
 * Reads one module.
 *
 * @throws OvembedError `ERR_MODEL_INVALID`; `ERR_MODEL_UNSUPPORTED` for options that ovembed does not run, and for weights
 *   that are pickled
 */
export async function readVectorModule(
  folder: string,
  { type, folder: own }: VectorModuleFolder,
): Promise<FoundModule> {
  // A module at the model's own folder has no file of its own: config.json there is the network's.
  const configFile = own ? posix.join(own, 'config.json') : null;
  const config = configFile ? await readJsonObject(folder, configFile) : undefined;
  if (type === 'Normalize') {
    if (config) checkNames(config);
    return { module: { type: 'normalize' }, configFile: config ? configFile : null };
  }
  if (!config)
    throw invalid(`${join(folder, own, 'config.json')} is missing. A ${type} module needs one; fetch it again.`);
  const options = type === 'Dense' ? denseOptions(config) : layerNormOptions(config);
  return { module: { ...options, file: await findWeights(join(folder, own)) }, configFile };
}

/** Width of the vectors that come out of the modules where vectors of this width go in. */
export function widthAfter(modules: readonly VectorModule[], width: number): number {
  return modules.reduce((before, module) => (module.type === 'dense' ? module.outFeatures : before), width);
}

/**
 * Checks that each module takes what the one before it gives.
 *
 * @param width of a pooled vector
 * @throws OvembedError `ERR_MODEL_INVALID`
 */
export function checkWidths(folder: string, modules: readonly VectorModule[], width: number): void {
  modules.forEach((module, index) => {
    const taken = widthTaken(module);
    const given = widthAfter(modules.slice(0, index), width);
    if (taken === undefined || taken === given) return;
    const place = `Module ${index + 2} of ${folder} (${module.type})`;
    throw invalid(`${place} takes vectors of ${taken} dimensions, but what comes before it gives ${given}.`);
  });
}

function widthTaken(module: VectorModule): number | undefined {
  if (module.type === 'dense') return module.inFeatures;
  return module.type === 'layerNorm' ? module.dimension : undefined;
}

function denseOptions(config: JsonObject) {
  checkKeys(config, [
    ...['in_features', 'out_features', 'bias', 'activation_function'],
    ...['module_input_name', 'module_output_name', 'use_residual'],
  ]);
  checkNames(config);
  if (config.boolean('use_residual')) throw config.unsupported('use_residual', 'false');
  return {
    type: 'dense' as const,
    inFeatures: dimension(config, 'in_features'),
    outFeatures: dimension(config, 'out_features'),
    bias: config.boolean('bias') ?? true,
    activation: activation(config),
  };
}

function layerNormOptions(config: JsonObject) {
  checkKeys(config, ['dimension']);
  return { type: 'layerNorm' as const, dimension: dimension(config, 'dimension') };
}

function activation(config: JsonObject): Activation {
  const key = 'activation_function';
  if (config.raw(key) === null) throw config.invalid(key, 'a Python class path');
  const path = config.string(key) ?? DEFAULT_ACTIVATION;
  const name = path.slice(path.lastIndexOf('.') + 1);
  const known = path.startsWith('torch.nn.') && Object.hasOwn(ACTIVATIONS, name);
  if (!known) throw config.unsupported(key, SUPPORTED_ACTIVATIONS);
  return ACTIVATIONS[name] as Activation;
}

function dimension(config: JsonObject, key: string): number {
  return config.required(key, 'a number of dimensions', config.integer(key, 1, LARGEST_DIMENSION));
}

/** A module may be told to work on token vectors instead. */
function checkNames(config: JsonObject): void {
  for (const key of ['module_input_name', 'module_output_name']) {
    if ((config.string(key) ?? VECTOR) !== VECTOR) throw config.unsupported(key, `"${VECTOR}"`);
  }
}

function checkKeys(config: JsonObject, known: readonly string[]): void {
  for (const key of config.keys) if (!known.includes(key)) throw config.unsupported(key, known.join(', '));
}

async function findWeights(folder: string): Promise<string> {
  const file = join(folder, MODULE_WEIGHTS);
  if (await isFile(file)) return file;
  throw (await isFile(join(folder, PICKLED_WEIGHTS)))
    ? noModuleWeights(folder)
    : invalid(`${file} is missing. Fetch it again.`);
}

/** The error for a module whose weights are not there in a form that ovembed reads. @param place the module's folder */
export function noModuleWeights(place: string): OvembedError {
  return new OvembedError(
    'ERR_MODEL_UNSUPPORTED',
    `Expected ${MODULE_WEIGHTS} in ${place}, which has none. ${PICKLED_WEIGHTS} is not supported, as reading it may run code: ` +
      'SentenceTransformer(model).save_pretrained(folder) of sentence-transformers writes the other.',
  );
}
