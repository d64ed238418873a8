/**
 * Records of a user's own: their texts are embedded, and each gets its vector as a field, with a hash of all that the vector
 * depends on beside it, so that the next run leaves out what has not changed.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { pipelined } from '../batching/pipelined.js';
import { type StreamItem, StreamWindow } from '../batching/stream-window.js';
import { type Engine, WINDOW_CHARACTERS } from '../batching/windows.js';
import type { CacheKeys } from '../cache/key.js';
import type { CallWatch } from '../call-watch.js';
import { describe, OvembedError, type OvembedErrorCode } from '../errors.js';
import { checkInput } from '../input.js';
import type { Asked } from '../request.js';
import type { CallScope } from '../signals.js';
import type { Dtype } from '../vectors/dtype.js';
import type { RecordOptions } from './record-options.js';

/** A record that has no vector. */
export interface RecordFailure {
  /** Its place in the source, from 0. */
  index: number;
  /** What the option `id` names it. */
  id: unknown;
  /** Most often an `OvembedError`, else what the caller's function threw. */
  error: unknown;
}

/** What `embedRecords` did. */
export interface RecordReport {
  /** That were read. */
  records: number;
  /** That were given a vector. */
  embedded: number;
  /** Left out, as their hash was the same. */
  unchanged: number;
  /** With `onError: 'collect'`: those that failed. */
  failed: RecordFailure[];
  /** That the model read. */
  tokens: number;
}

/** What a run works with. */
export interface RecordJob<R extends object, D extends Dtype> {
  engine: Engine;
  asked: Asked<D>;
  /** Hashes of inputs with all that their vectors depend on. */
  hashes: CacheKeys;
  options: RecordOptions<R, D>;
  scope: CallScope;
  /** Starts work, unless no new work is taken. */
  admit<T>(work: () => Promise<T>): Promise<T>;
  watch: CallWatch;
}

/** A record of a window. Without text and error it is unchanged. */
interface Entry<R> {
  record: R;
  index: number;
  id: unknown;
  text?: string;
  hash?: string;
  failure?: { error: unknown };
  item?: StreamItem<Dtype>;
}

const DEFAULT_BATCH_SIZE = 512;

/** Errors that are about one text; others would meet the next one too. */
const OF_A_TEXT: readonly OvembedErrorCode[] = [
  'ERR_INVALID_ARGUMENT',
  'ERR_INPUT_TOO_LONG',
  'ERR_NON_FINITE',
  'ERR_DEVICE_FAILED',
];

/** Yields the records in the order of the source, once they have their vectors; those that failed as they came. */
export async function* embedRecords<R extends object, D extends Dtype>(
  records: Iterable<R> | AsyncIterable<R>,
  job: RecordJob<R, D>,
): AsyncGenerator<R, RecordReport, undefined> {
  const report: RecordReport = { records: 0, embedded: 0, unchanged: 0, failed: [], tokens: 0 };
  const run = (window: Entry<R>[]) => job.admit(() => embedWindow(window, job));
  for await (const window of pipelined(readWindows(records, job), run, job.scope)) {
    for (const entry of window) {
      count(entry, report);
      yield entry.record;
    }
  }
  return report;
}

function count({ index, id, failure, item }: Entry<object>, report: RecordReport): void {
  report.records++;
  if (failure) report.failed.push({ index, id, error: failure.error });
  else if (item) {
    report.embedded++;
    report.tokens += item.tokens;
  } else report.unchanged++;
}

async function* readWindows<R extends object, D extends Dtype>(
  records: Iterable<R> | AsyncIterable<R>,
  job: RecordJob<R, D>,
): AsyncGenerator<Entry<R>[], void, undefined> {
  const most = Math.min(job.options.batchSize ?? DEFAULT_BATCH_SIZE, queueOf(job));
  let window: Entry<R>[] = [];
  let characters = 0;
  let index = 0;
  for await (const record of records) {
    const entry = read(record, index++, job);
    window.push(entry);
    characters += entry.text?.length ?? 0;
    if (window.length < most && characters < WINDOW_CHARACTERS) continue;
    yield window;
    // However long the source always has a next one, and nothing has changed: others get their turn.
    await nextTurn();
    window = [];
    characters = 0;
  }
  if (window.length > 0) yield window;
}

function queueOf<R extends object, D extends Dtype>({ engine, asked }: RecordJob<R, D>): number {
  return engine.scheduler.admission.queue(asked.request.call.priority).max.texts;
}

