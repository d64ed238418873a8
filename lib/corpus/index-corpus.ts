/** Documents to vectors in a file, a folder or a store. */
import { hash } from 'node:crypto';
import type { Embedder } from '../embedder.js';
import { invalidArgument } from '../errors.js';
import { Checkpoint, type RunSettings } from './checkpoint.js';
import { CorpusRun } from './corpus-run.js';
import type { CorpusReader } from './document.js';
import { checkIndexOptions, type IndexCorpusOptions } from './options.js';
import { preparationOf } from './preparation.js';
import { FilesReader } from './readers/files.js';
import { type DocumentSource, IterableReader } from './readers/iterable.js';
import type { CorpusReport } from './report.js';
import { namesOf, promptsOf, settingsOf, sourceFiles, spaceOf, streamOptionsOf } from './run-settings.js';
import { openSink, pathOf } from './sinks/open.js';

const CHECKPOINT_EVERY_MS = 5_000;

/**
 * Reads documents, cleans and cuts them, embeds the chunks and writes them, in constant memory and in the order of the source. A run
 * that was interrupted, by whatever, goes on where it was when it is called again with the same options.
 *
 * @returns what was done
 * @throws OvembedError `ERR_INVALID_ARGUMENT` for options that do not fit and for a checkpoint of another run; `ERR_DOCUMENT`, with `onError: 'throw'`, for
 *   a document that cannot be read; all that `stream` throws; errors of the sink and of the file system as they are
 */
export async function indexCorpus(embedder: Embedder, options: IndexCorpusOptions): Promise<CorpusReport> {
  if (!embedder?.info) throw invalidArgument('the first argument of indexCorpus', 'an Embedder', embedder);
  checkIndexOptions(options);
  const { dedup = true, onError = 'throw', onProgress, checkpointEveryMs = CHECKPOINT_EVERY_MS } = options;
  const signal = options.signal ?? new AbortController().signal;
  const streamOptions = streamOptionsOf(options);
  const space = spaceOf(embedder.info, options);
  const reader = await readerOf(options);
  const preparation = preparationOf(embedder, options, promptsOf(options));
  const sink = typeof options.sink === 'string' ? await openSink(options.sink) : options.sink;
  const checkpoint = checkpointOf(options, settingsOf(embedder.info, space, options));
  if (options.restart) await checkpoint?.remove();
  const resumed = await checkpoint?.load();
  const parts = { embedder, space, reader, preparation, sink, checkpoint, streamOptions };
  return new CorpusRun({ ...parts, checkpointEveryMs, dedup, onError, onProgress, signal }, resumed).run();
}

async function readerOf(options: IndexCorpusOptions): Promise<CorpusReader> {
  const { source, sink, field, id } = options;
  const names = namesOf(source);
  if (!names) return new IterableReader(source as DocumentSource);
  const found = await sourceFiles(names, sink, checkpointFiles(checkpointPath(options)));
  return new FilesReader(found, { ...(field !== undefined && { field }), ...(id !== undefined && { id }) });
}

function checkpointOf(options: IndexCorpusOptions, settings: RunSettings): Checkpoint | undefined {
  const path = checkpointPath(options);
  return path === undefined ? undefined : new Checkpoint(path, settings);
}

function checkpointPath({ sink, checkpoint }: Pick<IndexCorpusOptions, 'sink' | 'checkpoint'>): string | undefined {
  if (checkpoint !== undefined) return checkpoint || undefined;
  if (typeof sink !== 'string') return undefined;
  return `${pathOf(sink) ?? `ovembed-${hash('sha256', sink, 'hex').slice(0, 12)}`}.checkpoint`;
}

const checkpointFiles = (path: string | undefined) => (path === undefined ? [] : [path, `${path}.tmp`, `${path}.seen`]);
