/** Which files of a model folder hold the weights, in the order in which they are preferred. */
import { readdir } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { OvembedError } from '../errors.js';
import type { ModelSource } from '../native.js';
import { ignoreMissing, isFile, staysInside } from './files.js';
import { invalid, show } from './json-file.js';
import { externalDataOf } from './onnx-external.js';
import { shardsOf } from './safetensors-index.js';

/**
 * Values of `model_type` whose graph the addon builds from `config.json` and safetensors. Known here too because files are
 * chosen before, and fetched without, the addon; a test compares the list with the addon's own.
 */
export const NATIVE_MODEL_TYPES: readonly string[] = [
  'albert',
  'bert',
  'camembert',
  'deberta-v2',
  'distilbert',
  'electra',
  'gemma3_text',
  'gte',
  'modernbert',
  'mpnet',
  'mt5',
  'new',
  'nomic_bert',
  'qwen2',
  'qwen3',
  'roberta',
  't5',
  'umt5',
  'xlm-roberta',
];

/** A file of weights; the path is relative to the Transformer's folder, with forward slashes. */
export interface WeightFormat {
  kind: ModelSource['kind'];
  file: string;
}

const SAFETENSORS = 'model.safetensors';
const SAFETENSORS_INDEX = `${SAFETENSORS}.index.json`;

const FORMATS: readonly WeightFormat[] = [
  { kind: 'openvino', file: 'openvino/openvino_model.xml' },
  { kind: 'openvino', file: 'openvino_model.xml' },
  { kind: 'safetensors', file: SAFETENSORS },
  { kind: 'safetensors', file: SAFETENSORS_INDEX },
  { kind: 'onnx', file: 'onnx/model.onnx' },
  { kind: 'onnx', file: 'model.onnx' },
];

/** Where exporters put optimised and quantised variants beside the plain export, such as `model_O3.onnx`. */
const VARIANTS: readonly { kind: ModelSource['kind']; folders: readonly string[]; name: RegExp }[] = [
  { kind: 'openvino', folders: ['openvino', ''], name: /^openvino_model.*\.xml$/ },
  { kind: 'onnx', folders: ['onnx', ''], name: /^model.*\.onnx$/ },
];

/** A source that is there, with every file that belongs to it. */
export interface FoundSource extends ModelSource {
  /** Absolute paths, in a fixed order; `file` is the first. */
  files: string[];
}

/** The formats that can run for this `model_type`, most preferred first. */
export function usableFormats(modelType: string | null): WeightFormat[] {
  const native = modelType !== null && NATIVE_MODEL_TYPES.includes(modelType);
  return FORMATS.filter((format) => native || format.kind !== 'safetensors');
}

/**
 * What a user named in place of the usual files.
 *
 * @throws OvembedError `ERR_INVALID_ARGUMENT` for a path out of the folder or a file of another kind
 */
export function namedFormat(file: string): WeightFormat {
  const kind = /\.(?:safetensors|safetensors\.index\.json)$/.test(file) ? 'safetensors' : KINDS[posix.extname(file)];
  if (kind && staysInside(file)) return { kind, file: posix.normalize(file.replaceAll('\\', '/')) };
  const wanted = 'a file inside the model that ends in .xml, .onnx, .safetensors or .safetensors.index.json';
  throw new OvembedError('ERR_INVALID_ARGUMENT', `Expected ${wanted} for modelFile, received ${show(file)}.`);
}

const KINDS: Record<string, ModelSource['kind']> = { '.xml': 'openvino', '.onnx': 'onnx' };

/**
 * The other files of a source, which its own file names. Paths as in `WeightFormat`.
 *
 * @param folder the Transformer's folder; the source's file is in place there
 */
export async function companionsOf(folder: string, { kind, file }: WeightFormat): Promise<string[]> {
  if (kind === 'openvino') return [file.replace(/\.xml$/, '.bin')];
  if (kind === 'safetensors' && !file.endsWith('.json')) return [];
  const named = kind === 'onnx' ? externalDataOf : shardsOf;
  return (await named(join(folder, file))).map((name) => posix.join(posix.dirname(file), name));
}

/**
 * The sources in a folder.
 *
 * @param named a file that a user wants in place of the usual ones
 * @throws OvembedError `ERR_MODEL_UNSUPPORTED` if this model type needs an export that is not there; `ERR_MODEL_INVALID` if
 *   weights are missing; `ERR_MODEL_NOT_FOUND` if the file that was named is
 */
export async function findSources(folder: string, modelType: string | null, named?: string): Promise<FoundSource[]> {
  if (named !== undefined) return [await findNamed(folder, namedFormat(named))];
  const found: FoundSource[] = [];
  for (const format of usableFormats(modelType)) {
    const source = await findSource(folder, format);
    if (source) found.push(source);
  }
  if (found.length > 0) return found;

  const variants = await findVariants(folder);
  const only = variants.length === 1 && variants[0] && (await findSource(folder, variants[0]));
  if (only) return [only];
  throw noWeights(folder, modelType, variants, await namesIn(folder, '', /\.gguf$/));
}

async function findNamed(folder: string, format: WeightFormat): Promise<FoundSource> {
  const source = await findSource(folder, format);
  if (source) return source;
  throw new OvembedError('ERR_MODEL_NOT_FOUND', `There is no file ${join(folder, format.file)} as named by modelFile.`);
}

async function findSource(folder: string, format: WeightFormat): Promise<FoundSource | undefined> {
  const file = join(folder, format.file);
  if (!(await isFile(file))) return undefined;
  const files = [file];
  for (const companion of await companionsOf(folder, format)) {
    const path = join(folder, companion);
    if (!(await isFile(path))) throw invalid(`${path} is missing, which belongs to ${file}. Fetch both files again.`);
    files.push(path);
  }
  return { kind: format.kind, file, files };
}

async function findVariants(folder: string): Promise<WeightFormat[]> {
  const found: WeightFormat[] = [];
  for (const { kind, folders, name } of VARIANTS) {
    for (const subfolder of folders) {
      for (const file of await namesIn(folder, subfolder, name)) found.push({ kind, file });
    }
  }
  return found;
}

/** Files by their names, in a fixed order. Paths as in `WeightFormat`. */
async function namesIn(folder: string, subfolder: string, name: RegExp): Promise<string[]> {
  const names = (await readdir(join(folder, subfolder)).catch(ignoreMissing)) ?? [];
  const found = names.filter((entry) => name.test(entry)).sort();
  return found.map((entry) => posix.join(subfolder, entry));
}

/** The error for a model that has no weights in a form that ovembed runs. */
export function noWeights(
  folder: string,
  modelType: string | null,
  variants: readonly WeightFormat[] = [],
  gguf: readonly string[] = [],
): OvembedError {
  const wanted = usableFormats(modelType).map((format) => format.file);
  const isNative = wanted.includes(SAFETENSORS);
  const choice = variants.map(({ file }) => file).join(', ');
  return new OvembedError(
    isNative ? 'ERR_MODEL_INVALID' : 'ERR_MODEL_UNSUPPORTED',
    `None of ${wanted.join(', ')} is in ${folder}, and its config.json says "model_type": ${show(modelType)}. ` +
      `Only the types ${NATIVE_MODEL_TYPES.join(', ')} run from safetensors. ` +
      'optimum-cli exports other types and other forms of weights to OpenVINO or ONNX.' +
      (choice && ` There are ${choice}: name one by the option modelFile.`) +
      (gguf.length > 0 ? ` ${gguf.join(', ')} is not read: OpenVINO reads chat models from GGUF, no encoders.` : ''),
  );
}
