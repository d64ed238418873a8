/** Which files of a model folder hold the weights, in the order in which they are preferred. */
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { OvembedError } from '../errors.js';
import type { ModelSource } from '../native.js';
import { isFile } from './files.js';
import { invalid, show } from './json-file.js';

/** Values of `model_type` whose graph the addon builds from `config.json` and `model.safetensors`. */
export const NATIVE_MODEL_TYPES: readonly string[] = [
  'bert',
  'gemma3_text',
  'gte',
  'modernbert',
  'new',
  'nomic_bert',
  'qwen2',
  'qwen3',
];

/** One way to store the weights. The first file is the one to load; paths are relative to the Transformer's folder. */
interface WeightFormat {
  kind: ModelSource['kind'];
  files: readonly string[];
  /** Belong to the weights where they exist, as do files with more behind these names: ONNX above 2 GB keeps tensors apart. */
  extra?: readonly string[];
}

const SAFETENSORS = 'model.safetensors';

const FORMATS: readonly WeightFormat[] = [
  { kind: 'openvino', files: ['openvino/openvino_model.xml', 'openvino/openvino_model.bin'] },
  { kind: 'openvino', files: ['openvino_model.xml', 'openvino_model.bin'] },
  { kind: 'safetensors', files: [SAFETENSORS] },
  { kind: 'onnx', files: ['onnx/model.onnx'], extra: ['onnx/model.onnx_data', 'onnx/model.onnx.data'] },
  { kind: 'onnx', files: ['model.onnx'], extra: ['model.onnx_data', 'model.onnx.data'] },
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
 * The sources in a folder.
 *
 * @throws OvembedError `ERR_MODEL_UNSUPPORTED` if this model type needs an export that is not there; `ERR_MODEL_INVALID` if
 *   weights are missing
 */
export async function findSources(folder: string, modelType: string | null): Promise<FoundSource[]> {
  const found: FoundSource[] = [];
  for (const { kind, files, extra = [] } of usableFormats(modelType)) {
    const paths = files.map((file) => join(folder, file));
    const [file, ...companions] = paths as [string, ...string[]];
    if (!(await isFile(file))) continue;
    for (const companion of companions) {
      if (!(await isFile(companion))) throw invalid(`${companion} is missing beside ${file}. Fetch both files again.`);
    }
    for (const prefix of extra) paths.push(...(await filesFrom(join(folder, prefix))));
    found.push({ kind, file, files: paths });
  }
  if (found.length === 0) throw noWeights(folder, modelType);
  return found;
}

/** The files whose paths begin with this one, in a fixed order: `model.onnx_data`, `model.onnx_data_1`. */
async function filesFrom(prefix: string): Promise<string[]> {
  const folder = dirname(prefix);
  const names = (await readdir(folder)).filter((name) => name.startsWith(basename(prefix)));
  return names.sort().map((name) => join(folder, name));
}

/** The error for a model that has no weights in a form that ovembed runs. */
export function noWeights(folder: string, modelType: string | null): OvembedError {
  const wanted = usableFormats(modelType).map((format) => format.files[0]);
  const isNative = wanted.includes(SAFETENSORS);
  return new OvembedError(
    isNative ? 'ERR_MODEL_INVALID' : 'ERR_MODEL_UNSUPPORTED',
    `None of ${wanted.join(', ')} is in ${folder}, and its config.json says "model_type": ${show(modelType)}. ` +
      `Only the types ${NATIVE_MODEL_TYPES.join(', ')} run from (one) ${SAFETENSORS}. ` +
      'optimum-cli exports other types and other forms of weights to OpenVINO or ONNX.',
  );
}
