/** The model that `load` was asked for: its folder, and what its files say with what the options put in its place. */
import { invalidArgument } from './errors.js';
import type { Logger } from './logger.js';
import { type ModelSpec, type ResolvedModel, readModelFolder, resolveModel } from './models/index.js';
import type { LoadOptions } from './options.js';

/** Where models come from; tests put their own in its place. */
export interface ModelSystem {
  resolveModel: typeof resolveModel;
  readModelFolder: typeof readModelFolder;
}

/** Downloads the model if it is not on this machine. */
export async function findWanted(
  model: string,
  options: LoadOptions,
  logger: Logger,
  system: ModelSystem = { resolveModel, readModelFolder },
): Promise<{ resolved: ResolvedModel; spec: ModelSpec }> {
  const resolved = await system.resolveModel(model, { ...pickResolveOptions(options), logger });
  const spec = withOptions(await system.readModelFolder(resolved.folder, options.modelFile), options);
  return { resolved, spec };
}

function pickResolveOptions({ revision, modelFile, offline, cacheDir, signal, onProgress }: LoadOptions) {
  return { revision, modelFile, offline, cacheDir, signal, onProgress };
}

/** What the model's files say, with what the options put in its place. */
function withOptions(spec: ModelSpec, options: LoadOptions): ModelSpec {
  checkMaxLength(options, spec.maxPositions);
  checkPoolingType(options, spec);
  return {
    ...spec,
    pooling: options.poolingType ? [options.poolingType] : spec.pooling,
    normalize: options.normalize ?? spec.normalize,
    maxLength: options.maxLength ?? spec.maxLength,
    // Not the folder's: padding on the right gives a text the vector it has alone, in any encoder and any causal
    // model, while padding on the left moves the absolute positions (test/native/tiny-models.test.ts, last-token).
    paddingSide: options.paddingSide ?? 'right',
    prompts: {
      ...spec.prompts,
      query: options.queryInstruction ?? spec.prompts.query ?? '',
      document: options.embedInstruction ?? spec.prompts.document ?? '',
    },
  };
}

/** A single pooling gives a vector that is too narrow for a module after several. */
function checkPoolingType({ poolingType }: LoadOptions, { pooling, modules }: ModelSpec): void {
  const sized = modules.some(({ type }) => type !== 'normalize');
  if (poolingType === undefined || pooling.length === 1 || !sized) return;
  const modes = pooling.join(', ');
  throw invalidArgument('poolingType', `none, as the model's modules take what ${modes} give together,`, poolingType);
}

/** Beyond its positions a network reads past a table, or gives every token the same one. */
export function checkMaxLength({ maxLength = 0 }: LoadOptions, maxPositions: number): void {
  if (maxPositions === 0 || maxLength <= maxPositions) return;
  throw invalidArgument('maxLength', `at most ${maxPositions}, the positions of the model,`, maxLength);
}
