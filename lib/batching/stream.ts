/** Embedding a source of any length in constant memory. */
import { Embeddings } from '../embeddings.js';
import { checkInput, copyOf, type Input, type InputRules, type ModelInput } from '../input.js';
import { type CallLimits, CallScope } from '../signals.js';
import { RowCollector } from './embed-list.js';
import { pipelined } from './pipelined.js';
import { type Engine, type Request, runWindow, WINDOW_CHARACTERS, type Window } from './windows.js';

/** The vector of one text of a stream. */
export interface StreamItem {
  /** Place of the text in the source, from 0. */
  index: number;
  /** A view of its window's vectors: `slice()` it to keep a few of many, so that the others can go. */
  embedding: Float32Array;
  /** Tokens that the model read, special tokens and prompt counted. */
  tokens: number;
  /** Whether the text was cut. */
  truncated: boolean;
}

/** What can be streamed. */
export type Source = Iterable<Input> | AsyncIterable<Input>;

/** What a stream works on. */
export interface StreamJob {
  source: Source;
  /** Texts of a window. */
  batchSize: number;
  ordered: boolean;
  rules: InputRules;
  request: Request;
  dimensions: number;
  limits: CallLimits;
  /** Starts a window's work, unless no new work is taken. */
  admit<T>(work: () => Promise<T>): Promise<T>;
}

/** Ends the scope of a stream whose consumer wants no more of it. */
const LEFT = new Error('The consumer left the stream.');

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/**
 * Vectors in the order of the source. Nothing is read before the first `next()`. `return()`, and so leaving a `for await`
 * loop, drops what is queued and closes the source.
 */
export class EmbeddingStream implements AsyncIterableIterator<StreamItem, undefined, undefined> {
  readonly #engine: Engine;
  readonly #job: StreamJob;
  #running: { scope: CallScope; items: AsyncGenerator<StreamItem, void, undefined> } | undefined;
  #over = false;

  constructor(engine: Engine, job: StreamJob) {
    this.#engine = engine;
    this.#job = job;
  }

  async next(): Promise<IteratorResult<StreamItem, undefined>> {
    if (this.#over) return DONE;
    this.#running ??= this.#start();
    const { scope, items } = this.#running;
    try {
      const item = await scope.race(items.next());
      if (!item.done) return item;
      this.#end();
    } catch (error) {
      this.#end(error);
      if (error !== LEFT) throw error;
    }
    return DONE;
  }

  async return(): Promise<IteratorResult<StreamItem, undefined>> {
    this.#end(LEFT);
    await this.#running?.items.return();
    return DONE;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #start() {
    const scope = new CallScope('stream', this.#job.limits);
    return { scope, items: streamItems(this.#engine, this.#job, scope) };
  }

  #end(reason?: unknown): void {
    this.#over = true;
    this.#running?.scope.end(reason);
  }
}

async function* streamItems(engine: Engine, job: StreamJob, scope: CallScope): AsyncGenerator<StreamItem, void> {
  scope.signal.throwIfAborted();
  const { request, dimensions } = job;
  const start = ({ first, inputs }: Window) =>
    job.admit(async () => {
      const rows = new RowCollector(engine, inputs.length, dimensions, first);
      await runWindow(engine, request, { first, inputs }, rows, scope.signal);
      return { first, result: new Embeddings(rows.parts) };
    });
  for await (const { first, result } of pipelined(readWindows(job, scope), start, scope)) {
    for (let row = 0; row < result.length; row++) {
      scope.signal.throwIfAborted();
      yield itemOf(result, row, first);
    }
  }
}

function itemOf(result: Embeddings, row: number, first: number): StreamItem {
  return {
    index: first + row,
    embedding: result.at(row) as Float32Array,
    tokens: result.tokens[row] as number,
    truncated: result.truncated[row] === 1,
  };
}

/** Takes checked inputs from the source, a window at a time: `batchSize` texts, or fewer where they are long. */
async function* readWindows({ source, batchSize, rules }: StreamJob, scope: CallScope): AsyncGenerator<Window, void> {
  let inputs: ModelInput[] = [];
  let characters = 0;
  let first = 0;
  for await (const item of readSource(source, scope)) {
    const input = checkInput(copyOf(item), rules, first + inputs.length);
    inputs.push(input);
    characters += input.length;
    if (inputs.length < batchSize && characters < WINDOW_CHARACTERS) continue;
    yield { first, inputs };
    first += inputs.length;
    inputs = [];
    characters = 0;
  }
  if (inputs.length > 0) yield { first, inputs };
}

/**
 * The items of a source until it, or the scope, ends. A source that does not answer must not hold up the end of the
 * call, so it is not waited for then; otherwise it is closed as `for await` would.
 */
async function* readSource(source: Source, scope: CallScope): AsyncGenerator<Input, void> {
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  let state: 'idle' | 'reading' | 'done' = 'idle';
  try {
    for (;;) {
      state = 'reading';
      const step = iterator.next();
      const { done, value } = 'done' in step ? step : await scope.race(Promise.resolve(step));
      state = done ? 'done' : 'idle';
      if (done) return;
      yield value;
    }
  } finally {
    if (state !== 'done') {
      const closed = Promise.resolve(iterator.return?.());
      if (state === 'idle') await closed;
      else closed.catch(() => {});
    }
  }
}
