/** One run: reads, prepares, embeds and writes, in the order of the corpus, and keeps the checkpoint. */
import type { Embedder } from '../embedder.js';
import type { StreamOptions } from '../options.js';
import type { Checkpoint, Resumed } from './checkpoint.js';
import type { CorpusReader } from './document.js';
import { Pending } from './pending.js';
import type { Preparation } from './prepare.js';
import { type Baseline, type CorpusProgress, type CorpusReport, progressOf } from './report.js';
import { SeenTexts } from './seen.js';
import type { VectorRow, VectorSink, VectorSpace } from './sink.js';
import { SourceSide } from './source-side.js';
import { newStages, timed } from './stages.js';
import { newState, type WrittenCounts } from './state.js';

export interface RunParts {
  embedder: Pick<Embedder, 'stream'>;
  space: VectorSpace;
  reader: CorpusReader;
  preparation: Preparation;
  sink: VectorSink;
  checkpoint: Checkpoint | undefined;
  checkpointEveryMs: number;
  dedup: boolean;
  onError: 'throw' | 'collect';
  onProgress: ((progress: CorpusProgress) => void) | undefined;
  streamOptions: StreamOptions;
  signal: AbortSignal;
}

/** Rows that a sink gets at once. Small, since sinks turn vectors into text in one go. */
const ROWS_AT_ONCE = 64;

export class CorpusRun {
  readonly #parts: RunParts;
  readonly #source: SourceSide;
  readonly #pending: Pending;
  readonly #seen: SeenTexts;
  readonly #stages = newStages();
  readonly #startedAt = performance.now();
  readonly #written: WrittenCounts;
  readonly #before: Baseline;
  readonly #resumed: Resumed | undefined;
  #rows: VectorRow[] = [];
  #savedAt = performance.now();
  /** Work on the sink, one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: RunParts, resumed: Resumed | undefined) {
    const { read, written } = resumed?.state ?? newState();
    this.#parts = parts;
    this.#resumed = resumed;
    this.#before = { bytes: read.counts.bytes, tokens: written.tokens };
    this.#seen = resumed?.seen ?? new SeenTexts();
    this.#written = written;
    this.#pending = new Pending(read);
    const shared = { pending: this.#pending, seen: this.#seen, stages: this.#stages };
    this.#source = new SourceSide(parts, { ...shared, onDocument: () => this.#onWork() });
  }

  /** Rejects with `signal.reason` when that aborts, once what was read is written. */
  async run(): Promise<CorpusReport> {
    const { sink, space, checkpoint, signal } = this.#parts;
    try {
      await sink.open(space, this.#resumed?.sink ?? null);
      await this.#embedAll();
      await this.#inTurn(() => this.#save());
      this.#parts.onProgress?.(this.#progress());
      this.#source.throwFailure();
      signal.throwIfAborted();
      await sink.finish?.();
      await checkpoint?.remove();
    } catch (error) {
      // The error that tells why is the first one.
      await Promise.allSettled([sink.close(), checkpoint?.close()]);
      throw error;
    }
    await sink.close();
    const resumed = this.#resumed !== undefined;
    return { ...this.#progress(), resumed, failures: this.#pending.done.failures };
  }

  async #embedAll(): Promise<void> {
    const { embedder, streamOptions } = this.#parts;
    const stream = embedder.stream(this.#source.texts(), streamOptions);
    let window: unknown;
    for (;;) {
      const { done, value: item } = await timed(this.#stages.embed, () => stream.next());
      if (done) return;
      const { embedding: vector, tokens, truncated, metadata } = item;
      this.#rows.push({ ...this.#pending.take(), tokens, vector });
      this.#written.chunks++;
      this.#written.truncated += truncated ? 1 : 0;
      this.#written.tokens += tokens;
      this.#stages.embed.done += tokens;
      // Told with each item of a window, and meant for all of it.
      if (metadata !== window) this.#written.cacheHits += metadata.cacheHits;
      window = metadata;
      if (this.#rows.length < ROWS_AT_ONCE) continue;
      try {
        await this.#inTurn(() => this.#write());
        await this.#onWork();
      } catch (error) {
        await stream.return();
        throw error;
      }
    }
  }

  /** Something was done: also documents without rows, of which there may be many. */
  async #onWork(): Promise<void> {
    const { checkpointEveryMs, onProgress } = this.#parts;
    if (performance.now() - this.#savedAt >= checkpointEveryMs) await this.#inTurn(() => this.#save());
    onProgress?.(this.#progress());
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }

  async #write(): Promise<void> {
    const rows = this.#rows;
    if (rows.length === 0) return;
    this.#rows = [];
    await timed(this.#stages.write, () => this.#parts.sink.write(rows));
    this.#stages.write.done += rows.length;
  }

  /** Writes what there is, makes it durable, and notes how far that is. */
  async #save(): Promise<void> {
    const { sink, checkpoint } = this.#parts;
    this.#savedAt = performance.now();
    // Of the same moment as the rows that are written: more may be taken while that is waited for.
    const state = structuredClone({ read: this.#pending.done, written: this.#written });
    await this.#write();
    await timed(this.#stages.write, async () => {
      await this.#source.retain(state.read.place.documents);
      const position = await sink.flush();
      await checkpoint?.save(state, position, this.#seen);
    });
  }

  #progress(): CorpusProgress {
    const seconds = (performance.now() - this.#startedAt) / 1000;
    const { totalBytes } = this.#parts.reader;
    const more = { totalBytes, seconds, stages: this.#stages, before: this.#before };
    return progressOf(this.#pending.done.counts, this.#written, more);
  }
}
