/** Some consecutive texts of a stream: how they are embedded, and how much of it is still to be read. */
import { type EmbeddingsData, type RunMetadata, rowOf, type Timings } from '../embeddings.js';
import type { CallScope } from '../signals.js';
import type { VectorCodec } from '../vectors/codec.js';
import type { Dtype, DtypeArrays } from '../vectors/dtype.js';
import { RowCollector } from './embed-list.js';
import { type Engine, type Request, runWindow, type Window } from './windows.js';

/** The vector of one text of a stream. */
export interface StreamItem<D extends Dtype = 'float32'> {
  /** Place of the text in the source, from 0. */
  index: number;
  /** A view of its window's vectors: `slice()` it to keep a few of many, so that the others can go. */
  embedding: DtypeArrays[D];
  /** Tokens that the model read, special tokens and prompt counted. */
  tokens: number;
  /** Whether the text was cut. */
  truncated: boolean;
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

  /** @param onRows told of texts whose items can be read, batch by batch */
  async embed(
    engine: Engine,
    request: Request,
    window: Window,
    codec: VectorCodec<D>,
    signal: CallScope['signal'],
    onRows: (rows: Uint32Array) => void,
  ): Promise<void> {
    const started = performance.now();
    const { first, inputs } = window;
    const collector = new RowCollector(engine, inputs.length, codec, first);
    const { timings } = collector.parts;
    this.#result = collector.parts;
    await runWindow(
      engine,
      request,
      window,
      {
        onEncoding: (...encoded) => collector.onEncoding(...encoded),
        onPart: (from, part) => {
          collector.onPart(from, part);
          timings.totalMs = performance.now() - started;
          onRows(part.rows);
        },
        onCopies: (from, rows, data, cached) => {
          collector.onCopies(from, rows, data, cached);
          timings.totalMs = performance.now() - started;
          onRows(Uint32Array.from(rows));
        },
      },
      signal,
    );
    this.state = 'finished';
  }

  /** The item of a text that has been embedded. */
  item(row: number): StreamItem<D> {
    const result = this.#result as EmbeddingsData<D>;
    const { tokens, truncated, timings, metadata } = result;
    return {
      index: this.#first + row,
      embedding: rowOf(result, row),
      tokens: tokens[row] as number,
      truncated: truncated[row] === 1,
      timings,
      metadata,
    };
  }
}
