/** What a run is made of, by its options: where it reads, what its vectors are, and what its output depends on. */
import { hash } from 'node:crypto';
import { resolve } from 'node:path';
import type { EmbedderInfo } from '../info.js';
import type { StreamOptions } from '../options.js';
import type { RunSettings } from './checkpoint.js';
import type { IndexCorpusOptions } from './options.js';
import { describePreparation, type PromptOptions } from './preparation.js';
import { type FoundFile, findFiles } from './readers/find-files.js';
import type { VectorSpace } from './sink.js';
import { pathOf } from './sinks/open.js';

export function promptsOf({ inputType = 'document', prompt, promptName }: PromptOptions): PromptOptions {
  return { inputType, ...(prompt !== undefined && { prompt }), ...(promptName !== undefined && { promptName }) };
}

export function streamOptionsOf(options: Pick<IndexCorpusOptions, 'dimensions'> & PromptOptions): StreamOptions {
  const { dimensions } = options;
  return { truncate: 'end', ...promptsOf(options), ...(dimensions !== undefined && { dimensions }) };
}

type SpaceInfo = Pick<EmbedderInfo, 'model' | 'revision' | 'fingerprint' | 'dimensions'>;

export function spaceOf(info: SpaceInfo, options: Omit<IndexCorpusOptions, 'source' | 'sink'>): VectorSpace {
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

/** Paths, folders and patterns; undefined for documents as they come. */
export function namesOf(source: IndexCorpusOptions['source']): readonly string[] | undefined {
  if (typeof source === 'string') return [source];
  return Array.isArray(source) && typeof source[0] === 'string' ? source : undefined;
}

/**
 * The files of a source.
 * @param sink what is written there is not read
 * @param others paths of files and folders that are not read either
 */
export function sourceFiles(
  names: readonly string[],
  sink: IndexCorpusOptions['sink'],
  others: readonly string[],
): Promise<FoundFile[]> {
  const output = typeof sink === 'string' ? pathOf(sink) : undefined;
  const paths =
    output === undefined ? [] : [output, `${output}.partial`, `${output}.old`, output.replace(/\.npy$/i, '.jsonl')];
  return findFiles(
    names,
    [...paths, ...others].map((path) => resolve(path)),
  );
}

/** What decides about the bytes of the output. */
export function settingsOf(
  { precision, activations }: Pick<EmbedderInfo, 'precision' | 'activations'>,
  space: VectorSpace,
  options: IndexCorpusOptions,
): RunSettings {
  const { source, sink, dedup = true, onError = 'throw', field = 'text', id = null } = options;
  const { model, fingerprint, dimensions, settings } = space;
  return {
    ...{ model, fingerprint, dimensions, precision, activations },
    ...settings,
    // Of a store, the address may hold a password.
    sink: typeof sink === 'string' ? (pathOf(sink) ?? hash('sha256', sink, 'hex')) : 'custom',
    source: namesOf(source) ?? 'custom',
    ...{ field, id, dedup, onError },
  };
}