function read<R extends object, D extends Dtype>(record: R, index: number, job: RecordJob<R, D>): Entry<R> {
  const { id = 'id', known, into = 'embedding' } = job.options;
  const entry: Entry<R> = { record, index, id: undefined };
  try {
    if (typeof record !== 'object' || record === null)
      throw invalid(`Record ${index} must be an object, received ${describe(record)}.`);
    entry.id = typeof id === 'function' ? id(record) : fieldOf(record, id);
    const text = textOf(entry, job);
    const hash = job.hashes.keyOf(job.asked.request.prompt + text);
    const hashField = hashFieldOf(job.options);
    const isKnown = known
      ? known.get(entry.id) === hash
      : hashField !== false && fieldOf(record, hashField) === hash && fieldOf(record, into) != null;
    return isKnown ? entry : { ...entry, text, hash };
  } catch (error) {
    return { ...entry, failure: { error } };
  }
}

function textOf<R extends object, D extends Dtype>(
  { record, index }: Entry<R>,
  { options, asked }: RecordJob<R, D>,
): string {
  const text = typeof options.text === 'function' ? options.text(record) : fieldOf(record, options.text);
  if (typeof text !== 'string')
    throw invalid(`The text of record ${index} must be a string, received ${describe(text)}.`);
  checkInput(text, asked.rules, index);
  return text;
}

/** Where the hash of a record is kept. */
export function hashFieldOf({
  into = 'embedding',
  hashInto = `${into}Hash`,
}: {
  into?: string;
  hashInto?: string | false;
}) {
  return hashInto;
}

/** What comes before a failure that ends the run is embedded still. */
async function embedWindow<R extends object, D extends Dtype>(
  window: Entry<R>[],
  job: RecordJob<R, D>,
): Promise<Entry<R>[]> {
  const end = job.options.onError === 'collect' ? -1 : window.findIndex(({ failure }) => failure);
  const changed = window.filter(({ text }, i) => text !== undefined && (end < 0 || i < end));
  if (changed.length > 0) await embedEntries(changed, job);
  if (end >= 0) throw window[end]?.failure?.error;
  return window;
}

/** Where a text fails its window, halves are tried until it is found: the others are embedded. */
async function embedEntries<R extends object, D extends Dtype>(
  entries: Entry<R>[],
  job: RecordJob<R, D>,
): Promise<void> {
  try {
    await embedTexts(entries, job);
  } catch (error) {
    const { scope, options } = job;
    const isOfText = error instanceof OvembedError && OF_A_TEXT.includes(error.code);
    if (!isOfText || scope.signal.aborted) throw error;
    const [only, ...others] = entries as [Entry<R>, ...Entry<R>[]];
    if (others.length === 0) {
      if (options.onError !== 'collect') throw error;
      only.failure = { error };
      return;
    }
    const half = entries.length >> 1;
    await embedEntries(entries.slice(0, half), job);
    await embedEntries(entries.slice(half), job);
  }
}

async function embedTexts<R extends object, D extends Dtype>(
  entries: readonly Entry<R>[],
  job: RecordJob<R, D>,
): Promise<void> {
  const { engine, asked, scope, watch } = job;
  const { request, codec } = asked;
  // Of the record: so a message that names the index of a single text names its record's.
  const first = (entries[0] as Entry<R>).index;
  const inputs = entries.map(({ text }) => text as string);
  const window = new StreamWindow<D>({ first, inputs });
  const call = { ...request.call, since: engine.scheduler.clock.now() };
  await window.embed(engine, { ...request, call }, { first, inputs }, codec, scope.signal, () => {});
  watch.add(window.result);
  for (const [row, entry] of entries.entries()) put(entry, window.item(row), job.options);
}

function put<R extends object, D extends Dtype>(
  entry: Entry<R>,
  item: StreamItem<D>,
  options: RecordOptions<R, D>,
): void {
  const { into = 'embedding', asArray = false, onError } = options;
  const hashField = hashFieldOf(options);
  const record = entry.record as Record<string, unknown>;
  try {
    record[into] = asArray ? Array.from(item.embedding) : item.embedding;
    if (hashField !== false) record[hashField] = entry.hash;
    entry.item = item;
  } catch (error) {
    if (onError !== 'collect') throw error;
    entry.failure = { error };
  }
}

function fieldOf(record: object, name: string): unknown {
  return (record as Record<string, unknown>)[name];
}

function invalid(message: string): OvembedError {
  return new OvembedError('ERR_INVALID_ARGUMENT', message);
}
