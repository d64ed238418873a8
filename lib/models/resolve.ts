/** From what a user writes for a model to a folder that has its files. */
import { stat } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import { ovembedCacheDir } from '../cache-dir.js';
import { invalidArgument, OvembedError } from '../errors.js';
import type { Logger } from '../logger.js';
import { checkDefaultWeights, DEFAULT_REVISION, DEFAULT_WEIGHTS, isDefaultModel } from './default-model.js';
import { ignoreMissing, staysInside } from './files.js';
import { HashMemo } from './hash-memo.js';
import { Hub } from './hub/hub.js';
import { LocalCache } from './hub/local-cache.js';
import { type HubSettings, hubSettings } from './hub/settings.js';
import { type DownloadProgress, firstAvailable, type ModelProvider, type ModelRequest } from './provider.js';
import { PYPI_REVISION, PyPI } from './pypi.js';

const MODEL_ID = /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/;
const REVISION = /^[\w][\w./-]*$/;

export interface ResolveOptions {
  /** Branch, tag or commit of a model given by name. Default `main`. */
  revision?: string | undefined;
  /** The file of weights that is wanted in place of the usual ones, such as `onnx/model_quantized.onnx`. */
  modelFile?: string | undefined;
  /** Use only what is on this machine: neither the hub nor pip. Default: what `HF_HUB_OFFLINE` says. */
  offline?: boolean | undefined;
  /** Ask the hub where the revision stands now, even if the cache has it already. Default false. */
  refresh?: boolean | undefined;
  /** ovembed's own cache directory (for hashes; models are in the hub's cache, see `HF_HUB_CACHE`). */
  cacheDir?: string | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: DownloadProgress) => void) | undefined;
  logger?: Logger | undefined;
}

export interface ResolvedModel {
  /** Absolute path. */
  folder: string;
  /** `org/name`; null for a folder. */
  id: string | null;
  /** The commit, or the name of another immutable version; null for a folder. */
  revision: string | null;
}

/**
 * Finds a model, and downloads it if need be.
 *
 * @param model a folder that exists, else the name of a model on the hub (`org/name`), which is looked for in the hub's
 *   cache, then on the hub and, for the default model only, in the Python package index
 * @throws OvembedError `ERR_INVALID_ARGUMENT`, `ERR_MODEL_NOT_FOUND`, `ERR_MODEL_INVALID`, `ERR_MODEL_UNSUPPORTED` or
 *   `ERR_DOWNLOAD`, listing every way that was tried; the signal's reason if aborted
 */
export function resolveModel(model: string, options: ResolveOptions = {}): Promise<ResolvedModel> {
  return resolveModelWith(hubSettings(), model, options);
}

/** `resolveModel` with the hub's settings given instead of taken from the environment. */
export async function resolveModelWith(
  settings: HubSettings,
  model: string,
  { revision = DEFAULT_REVISION, offline = settings.offline, refresh = false, cacheDir, ...rest }: ResolveOptions,
): Promise<ResolvedModel> {
  rest.signal?.throwIfAborted();
  if (typeof model !== 'string' || model === '' || model.includes('\0')) {
    const { message } = invalidArgument('model', 'the path of a folder or a name like "org/name"', model);
    const hint = typeof model === 'object' ? ' Options come second: Embedder.load(undefined, options).' : '';
    throw new OvembedError('ERR_INVALID_ARGUMENT', message + hint);
  }
  const folder = await existingFolder(model);
  if (folder) return { folder, id: null, revision: null };

  const named = { id: checkId(model), revision: checkRevision(revision) };
  const isDefault = isDefaultModel(named);
  const { modelFile = isDefault ? DEFAULT_WEIGHTS : undefined } = rest;
  const request: ModelRequest = { ...rest, ...named, modelFile };
  const memo = new HashMemo(ovembedCacheDir(cacheDir));
  const providers = providersFor({ ...settings, offline }, isDefault, refresh);
  const found = await firstAvailable(providers, request, async (candidate) => {
    if (isDefault && modelFile === DEFAULT_WEIGHTS) await checkDefaultWeights(candidate, memo, request.signal);
  });
  return { folder: found.folder, id: request.id, revision: found.revision };
}

function providersFor(settings: HubSettings, isDefault: boolean, refresh: boolean): ModelProvider[] {
  const cached = new LocalCache(settings.cache);
  const fromIndex = isDefault ? [new LocalCache(settings.cache, PYPI_REVISION)] : [];
  if (settings.offline) return [cached, ...fromIndex, notAsked];
  const hub = new Hub(settings);
  const index = isDefault ? [new PyPI(settings.cache)] : [];
  return refresh ? [hub, ...fromIndex, ...index] : [cached, ...fromIndex, hub, ...index];
}

/** Stands for the network when it must not be used, so that the error says so. */
const notAsked: ModelProvider = {
  name: 'network',
  provide: async () => {
    throw new OvembedError('ERR_MODEL_NOT_FOUND', 'not asked, because of the offline option or HF_HUB_OFFLINE.');
  },
};

async function existingFolder(model: string): Promise<string | undefined> {
  const path = resolve(model);
  const stats = await stat(path).catch(ignoreMissing);
  if (stats?.isDirectory()) return path;
  if (stats)
    throw new OvembedError('ERR_MODEL_NOT_FOUND', `Expected a model folder at ${path}, but it is no directory.`);
  if (isAbsolute(model) || /^(\.{1,2}|~)([\\/]|$)/.test(model)) {
    throw new OvembedError(
      'ERR_MODEL_NOT_FOUND',
      `Expected a model folder at ${path}, but there is no such directory.`,
    );
  }
  return undefined;
}

function checkId(model: string): string {
  if (MODEL_ID.test(model) && !model.includes('--') && !model.includes('..')) return model;
  throw new OvembedError(
    'ERR_MODEL_NOT_FOUND',
    `${JSON.stringify(model)} is neither an existing folder nor the name of a model on the hub, which reads "org/name"` +
      `${model.includes('/') ? '' : ` (perhaps "sentence-transformers/${model}")`}.`,
  );
}

function checkRevision(revision: string): string {
  if (typeof revision === 'string' && REVISION.test(revision) && staysInside(revision)) return revision;
  throw invalidArgument('revision', 'a branch, tag or commit', revision);
}
