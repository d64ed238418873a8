/** Some consecutive texts of a stream: how they are embedded, and how much of it is still to be read. */
import { type EmbeddingsData, type RunMetadata, rowOf, type Timings } from '../embeddings.js';
import type { CallScope } from '../signals.js';
import type { VectorCodec } from '../vectors/codec.js';
import type { Dtype, DtypeArrays } from '../vectors/dtype.js';
import { distinctOf, duplicatesOf } from './distinct.js';
import { RowCollector } from './embed-list.js';
import type { StreamJob } from './stream-run.js';
import { type Engine, indexOf, type Request, runWindow, type Window } from './windows.js';

/** The vector of one text of a stream. */
export interface StreamItem<D extends Dtype = 'float32'> {
  /** Place of the text in the source, from 0. */
  index: number;
  /** A view of its window's vectors: `slice()` it to keep a few of many, so that the others can go. */
  embedding: DtypeArrays[D];
  /** Tokens that the model read, special tokens and prompt counted. */
  tokens: number;
  /** Tokens of the text before it was cut. */
  originalTokens: number;
  /** Whether the text was cut. */
  truncated: boolean;
  /** Windows that the text was read in; see `truncate: 'chunk'`. */
  chunks: number;
  /** Of its window, and shared by the window's items. With `ordered: false` they grow until the window's last item is there. */
  timings: Timings;
  /** As `timings`. */
  metadata: RunMetadata;
}

export class StreamWindow<D extends Dtype> {
  /** Texts whose items have not been read. */
  unread: number;
  state: 'running' | 'finished' | 'handed over' = 'running';
  readonly #first: number;
  #result: EmbeddingsData<D> | undefined;

  constructor({ first, inputs }: Window) {
    this.#first = first;
    this.unread = inputs.length;
  }

  /**
   * Equal texts of the window are computed once.
   * @param onRows told of texts whose items can be read, batch by batch
   */
  async embed(
    engine: Engine,
    request: Request,
    { first, inputs }: Window,
    codec: VectorCodec<D>,
    signal: CallScope['signal'],
    onRows: (rows: Uint32Array) => void,
  ): Promise<void> {
    const started = performance.now();
    const collector = new RowCollector(engine, inputs.length, codec, first);
    const { timings } = collector.parts;
    this.#result = collector.parts;
    const handOut = (rows: Uint32Array) => {
      timings.totalMs = performance.now() - started;
      if (rows.length > 0) onRows(rows);
    };
    const found = distinctOf(inputs, signal);
    const distinct = found instanceof Promise ? await found : found;
    const rowsOf = (window: Window, rows: ArrayLike<number>) =>
      Uint32Array.from(rows, (row) => indexOf(window, row) - first);
    await runWindow(
      engine,
      request,
      { first, inputs: distinct?.inputs ?? inputs, rows: distinct?.rows.map((row) => first + row) },
      {
        onEncoding: (...encoded) => collector.onEncoding(...encoded),
        onPart: (window, part) => {
          collector.onPart(window, part);
          handOut(rowsOf(window, part.rows));
        },
        onKept: (window, rows, kept) => {
          collector.onKept(window, rows, kept);
          handOut(rowsOf(window, rows));
        },
      },
      signal,
    );
    if (distinct) {
      await collector.copyDuplicates(distinct, signal);
      handOut(duplicatesOf(distinct));
    }
    this.state = 'finished';
  }

  /** What has been embedded elsewhere. */
  fill(result: EmbeddingsData<D>): void {
    this.#result = result;
    this.state = 'finished';
  }

  /** Of a window that has been embedded. */
  get result(): EmbeddingsData<D> {
    return this.#result as EmbeddingsData<D>;
  }

  /** The item of a text that has been embedded. */
  item(row: number): StreamItem<D> {
    const { result } = this;
    const { tokens, originalTokens, truncated, chunks, timings, metadata } = result;
    return {
      index: this.#first + row,
      embedding: rowOf(result, row),
      tokens: tokens[row] as number,
      originalTokens: originalTokens[row] as number,
      truncated: truncated[row] === 1,
      chunks: chunks[row] as number,
      timings,
      metadata,
    };
  }
}

/** Windows of one stream, embedded in this process. `queueTimeoutMs` counts for each, not from the beginning of the stream. */
export function inEngine<D extends Dtype>(
  engine: Engine,
  request: Request,
  codec: VectorCodec<D>,
): StreamJob<D>['embed'] {
  const call = { ...request.call };
  const asked = { ...request, call };
  return (window, texts, signal, onRows) => {
    call.since = engine.scheduler.clock.now();
    return window.embed(engine, asked, texts, codec, signal, onRows);
  };
}
