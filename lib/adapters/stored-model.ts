/**
 * The model of a store's table: what the store keeps of it as JSON, and the way back from that to an embedder. Stores make a
 * function anew whenever they open, fill or search a table, so functions of one model share one embedder in the process.
 */
import { existsSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { describe, OvembedError } from '../errors.js';
import { modelOrDefault } from '../models/default-model.js';
import type { LoadOptions } from '../options.js';
import type { TextEmbedder } from '../text-embedder.js';
import type { CallOptions } from './call-options.js';
import { type EmbedderOptions, type EmbedderSource, LazyEmbedder } from './lazy-embedder.js';

/** Options that decide which weights are loaded. */
const OF_WEIGHTS = ['revision', 'modelFile'] as const satisfies readonly (keyof LoadOptions)[];

/** Options that decide which vectors come of them, wherever they are computed. */
const OF_VECTORS = [
  'dimensions',
  'normalize',
  'poolingType',
  'maxLength',
  'truncate',
  'paddingSide',
  'queryInstruction',
  'embedInstruction',
] as const satisfies readonly (keyof LoadOptions)[];

/** Devices, folders and caches are not among them: they are a machine's own. */
const KEPT = [...OF_WEIGHTS, ...OF_VECTORS] as const;

/** What a store keeps: no path of a machine and no secret. A folder is kept as its last name. */
export type StoredConfig = { model: string; fingerprint?: string } & Pick<LoadOptions, (typeof KEPT)[number]>;

/** Whose vectors a store's function gives. A prompt of calls is none: a store would not keep it. */
export type StoredModelOptions = EmbedderOptions & { prompt?: never; promptName?: never };

/** By each of `keysOf` what is kept: the newest that was given or loaded so. */
const embedders = new Map<string, LazyEmbedder>();

/** Those that load a model by name, until they are closed: `embedders` may have lost sight of one. */
const loaders = new Set<LazyEmbedder>();

export class StoredModel implements EmbedderSource {
  readonly #config: StoredConfig;
  readonly #lazy: LazyEmbedder;

  /**
   * A model as a program gives it, or as a store kept it: where options are such as a store keeps, equal ones share an embedder.
   * @throws OvembedError `ERR_INVALID_ARGUMENT`
   */
  static of(options: StoredModelOptions | StoredConfig, where: string): StoredModel {
    if (isStoredConfig(options)) return StoredModel.kept(options, where);
    const { fingerprint, ...given } = options as StoredModelOptions & { fingerprint?: string };
    if (fingerprint === undefined) return StoredModel.#given(options, where);
    // What a store kept, with options that it does not keep as they are.
    return StoredModel.#shared({ ...configOf(given, given), fingerprint }, given, where);
  }

  /**
   * A model as a store kept it: the embedder of this process that was given or loaded so, or else loaded by its name.
   * @throws OvembedError `ERR_INVALID_ARGUMENT` for what no store was given
   */
  static kept(config: Partial<StoredConfig>, where: string): StoredModel {
    const options = configOf(config, config);
    return StoredModel.#shared({ ...options, ...fingerprintOf(config) }, options, where);
  }

  static #shared(kept: StoredConfig, options: EmbedderOptions, where: string): StoredModel {
    const known = keysOf(kept).map((key) => embedders.get(key));
    const open = known.find((each) => each?.isClosed === false);
    return open ? new StoredModel(kept, open) : StoredModel.#remembered(kept, new LazyEmbedder(options, where));
  }

  static #given(options: StoredModelOptions, where: string): StoredModel {
    refusePrompts(options, where);
    const { embedder } = options;
    const config = embedder ? configOf({ ...options, ...embedder.info }, options) : configOf(options, options);
    return StoredModel.#remembered(config, new LazyEmbedder(options, where));
  }

  static #remembered(config: StoredConfig, lazy: LazyEmbedder): StoredModel {
    embedders.set(nameKey(config), lazy);
    if (!lazy.loaded) loaders.add(lazy);
    const model = new StoredModel(config, lazy);
    model.#rememberSpace();
    return model;
  }

  private constructor(config: StoredConfig, lazy: LazyEmbedder) {
    this.#config = config;
    this.#lazy = lazy;
  }

  get callOptions(): CallOptions {
    return this.#lazy.callOptions;
  }

  /** Width of the vectors; undefined while nothing was loaded that says so. */
  get dimensions(): number | undefined {
    return this.#config.dimensions ?? this.#lazy.loaded?.info.dimensions;
  }

  /** What a store is to keep. */
  get config(): StoredConfig {
    return { ...this.#config, ...fingerprintOf({ ...this.#lazy.loaded?.info, ...fingerprintOf(this.#config) }) };
  }

  /** @throws OvembedError `ERR_MODEL_INVALID` if it is not the model that the vectors of the table are of */
  async get(): Promise<TextEmbedder> {
    const embedder = await this.#lazy.get();
    this.#rememberSpace();
    const { model, fingerprint } = this.#config;
    if (fingerprint === undefined || fingerprint === embedder.info.fingerprint) return embedder;
    throw new OvembedError(
      'ERR_MODEL_INVALID',
      `The vectors that are stored are of another model than ${describe(model)} as it is here: give the embedder of that ` +
        'model, or embed the texts anew.',
    );
  }

  /** Closes a model that was loaded by name, for all that share it. */
  async close(): Promise<void> {
    loaders.delete(this.#lazy);
    await this.#lazy.close();
  }

  /** By the fingerprint of the model that is there, whatever a store says. */
  #rememberSpace(): void {
    const { loaded } = this.#lazy;
    if (loaded) embedders.set(spaceKey({ ...this.#config, fingerprint: loaded.info.fingerprint }), this.#lazy);
  }
}

/** Closes the models that were loaded by what stores kept of them, or by name. Embedders that were given stay open. */
export async function closeEmbedders(): Promise<void> {
  const open = new Set([...embedders.values(), ...loaders]);
  embedders.clear();
  loaders.clear();
  await Promise.all(Array.from(open, (embedder) => embedder.close()));
}

function refusePrompts(options: object, where: string): void {
  const given = ['prompt', 'promptName'].find((name) => (options as Record<string, unknown>)[name] !== undefined);
  if (given === undefined) return;
  throw new OvembedError(
    'ERR_INVALID_ARGUMENT',
    `${given} is no option of ${where}, as a store would not keep it: load the model with queryInstruction or embedInstruction.`,
  );
}

/** @param source of the model and its revision, `options` of all else */
function configOf(
  { model: named, revision }: { model?: string | undefined; revision?: string | null },
  options: Partial<StoredConfig>,
): StoredConfig {
  const model = modelOrDefault(named);
  // A server's folder is told of by its own system's rules.
  const isFolder = isAbsolute(model) || /^[.~]|\\|^[A-Za-z]:/.test(model) || existsSync(resolve(model));
  const config: Record<string, unknown> = { model: isFolder ? model.split(/[\\/]/).filter(Boolean).at(-1) : model };
  for (const key of KEPT) if (options[key] !== undefined) config[key] = options[key];
  if (typeof revision === 'string') config.revision = revision;
  return config as StoredConfig;
}

/** By which an embedder is looked up, the surest first: two folders may have the same last name. */
function keysOf(config: StoredConfig): string[] {
  return config.fingerprint === undefined ? [nameKey(config)] : [spaceKey(config), nameKey(config)];
}

const nameKey = (config: StoredConfig) => JSON.stringify(config, ['model', ...KEPT]);
/** The fingerprint names the weights. */
const spaceKey = (config: StoredConfig) => JSON.stringify(config, ['fingerprint', ...OF_VECTORS]);

/** The first option by which vectors that are stored would not fit those to come; undefined: there is none. */
export function firstDifference(stored: StoredConfig, next: Partial<StoredConfig>): keyof StoredConfig | undefined {
  const areKnown = stored.fingerprint !== undefined && next.fingerprint !== undefined;
  // Without a name that is sure, what was asked for has to do.
  const ofWeights = (['model', ...OF_WEIGHTS] as const).filter((key) => stored[key] !== undefined);
  const names = [...(areKnown ? (['fingerprint'] as const) : ofWeights), ...OF_VECTORS];
  return names.find((name) => stored[name] !== next[name]);
}

/** Whether options are such as a store keeps, a folder by its last name. */
function isStoredConfig(options: Partial<StoredConfig>): options is StoredConfig {
  const kept: readonly string[] = ['model', 'fingerprint', ...KEPT];
  const { model } = configOf(options, options);
  return model === modelOrDefault(options.model) && Object.keys(options).every((key) => kept.includes(key));
}

const fingerprintOf = ({ fingerprint }: { fingerprint?: string }) => (fingerprint === undefined ? {} : { fingerprint });
