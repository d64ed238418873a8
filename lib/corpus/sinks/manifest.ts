/** What a folder index says of itself. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OvembedError } from '../../errors.js';
import type { VectorSpace } from '../sink.js';

export const MANIFEST = 'manifest.json';
const FORMAT = 'ovembed-index';
const VERSION = 1;

export interface Manifest extends VectorSpace {
  rows: number;
}

export function writtenManifest({
  model,
  revision = null,
  fingerprint,
  dimensions,
  rows,
  settings = {},
}: Manifest): string {
  const manifest = { format: FORMAT, version: VERSION, model, revision, fingerprint, dimensions, rows, settings };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/**
 * @returns undefined if the folder has none
 * @throws OvembedError `ERR_INVALID_ARGUMENT` for one that is not ours or of another version
 */
export async function readManifest(folder: string): Promise<Manifest | undefined> {
  const file = join(folder, MANIFEST);
  const text = await readFile(file, 'utf8').catch((error) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const found = parse(text);
  if (found?.format !== FORMAT)
    throw new OvembedError('ERR_INVALID_ARGUMENT', `${file}: is no manifest of ovembed index.`);
  if (found.version === VERSION) return found;
  const message = `${file}: expected version ${VERSION}, found ${found.version}: build the index again.`;
  throw new OvembedError('ERR_INVALID_ARGUMENT', message);
}

function parse(text: string): (Manifest & { format?: unknown; version?: unknown }) | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
