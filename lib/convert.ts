/** Models written once in another form: a complete folder that loads like any other. */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type AheadRequest, compileAhead } from './compile-ahead.js';
import type { AheadManifest } from './devices/compiled-ahead.js';
import { OvembedError } from './errors.js';
import type { Logger } from './logger.js';
import {
  copyWithoutWeights,
  firstSupported,
  type ModelSpec,
  networkFolder,
  type ResolveOptions,
  readModelFolder,
  resolveModel,
  temporaryName,
} from './models/index.js';
import { callNative, type ModelSource, native, type Precision } from './native.js';

export interface ConvertOptions extends ResolveOptions {
  logger: Logger;
  signal: AbortSignal;
}

/** What was written. */
export interface ConvertedModel {
  /** Absolute path. */
  folder: string;
  /** The weights' file in it. */
  weights: string;
  /** Format that it was made from. */
  source: ModelSource['kind'];
  /** What was compiled ahead of time, if that was asked for. */
  compiled?: AheadManifest;
}

/**
 * Writes a model with weights of the given type, as OpenVINO IR, into a new folder.
 * @param output appears whole or not at all; must not be there yet
 * @param ahead compiles the new model too, see `compileAhead`
 * @throws OvembedError as `Embedder.load` and `compileAhead` do; `ERR_INVALID_ARGUMENT` if the output is there already
 */
export async function convertModel(
  model: string,
  output: string,
  weights: Precision,
  options: ConvertOptions,
  ahead?: AheadRequest,
): Promise<ConvertedModel> {
  const { folder } = await resolveModel(model, options);
  const spec = await readModelFolder(folder, options.modelFile);
  let compiled: AheadManifest | undefined;
  const written = await writeModelFolder(
    spec,
    output,
    options,
    (source, file) => callNative(() => native().convertModel({ source, weights, file })),
    async (draft) => {
      if (ahead) compiled = await compileAhead(draft, ahead);
    },
  );
  return { ...written, ...(compiled && { compiled }) };
}

/**
 * A copy of the model's folder with its network written by `write`, which gets the first source that it supports. `finish`
 * gets the folder before it has its name.
 * @throws OvembedError `ERR_INVALID_ARGUMENT` if the output is there already
 */
export async function writeModelFolder(
  spec: ModelSpec,
  output: string,
  { logger, signal }: ConvertOptions,
  write: (source: ModelSource, file: string) => Promise<unknown>,
  finish: (draft: string) => Promise<unknown> = async () => {},
): Promise<ConvertedModel> {
  const target = resolve(output);
  if (await isTaken(target)) throw new OvembedError('ERR_INVALID_ARGUMENT', notNew(target));
  const draft = temporaryName(target);
  const inside = join(networkFolder(spec), 'openvino');
  try {
    await mkdir(join(draft, inside), { recursive: true });
    await copyWithoutWeights(spec, draft);
    const { source } = await firstSupported(spec, logger, (one) =>
      write(one, join(draft, inside, 'openvino_model.xml')),
    );
    await finish(draft);
    signal.throwIfAborted();
    await rename(draft, target).catch((cause) => {
      throw new OvembedError('ERR_INVALID_ARGUMENT', notNew(target), { cause });
    });
    return { folder: target, weights: join(target, inside, 'openvino_model.bin'), source: source.kind };
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

const isTaken = (path: string) =>
  readdir(path).then(
    (names) => names.length > 0,
    ({ code }: NodeJS.ErrnoException) => code !== 'ENOENT',
  );

const notNew = (target: string) =>
  `${target} could not be made: expected a path in ${dirname(target)} where nothing is yet. Remove it or name another.`;
