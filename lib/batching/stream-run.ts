/**
 * What goes on in a stream that has been begun: texts are read into windows, at most two of which are under way or unread;
 * what has come of them waits in a queue for calls of `next()`, or they for it.
 */

import type { CallWatch } from '../call-watch.js';
import { checkInput, copyOf, type Input, type InputRules, type ModelInput } from '../input.js';
import { type CallLimits, CallScope, type StopSignal } from '../signals.js';
import { TimeSlice } from '../time-slice.js';
import type { Dtype } from '../vectors/dtype.js';
import { type Source, SourceReader } from './stream-source.js';
import { type StreamItem, StreamWindow } from './stream-window.js';
import { WINDOW_CHARACTERS, type Window } from './windows.js';

/** What a stream works on. */
export interface StreamJob<D extends Dtype> {
  /** Of the call, in messages. */
  name: string;
  source: Source;
  /** Most texts of a window. */
  batchSize: number;
  ordered: boolean;
  rules: InputRules;
  /**
   * Gives a window its vectors, in this process or another.
   * @param onRows told of texts whose items can be read, all of them in the end; only heard where `ordered` is false
   */
  embed(window: StreamWindow<D>, texts: Window, signal: StopSignal, onRows: (rows: Uint32Array) => void): Promise<void>;
  limits: CallLimits;
  /** Starts a window's work, unless no new work is taken. */
  admit<T>(work: () => Promise<T>): Promise<T>;
  watch: CallWatch;
  /** Told once how it ended: the milliseconds since it began, and the failure, if there was one. */
  onEnd(ms: number, failure?: { reason: unknown }): void;
}

export type StreamStep<D extends Dtype> = IteratorResult<StreamItem<D>, undefined>;

export const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** While one is on the device, another is read and tokenised. */
const MOST_WINDOWS = 2;

/** A call of `next()` that has not been answered. */
interface Asked<D extends Dtype> {
  resolve(step: StreamStep<D>): void;
  reject(reason: unknown): void;
}

/** Texts of a window whose items can be read. */
interface Ready<D extends Dtype> {
  window: StreamWindow<D>;
  rows: Uint32Array;
  read: number;
}

export class StreamRun<D extends Dtype> {
  readonly #job: StreamJob<D>;
  readonly #scope: CallScope;
  readonly #startedAt = performance.now();
  readonly #reader: SourceReader;

  /** Texts that have been read for the next window. */
  #inputs: ModelInput[] = [];
  #characters = 0;
  /** Index of the first of them. */
  #first = 0;
  #isReading = false;
  #isSendingSoon = false;

  /** Under way or unread, in the order of the source. */
  readonly #windows = new Set<StreamWindow<D>>();
  /** Under way; these never reject. */
  readonly #work = new Set<Promise<void>>();
  #ready: Ready<D>[] = [];
  readonly #asked: Asked<D>[] = [];

  /** `closed`: nothing more is read, and the source has been closed; `over`: nothing more is handed out either. */
  #state: 'open' | 'closing' | 'closed' | 'over' = 'open';
  /** Told once, after all that comes before it. */
  #failure: { reason: unknown } | undefined;

  constructor(job: StreamJob<D>) {
    this.#job = job;
    this.#reader = new SourceReader(job.source);
    this.#scope = new CallScope(job.name, job.limits);
    const { signal } = this.#scope;
    const onEnd = () => this.#end({ reason: signal.reason });
    if (signal.aborted) onEnd();
    else signal.addEventListener('abort', onEnd, { once: true });
    void this.#read();
  }

  next(): Promise<StreamStep<D>> {
    return new Promise((resolve, reject) => {
      this.#asked.push({ resolve, reject });
      this.#answer();
    });
  }

