/** The model that is used when none is named, and how it is known to be the right one wherever it came from. */
import { join } from 'node:path';
import { OvembedError } from '../errors.js';
import { isFile } from './files.js';
import type { HashMemo } from './hash-memo.js';
import type { ModelRequest, ProvidedModel } from './provider.js';

/** The model when none is named, neither in the call nor by `OVEMBED_MODEL`: 384 dimensions, 256 tokens, English. */
export const DEFAULT_MODEL = 'sentence-transformers/all-MiniLM-L6-v2';
export const DEFAULT_REVISION = 'main';

/** The model that is meant: the one that was named, else `OVEMBED_MODEL`, else the default one. */
export function modelOrDefault(named: string | undefined): string {
  return named ?? (process.env.OVEMBED_MODEL || DEFAULT_MODEL);
}

/** The file whose hash is known, so it is the one that is fetched, though the hub has others. */
export const DEFAULT_WEIGHTS = 'model.safetensors';

/** SHA-256 of the published weights. */
const WEIGHTS_SHA256 = '53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db';

export function isDefaultModel(request: Pick<ModelRequest, 'id' | 'revision'>): boolean {
  return request.id === DEFAULT_MODEL && request.revision === DEFAULT_REVISION;
}

/** @throws OvembedError `ERR_MODEL_INVALID` if the weights are not the published ones */
export async function checkDefaultWeights(model: ProvidedModel, memo: HashMemo, signal?: AbortSignal): Promise<void> {
  const weights = join(model.folder, DEFAULT_WEIGHTS);
  if (!(await isFile(weights))) {
    throw new OvembedError('ERR_MODEL_INVALID', `${weights} is missing, so the weights cannot be checked.`);
  }
  const sha256 = await memo.sha256(weights, signal);
  if (sha256 === WEIGHTS_SHA256) return;
  throw new OvembedError(
    'ERR_MODEL_INVALID',
    `${weights} has the SHA-256 ${sha256}, expected ${WEIGHTS_SHA256}. Delete ${model.folder} to fetch the model again.`,
  );
}
