/** Places by their name: a URL names a store, anything else a file by its extension, or a folder. */
import { extname } from 'node:path';
import { invalidArgument, OvembedError } from '../../errors.js';
import type { VectorIndex, VectorSink } from '../sink.js';
import type { SinkKind } from './kind.js';

type Load = () => Promise<SinkKind>;

/** Stores by the scheme of their URL. A module is loaded when a place of its kind is opened. */
const BY_SCHEME: Readonly<Record<string, Load>> = {};

/** Files by their extension. */
const BY_EXTENSION: Readonly<Record<string, Load>> = {};

/**
 * Where vectors are to go.
 * @param place `lancedb://./index` and the like, or a path: `.jsonl`, `.npy`, `.arrow` and `.parquet` are files, else a folder
 * @throws OvembedError `ERR_INVALID_ARGUMENT` for a scheme or extension that is not known
 */
export async function openSink(place: string): Promise<VectorSink> {
  return (await kindOf(place)).sink(place);
}

/**
 * What was written to a place, to search in.
 * @throws OvembedError `ERR_INVALID_ARGUMENT` if it cannot be searched, or there is nothing
 */
export async function openIndex(place: string): Promise<VectorIndex> {
  const kind = await kindOf(place);
  if (kind.index) return kind.index(place);
  const message = `${place}: this kind of file cannot be searched. A folder can, and so can ${schemes()}.`;
  throw new OvembedError('ERR_INVALID_ARGUMENT', message);
}

const schemes = () =>
  Object.keys(BY_SCHEME)
    .map((scheme) => `${scheme}://`)
    .join(', ');

async function kindOf(place: string): Promise<SinkKind> {
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(place)?.[1]?.toLowerCase();
  const load = scheme === undefined ? BY_EXTENSION[extname(place).toLowerCase()] : BY_SCHEME[scheme];
  if (load) return load();
  throw invalidArgument('sink', `a path or one of ${schemes()}`, place);
}
