/** Documents that the caller's code gives one by one. */
import { describe, invalidArgument, type OvembedError } from '../../errors.js';
import type { CorpusDocument, CorpusReader, Manner, ReadItem } from '../document.js';

/** Documents from the caller's own code. */
export type DocumentSource = Iterable<CorpusDocument> | AsyncIterable<CorpusDocument>;

export class IterableReader implements CorpusReader {
  readonly totalBytes = undefined;
  readonly #source: DocumentSource;
  readonly #manner: Manner;

  constructor(source: DocumentSource, manner: Manner = { format: 'text' }) {
    this.#source = source;
    this.#manner = manner;
  }

  /** What the source throws is thrown: nobody knows what would come after it. */
  async *items(stop: AbortSignal): AsyncGenerator<ReadItem, void, undefined> {
    let index = 0;
    for await (const document of untilStopped(this.#source, stop)) {
      const place = `document ${index++}`;
      const error = problemOf(document, place);
      if (error) yield { kind: 'failed', id: place, end: 0, error };
      else yield { kind: 'document', id: document.id, end: 0, document, manner: this.#manner };
    }
  }
}

/** Does not wait for a source that does not answer once it is to stop. */
async function* untilStopped(source: DocumentSource, stop: AbortSignal): AsyncGenerator<CorpusDocument> {
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  // One promise for each answer: a race with one that lasts would keep what it has raced with.
  let giveUp = () => {};
  const onStop = () => giveUp();
  stop.addEventListener('abort', onStop, { once: true });
  const answered = () =>
    new Promise<IteratorResult<CorpusDocument> | undefined>((resolve, reject) => {
      giveUp = () => resolve(undefined);
      Promise.resolve(iterator.next()).then(resolve, reject);
    });
  let isOver = false;
  try {
    while (!stop.aborted) {
      const step = await answered();
      isOver = step?.done === true;
      if (!step || step.done) return;
      yield step.value;
    }
  } catch (error) {
    isOver = true;
    throw error;
  } finally {
    stop.removeEventListener('abort', onStop);
    const closing = isOver ? undefined : iterator.return?.();
    if (stop.aborted) void Promise.resolve(closing).catch(() => {});
    else await closing;
  }
}

function problemOf(document: unknown, place: string): OvembedError | undefined {
  const { id, text, metadata } = (document ?? {}) as Partial<CorpusDocument>;
  if (typeof id !== 'string' || id === '') return invalidArgument(`id of ${place}`, 'a string that is not empty', id);
  if (typeof text !== 'string') return invalidArgument(`text of ${place}`, 'a string', text);
  const isFine = metadata === undefined || (typeof metadata === 'object' && metadata !== null);
  return isFine ? undefined : invalidArgument(`metadata of ${place}`, 'an object', describe(metadata));
}
