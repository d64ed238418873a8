/** Places by their name: a URL names a store, anything else a file by its extension, or a folder. */
import { extname } from 'node:path';
import { invalidArgument, OvembedError } from '../../errors.js';
import type { VectorIndex, VectorSink } from '../sink.js';
import type { SinkKind } from './kind.js';

type Load = () => Promise<SinkKind>;

/** Stores by the scheme of their URL. A module is loaded when a place of its kind is opened. */
const BY_SCHEME: Readonly<Record<string, Load>> = {
  lancedb: async () => (await import('./lancedb.js')).lancedb,
  usearch: async () => (await import('./usearch.js')).usearch,
  postgres: async () => (await import('./pgvector.js')).pgvector,
  postgresql: async () => (await import('./pgvector.js')).pgvector,
  qdrant: async () => (await import('./qdrant.js')).qdrant,
  qdrants: async () => (await import('./qdrant.js')).qdrant,
  redis: async () => (await import('./redis.js')).redis,
  rediss: async () => (await import('./redis.js')).redis,
};

/** Files by their extension. */
const BY_EXTENSION: Readonly<Record<string, Load>> = {
  '.jsonl': async () => (await import('./jsonl.js')).jsonl,
  '.npy': async () => (await import('./npy.js')).npy,
  '.arrow': async () => (await import('./columns.js')).arrow,
  '.parquet': async () => (await import('./columns.js')).parquet,
};

const FOLDER: Load = async () => (await import('./folder.js')).folder;

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

/** Stores that are files or folders. */
const ON_DISK = ['lancedb', 'usearch'];

/** The path of a place on the disk, without a slash at its end; undefined for a server. */
export function pathOf(place: string): string | undefined {
  const scheme = schemeOf(place);
  if (scheme !== undefined && !ON_DISK.includes(scheme)) return undefined;
  const path = scheme === undefined ? place : (place.slice(scheme.length + '://'.length).split('?')[0] as string);
  return path.replace(/(?<=.)[/\\]+$/, '');
}

const schemeOf = (place: string) => /^([a-z][a-z0-9+.-]+):\/\//i.exec(place)?.[1]?.toLowerCase();

const schemes = () =>
  Object.keys(BY_SCHEME)
    .map((scheme) => `${scheme}://`)
    .join(', ');

async function kindOf(place: string): Promise<SinkKind> {
  const scheme = schemeOf(place);
  if (scheme === undefined) return (BY_EXTENSION[extname(place).toLowerCase()] ?? FOLDER)();
  const load = BY_SCHEME[scheme];
  if (load) return load();
  throw invalidArgument('sink', `a path or one of ${schemes()}`, place);
}
