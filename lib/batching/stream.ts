/** Embedding a source of any length in constant memory. */
import type { Dtype } from '../vectors/dtype.js';
import { DONE, type StreamJob, StreamRun } from './stream-run.js';
import type { StreamItem } from './stream-window.js';

export type { Source } from './stream-source.js';
export type { StreamItem } from './stream-window.js';

/**
 * Vectors of a source, in its order unless `ordered: false`. Nothing is read before the first `next()`. Calls of `next()`
 * are answered in the order in which they were made. A failure, of the source, of a text or by `signal` and `timeoutMs`,
 * rejects one `next()`; those after it are done. What comes before a failing text is handed out first; an abort and a
 * timeout drop it.
 */
export class EmbeddingStream<D extends Dtype = 'float32'>
  implements AsyncIterableIterator<StreamItem<D>, undefined, undefined>, AsyncDisposable
{
  #run: StreamRun<D> | undefined;
  readonly #begin: () => StreamRun<D>;
  #left = false;

  /** @internal */
  constructor(job: StreamJob<D>) {
    this.#begin = () => job.watch.begin(() => new StreamRun(job));
  }

  /**
   * The next vector. Begins to read the source if nothing has.
   * @throws OvembedError what made the stream fail: an error of the source, of a text or of a device; `signal.reason`; `ERR_TIMEOUT`
   */
  next(): Promise<IteratorResult<StreamItem<D>, undefined>> {
    if (this.#left) return Promise.resolve(DONE);
    this.#run ??= this.#begin();
    return this.#run.next();
  }

  /**
   * Drops what is queued, ends every `next()` that waits, and closes the source; so does leaving a `for await` loop.
   * Resolves when all is freed. Rejects with what the source throws when it is closed.
   */
  async return(): Promise<IteratorResult<StreamItem<D>, undefined>> {
    this.#left = true;
    await this.#run?.leave();
    return DONE;
  }

  /** The stream itself: it can be read once. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** As `return()`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}
