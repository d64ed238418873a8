/** The reading half of a run: documents to texts that are embedded; all that is no row is counted here. */
import { OvembedError } from '../errors.js';
import { ahead } from './ahead.js';
import type { RunParts } from './corpus-run.js';
import type { ReadItem } from './document.js';
import type { Pending } from './pending.js';
import { type PreparedChunk, prepare } from './prepare.js';
import { rowId } from './row.js';
import { hashOf, type SeenTexts } from './seen.js';
import { type Stages, timed } from './stages.js';
import { MOST_FAILURES, type SourcePlace } from './state.js';

type Parts = Pick<RunParts, 'reader' | 'preparation' | 'sink' | 'dedup' | 'onError' | 'signal'>;

interface Shared {
  pending: Pending;
  seen: SeenTexts;
  stages: Stages;
  /** Told after each document; what it does is waited for. */
  onDocument(): Promise<void>;
}

/** An item with its place in the source. */
interface Numbered {
  item: ReadItem;
  ordinal: number;
}

/** Chunks, or why there are none. */
type Prepared = PreparedChunk[] | { reason: string } | Error;

/** UTF-16 units of documents that are cleaned and cut ahead of those that are embedded. */
const MOST_AHEAD = 1 << 20;

/** The rows that a document has, for sinks that remove others. */
interface Kept {
  /** Place of the document in the source. */
  ordinal: number;
  documentId: string;
  ids: readonly string[];
}

const RETAINED_AT_ONCE = 256;

export class SourceSide {
  readonly #parts: Parts;
  readonly #shared: Shared;
  /** Where to go on. */
  readonly #start: SourcePlace;
  readonly #kept: Kept[] = [];
  #failure: { reason: unknown } | undefined;

  constructor(parts: Parts, shared: Shared) {
    this.#parts = parts;
    this.#shared = shared;
    this.#start = { ...shared.pending.reading.place };
  }

