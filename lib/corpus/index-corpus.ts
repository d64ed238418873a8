/** Documents to vectors in a file, a folder or a store. */
import { hash } from 'node:crypto';
import { resolve } from 'node:path';
import type { Embedder } from '../embedder.js';
import type { StreamOptions } from '../options.js';
import { Checkpoint, type RunSettings } from './checkpoint.js';
import { CorpusRun } from './corpus-run.js';
import type { CorpusReader } from './document.js';
import { checkIndexOptions, type IndexCorpusOptions } from './options.js';
import { describePreparation, type PromptOptions, preparationOf } from './preparation.js';
import { FilesReader } from './readers/files.js';
import { findFiles } from './readers/find-files.js';
import { type DocumentSource, IterableReader } from './readers/iterable.js';
import type { CorpusReport } from './report.js';
import type { VectorSpace } from './sink.js';
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
  checkIndexOptions(options);
  const { dedup = true, onError = 'throw', onProgress, checkpointEveryMs = CHECKPOINT_EVERY_MS } = options;
  const signal = options.signal ?? new AbortController().signal;
  const prompts = promptsOf(options);
  const { dimensions } = options;
  const streamOptions: StreamOptions = { truncate: 'end', ...prompts, ...(dimensions !== undefined && { dimensions }) };
  const space = spaceOf(embedder, options);
  const reader = await readerOf(options);
  const preparation = preparationOf(embedder, options, prompts);
  const sink = typeof options.sink === 'string' ? await openSink(options.sink) : options.sink;
  const checkpoint = checkpointOf(options, settingsOf(embedder, space, options));
  if (options.restart) await checkpoint?.remove();
  const resumed = await checkpoint?.load();
  const parts = { embedder, space, reader, preparation, sink, checkpoint, streamOptions };
  return new CorpusRun({ ...parts, checkpointEveryMs, dedup, onError, onProgress, signal }, resumed).run();
}

function promptsOf({ inputType = 'document', prompt, promptName }: IndexCorpusOptions): PromptOptions {
  return { inputType, ...(prompt !== undefined && { prompt }), ...(promptName !== undefined && { promptName }) };
}

function spaceOf({ info }: Embedder, options: IndexCorpusOptions): VectorSpace {
  const { model, revision, fingerprint } = info;
  const { dimensions = info.dimensions, inputType = 'document', prompt, promptName } = options;
  const settings = {
    ...describePreparation(options),
    inputType,
    prompt: prompt ?? null,
    promptName: promptName ?? null,
  };
  return { model, revision, fingerprint, dimensions, settings };
}

async function readerOf(options: IndexCorpusOptions): Promise<CorpusReader> {
  const { source, sink, field, id } = options;
  const names = namesOf(source);
  if (!names) return new IterableReader(source as DocumentSource);
  // What is written must not be read.
  const output = typeof sink === 'string' ? pathOf(sink) : undefined;
  const paths =
    output === undefined ? [] : [output, `${output}.partial`, `${output}.old`, output.replace(/\.npy$/i, '.jsonl')];
  const files = checkpointFiles(checkpointPath(options));
  const found = await findFiles(
    names,
    [...paths, ...files].map((path) => resolve(path)),
  );
  return new FilesReader(found, { ...(field !== undefined && { field }), ...(id !== undefined && { id }) });
}

function namesOf(source: IndexCorpusOptions['source']): readonly string[] | undefined {
  if (typeof source === 'string') return [source];
  return Array.isArray(source) && typeof source[0] === 'string' ? source : undefined;
}

/** What decides about the bytes of the output. */
function settingsOf({ info }: Embedder, space: VectorSpace, options: IndexCorpusOptions): RunSettings {
  const { source, sink, dedup = true, onError = 'throw', field = 'text', id = null } = options;
  const { model, fingerprint, dimensions, settings } = space;
  return {
    ...{ model, fingerprint, dimensions, precision: info.precision, activations: info.activations },
    ...settings,
    // Of a store, the address may hold a password.
    sink: typeof sink === 'string' ? (pathOf(sink) ?? hash('sha256', sink, 'hex')) : 'custom',
    source: namesOf(source) ?? 'custom',
    ...{ field, id, dedup, onError },
  };
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