  /** The consumer wants no more. Resolves when nothing is under way and the source, unless it does not answer, is closed. */
  async leave(): Promise<void> {
    const wasOver = this.#state === 'over';
    this.#end();
    const closed = this.#reader.close();
    await Promise.all(this.#work);
    if (!wasOver) await closed;
  }

  /** Reads texts into windows while there is room for another one. Never rejects. */
  async #read(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      const slice = new TimeSlice();
      while (this.#state === 'open' && this.#windows.size < MOST_WINDOWS) {
        this.#sendSoon();
        const { done, value } = await this.#reader.read();
        if (this.#state !== 'open') break;
        if (done) this.#stop();
        else this.#add(value);
        // The source may always have a next text.
        if (slice.isOver) await slice.next();
      }
    } catch (reason) {
      if (this.#state === 'open') this.#stop({ reason });
    } finally {
      this.#isReading = false;
    }
  }

  #add(item: Input): void {
    const input = checkInput(copyOf(item), this.#job.rules, this.#first + this.#inputs.length);
    this.#inputs.push(input);
    this.#characters += input.length;
    if (this.#inputs.length >= this.#job.batchSize || this.#characters >= WINDOW_CHARACTERS) this.#send();
  }

  /**
   * Texts wait for company only while the device has something of this stream to do, or while the source keeps answering:
   * one that has not answered by the next turn of the event loop makes us wait.
   */
  #sendSoon(): void {
    if (this.#isSendingSoon || this.#work.size > 0) return;
    this.#isSendingSoon = true;
    setImmediate(() => {
      this.#isSendingSoon = false;
      if (this.#state === 'open' && this.#work.size === 0 && this.#reader.isWaiting) this.#send();
    });
  }

  /** Sends the texts that have been read on their way, as a window. */
  #send(): void {
    if (this.#inputs.length === 0) return;
    const window = { first: this.#first, inputs: this.#inputs };
    this.#first += this.#inputs.length;
    this.#inputs = [];
    this.#characters = 0;
    const work = this.#embed(window).then(() => {
      this.#work.delete(work);
      if (this.#reader.isWaiting) this.#sendSoon();
    });
    this.#work.add(work);
  }

  async #embed(texts: Window): Promise<void> {
    const { ordered, admit, watch } = this.#job;
    const window = new StreamWindow<D>(texts);
    this.#windows.add(window);
    const onRows = (rows: Uint32Array) => {
      if (!ordered) this.#handOver(window, rows);
    };
    try {
      await admit(() => this.#job.embed(window, texts, this.#scope.signal, onRows));
      watch.add(window.result);
      if (ordered) this.#handOverInOrder();
    } catch (reason) {
      this.#drop(window, reason);
    }
  }

  #handOverInOrder(): void {
    for (const window of this.#windows) {
      if (window.state === 'running') return;
      if (window.state === 'finished')
        this.#handOver(
          window,
          Uint32Array.from({ length: window.unread }, (_, row) => row),
        );
      window.state = 'handed over';
    }
  }

  #handOver(window: StreamWindow<D>, rows: Uint32Array): void {
    if (!this.#windows.has(window)) return;
    this.#ready.push({ window, rows, read: 0 });
    this.#answer();
  }

  /** A window has failed. In order, nothing that comes after it is handed out; otherwise all that was begun is. */
  #drop(window: StreamWindow<D>, reason: unknown): void {
    if (!this.#windows.has(window)) return;
    const all = [...this.#windows];
    const dropped = this.#job.ordered ? all.slice(all.indexOf(window)) : [window];
    for (const one of dropped) this.#windows.delete(one);
    // Windows after a failed one are gone, so in order a later failure is one of an earlier text.
    if (this.#job.ordered || !this.#failure) this.#failure = { reason };
    this.#inputs = [];
    this.#stop();
    this.#answer();
  }

  /** Reads no more. What has been read is still embedded, and a failure of the source told after it. */
  #stop(failure?: { reason: unknown }): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#failure ??= failure;
    this.#send();
    const onClosed = () => {
      if (this.#state === 'closing') this.#state = 'closed';
      this.#answer();
      this.#endIfAllRead();
    };
    this.#reader.close().then(onClosed, onClosed);
  }

  /** Answers calls of `next()` with what there is. */
  #answer(): void {
    while (this.#asked.length > 0) {
      const [ready] = this.#ready;
      if (ready) (this.#asked.shift() as Asked<D>).resolve({ done: false, value: this.#take(ready) });
      else if (this.#state === 'over') this.#answerOver(this.#asked.shift() as Asked<D>);
      else if (this.#state === 'closed' && this.#windows.size === 0) this.#end(this.#failure);
      else return;
    }
  }

  #take(ready: Ready<D>): StreamItem<D> {
    const { window, rows } = ready;
    const item = window.item(rows[ready.read++] as number);
    if (ready.read === rows.length) this.#ready.shift();
    if (--window.unread === 0) {
      this.#windows.delete(window);
      this.#endIfAllRead();
      // Not before the item is on its way: the source is the caller's code, which may call next().
      queueMicrotask(() => void this.#read());
    }
    return item;
  }

  /** With the last item, not with the `next()` after it, which may never come: timers and listeners go. */
  #endIfAllRead(): void {
    if (this.#state === 'closed' && this.#windows.size === 0 && this.#asked.length === 0) this.#end(this.#failure);
  }

  #answerOver({ resolve, reject }: Asked<D>): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) reject(failure.reason);
    else resolve(DONE);
  }

  /** Drops everything, and hands out nothing but the failure, if there is one. */
  #end(failure?: { reason: unknown }): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#failure = failure;
    this.#job.onEnd(performance.now() - this.#startedAt, failure);
    this.#scope.end(failure?.reason);
    this.#windows.clear();
    this.#ready = [];
    this.#inputs = [];
    this.#reader.close().catch(() => {});
    this.#answer();
  }
}