  /** Ends at the first error, and when the signal aborts, as it does at the end: what was read before is then still written. */
  async *texts(): AsyncGenerator<string, void, undefined> {
    const { reader, signal } = this.#parts;
    const items = reader.items(signal);
    try {
      const work = (numbered: Numbered) => this.#prepare(numbered);
      for await (const { item, result } of ahead(this.#numbered(items), {
        work,
        costOf: sizeOf,
        mostCost: MOST_AHEAD,
      })) {
        if (signal.aborted) break;
        yield* this.#textsOf(item, result);
      }
    } catch (reason) {
      if (reason !== signal.reason) this.#failure = { reason };
    } finally {
      await items.return();
    }
  }

  /** Those that are not done yet. */
  async *#numbered(items: AsyncIterator<ReadItem>): AsyncGenerator<Numbered, void, undefined> {
    for (let ordinal = 0; ; ordinal++) {
      const { done, value: item } = await timed(this.#shared.stages.read, () => items.next());
      if (this.#parts.signal.aborted) return;
      if (done && ordinal < this.#start.documents) throw changed(`it has only ${ordinal} documents`);
      if (done) return;
      if (ordinal >= this.#start.documents) yield { item, ordinal };
      else this.#skip(item, ordinal);
    }
  }

  /** Throws what ended the texts early, if it was an error. */
  throwFailure(): void {
    if (this.#failure) throw this.#failure.reason;
  }

  /** Has the sink remove what else it holds of documents that are done. */
  async retain(documents: number): Promise<void> {
    const { sink } = this.#parts;
    while (this.#kept[0] && this.#kept[0].ordinal < documents) {
      const end = this.#kept.findIndex(({ ordinal }) => ordinal >= documents);
      const done = this.#kept.splice(0, Math.min(end < 0 ? this.#kept.length : end, RETAINED_AT_ONCE));
      await sink.retain?.(new Map(done.map(({ documentId, ids }) => [documentId, ids])));
    }
  }

  /** What was done by the run before. The last one is looked at, to notice another corpus. */
  #skip(item: ReadItem, ordinal: number): void {
    if (ordinal === this.#start.documents - 1 && this.#start.chunks === 0) this.#checkSame(item);
  }

  #checkSame(item: ReadItem): void {
    const { documentId, digest } = this.#start;
    if (item.id !== documentId) throw changed(`there is ${item.id} where ${documentId} was`);
    if (digestOf(item) !== digest) throw changed(`${documentId} is another text`);
  }

  async *#textsOf({ item, ordinal }: Numbered, prepared: Prepared): AsyncGenerator<string, void, undefined> {
    const { signal } = this.#parts;
    const isBegun = ordinal === this.#start.documents && this.#start.chunks > 0;
    if (isBegun) this.#checkSame(item);
    const place = { documents: ordinal, documentId: item.id, digest: digestOf(item) };
    if (Array.isArray(prepared)) yield* this.#rowsOf(item, prepared, place, isBegun ? this.#start.chunks : 0);
    else if (prepared instanceof Error) this.#fail(item.id, prepared);
    else this.#filter(prepared.reason);
    if (signal.aborted) return;
    const { reading } = this.#shared.pending;
    reading.place = { ...place, documents: ordinal + 1, chunks: 0 };
    reading.counts.documents++;
    reading.counts.bytes = item.end;
    await this.#shared.onDocument();
  }

  async #prepare({ item }: Numbered): Promise<Prepared> {
    const { preparation, signal } = this.#parts;
    const { stages } = this.#shared;
    if (item.kind === 'filtered') return item;
    if (item.kind === 'failed') return item.error;
    stages.read.done += item.document.text.length;
    try {
      return await prepare(item.document, item.manner, preparation, { stages, signal });
    } catch (error) {
      return error as Error;
    }
  }

  async *#rowsOf(
    item: ReadItem,
    chunks: readonly PreparedChunk[],
    place: Omit<SourcePlace, 'chunks'>,
    done: number,
  ): AsyncGenerator<string, void, undefined> {
    const { sink, dedup, signal } = this.#parts;
    const { pending, seen } = this.#shared;
    const { metadata = {} } = item.kind === 'document' ? item.document : {};
    const ids = chunks.map(({ index, text }) => rowId(item.id, index, text));
    const present = await sink.has?.(ids);
    const kept: string[] = [];
    for (const [i, { text, ...chunk }] of chunks.entries()) {
      if (signal.aborted) return;
      const id = ids[i] as string;
      const isNew = i < done || !dedup || seen.add(hashOf(text));
      if (isNew) kept.push(id);
      if (i < done) continue;
      const isRow = isNew && !present?.has(id);
      if (isRow) pending.add({ id, documentId: item.id, text, metadata, ...chunk });
      const { reading } = pending;
      reading.place = { ...place, chunks: i + 1 };
      reading.seen = seen.size;
      if (isRow) yield text;
      else reading.counts[isNew ? 'unchanged' : 'duplicates']++;
    }
    if (sink.retain) this.#kept.push({ ordinal: place.documents, documentId: item.id, ids: kept });
  }

  #filter(reason: string): void {
    const { filtered } = this.#shared.pending.reading.counts;
    filtered[reason] = (filtered[reason] ?? 0) + 1;
  }

  #fail(documentId: string, cause: Error): void {
    const message = cause.message.startsWith(documentId) ? cause.message : `${documentId}: ${cause.message}`;
    if (this.#parts.onError === 'throw') throw new OvembedError('ERR_DOCUMENT', message, { cause });
    const { reading } = this.#shared.pending;
    reading.counts.failed++;
    if (reading.failures.length >= MOST_FAILURES) return;
    const code = cause instanceof OvembedError ? cause.code : 'ERR_DOCUMENT';
    reading.failures = [...reading.failures, { documentId, code, message }];
  }
}

const sizeOf = ({ item }: Numbered) => (item.kind === 'document' ? item.document.text.length : 0);

function digestOf(item: ReadItem): string {
  return item.kind === 'document' ? Buffer.from(hashOf(item.document.text)).toString('hex') : item.kind;
}

function changed(what: string): OvembedError {
  const message = `The corpus has changed since the checkpoint: ${what}. Start again with restart (--restart).`;
  return new OvembedError('ERR_INVALID_ARGUMENT', message);
}
