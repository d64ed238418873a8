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

/** Options that decide which vectors come out, wherever they are computed. Devices, folders and caches are a machine's own. */
const KEPT = [
  'revision',
  'modelFile',
  'dimensions',
  'normalize',
  'poolingType',
  'maxLength',
  'truncate',
  'paddingSide',
  'queryInstruction',
  'embedInstruction',
] as const satisfies readonly (keyof LoadOptions)[];

/** What a store keeps: no path of a machine and no secret. A folder is kept as its last name. */
export type StoredConfig = { model: string; fingerprint?: string } & Pick<LoadOptions, (typeof KEPT)[number]>;

/** Whether options are such as a store keeps, so that equal ones share an embedder. */
export function isStoredConfig(options: object): options is StoredConfig {
  const kept: readonly string[] = ['model', 'fingerprint', ...KEPT];
  return Object.keys(options).every((key) => kept.includes(key));
}

/** By what is kept, but for the fingerprint, which is known once a model is loaded. */
const embedders = new Map<string, LazyEmbedder>();

export class StoredModel implements EmbedderSource {
  readonly #config: StoredConfig;
  readonly #lazy: LazyEmbedder;
  #embedder: TextEmbedder | undefined;

  /**
   * A model as a program gives it.
   * @throws OvembedError `ERR_INVALID_ARGUMENT`
   */
  static given(options: EmbedderOptions, where: string): StoredModel {
    const { embedder } = options;
    const config = embedder ? configOf({ ...options, ...embedder.info }, options) : configOf(options, options);
    return new StoredModel(config, new LazyEmbedder(options, where), embedder);
  }

  /**
   * A model as a store kept it: the embedder of this process that was given or loaded so, or else loaded by its name.
   * @throws OvembedError `ERR_INVALID_ARGUMENT` for what no store was given
   */
  static kept(config: Partial<StoredConfig>, where: string): StoredModel {
    const kept = configOf(config, config);
    const known = embedders.get(keyOf(kept));
    if (known && !known.isClosed) return new StoredModel({ ...kept, ...fingerprintOf(config) }, known);
    return new StoredModel({ ...kept, ...fingerprintOf(config) }, new LazyEmbedder(kept, where));
  }

  private constructor(config: StoredConfig, lazy: LazyEmbedder, embedder?: TextEmbedder) {
    this.#config = config;
    this.#lazy = lazy;
    this.#embedder = embedder;
    embedders.set(keyOf(config), lazy);
  }

  get callOptions(): CallOptions {
    return this.#lazy.callOptions;
  }

  /** Width of the vectors; undefined while nothing was loaded that says so. */
  get dimensions(): number | undefined {
    return this.#config.dimensions ?? this.#embedder?.info.dimensions;
  }

  /** What a store is to keep. */
  get config(): StoredConfig {
    return { ...this.#config, ...fingerprintOf({ ...this.#embedder?.info, ...fingerprintOf(this.#config) }) };
  }

  /** @throws OvembedError `ERR_MODEL_INVALID` if it is not the model that the vectors of the table are of */
  async get(): Promise<TextEmbedder> {
    const embedder = await this.#lazy.get();
    this.#embedder = embedder;
    const { model, fingerprint } = this.#config;
    if (fingerprint === undefined || fingerprint === embedder.info.fingerprint) return embedder;
    throw new OvembedError(
      'ERR_MODEL_INVALID',
      `The vectors that are stored are of another model than ${describe(model)} as it is here: give the embedder of that ` +
        'model, or embed the texts anew.',
    );
  }

  /** Closes a model that was loaded by name, for all that share it. */
  close(): Promise<void> {
    return this.#lazy.close();
  }
}

/** Closes the models that were loaded by what stores kept of them, or by name. Embedders that were given stay open. */
export async function closeEmbedders(): Promise<void> {
  const open = Array.from(embedders.values());
  embedders.clear();
  await Promise.all(open.map((embedder) => embedder.close()));
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

function keyOf({ fingerprint: _, ...config }: StoredConfig): string {
  return JSON.stringify(config, ['model', ...KEPT]);
}

const fingerprintOf = ({ fingerprint }: { fingerprint?: string }) => (fingerprint === undefined ? {} : { fingerprint });
