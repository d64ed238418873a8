/** The way to a stream's source, sync or async: one text at a time, closed once. */
import { describe, OvembedError } from '../errors.js';
import type { Input } from '../input.js';

/** What can be streamed. */
export type Source = Iterable<Input> | AsyncIterable<Input>;

/** @throws OvembedError `ERR_INVALID_ARGUMENT` for what cannot be iterated; a string can, but is one text */
export function checkSource(
  source: Iterable<unknown> | AsyncIterable<unknown>,
  name: string,
  of = 'strings or token ids',
): void {
  const fits = typeof source === 'object' && source !== null;
  if (fits && (Symbol.asyncIterator in source || Symbol.iterator in source)) return;
  const message = `Expected an iterable or async iterable of ${of} for ${name}, received ${describe(source)}.`;
  throw new OvembedError('ERR_INVALID_ARGUMENT', message);
}

export class SourceReader {
  readonly #source: Source;
  #iterator: Iterator<Input> | AsyncIterator<Input> | undefined;
  /** The answer that is waited for. */
  #reading: Promise<unknown> | undefined;
  #ended = false;
  #closed: Promise<void> | undefined;

  constructor(source: Source) {
    this.#source = source;
  }

  /** The source has been asked for a text and has not answered. */
  get isWaiting(): boolean {
    return this.#reading !== undefined;
  }

  /** Opens the source at the first call. Rejects with what it throws, which ends it. */
  async read(): Promise<IteratorResult<Input>> {
    try {
      this.#iterator ??= open(this.#source);
      const answer = Promise.resolve(this.#iterator.next());
      this.#reading = answer;
      const step = await answer;
      this.#ended = step.done === true;
      return step;
    } catch (error) {
      this.#ended = true;
      throw error;
    } finally {
      this.#reading = undefined;
    }
  }

  /**
   * Closes the source as `for await` does: it is waited for, and what it throws rejects. A source that does not answer
   * is told and not waited for.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    // A sync source answers within the tick. It may be what closes itself, by an abort in the middle of its next().
    if (Symbol.iterator in this.#source && !(Symbol.asyncIterator in this.#source)) await this.#settled();
    if (this.#ended || !this.#iterator) return;
    const isWaiting = this.isWaiting;
    const closing = Promise.resolve(this.#iterator.return?.());
    if (isWaiting) closing.catch(() => {});
    else await closing;
  }

  async #settled(): Promise<void> {
    await null;
    await this.#reading?.catch(() => {});
  }
}

function open(source: Source): Iterator<Input> | AsyncIterator<Input> {
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
}
