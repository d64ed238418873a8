/**
 * Late chunking (Günther et al. 2024, arXiv:2409.04701): the model reads the whole text, and a chunk's vector is the mean of
 * the vectors of its tokens, which so know what stands around the chunk. A text that is longer than the model reads goes in
 * windows that overlap; of tokens that two windows have, the vectors of the first count (the paper's long late chunking).
 */
import { addPart, noBatches, noTimings } from '../batching/accounting.js';
import { type Collector, type Engine, indexOf, type Request, runWindows, type Window } from '../batching/windows.js';
import type { PartResult } from '../batching/work.js';
import { Embeddings } from '../embeddings.js';
import { describe, invalidArgument, OvembedError } from '../errors.js';
import { callNativeNow, type NativeEncoding, type PoolingType, type VectorModule } from '../native.js';
import type { CallScope } from '../signals.js';
import type { VectorCodec } from '../vectors/codec.js';
import type { Dtype } from '../vectors/dtype.js';
import type { Chunk } from './chunking/chunk.js';
import { startsOf } from './long-input.js';

/** A text, and where its chunks are; they may overlap, and need not cover it. */
export interface ChunkedText {
  /** The whole text, as the chunks were cut from. */
  text: string;
  /** UTF-16 offsets, end exclusive: what a `Chunker` gives fits. */
  chunks: readonly Pick<Chunk, 'start' | 'end'>[];
}

/** Of the tokens of a window, those of the window before that are read again, unless a call says otherwise; or a quarter. */
const DEFAULT_OVERLAP = 256;

export function defaultOverlap({ plan }: Engine): number {
  return Math.min(DEFAULT_OVERLAP, plan.maxLength >> 2);
}

/** @throws OvembedError `ERR_MODEL_UNSUPPORTED` for a model whose vectors are no means of token vectors */
export function checkPoolsTokens(
  pooling: readonly PoolingType[],
  modules: readonly VectorModule[],
  inGraph: boolean,
): void {
  const problem = inGraph
    ? "the model's graph ends in pooled vectors"
    : pooling.join() !== 'MEAN'
      ? `the model pools by ${pooling.join(', ')}`
      : modules.length > 0
        ? `the model has a ${modules[0]?.type} module after pooling`
        : undefined;
  if (problem === undefined) return;
  const message = `Late chunking takes means of token vectors, which only models with mean pooling and nothing after it know: ${problem}. Embed the chunks' texts with embedDocuments.`;
  throw new OvembedError('ERR_MODEL_UNSUPPORTED', message);
}

/** A copy. @throws OvembedError `ERR_INVALID_ARGUMENT` */
export function checkDocuments(documents: readonly ChunkedText[]): ChunkedText[] {
  if (!Array.isArray(documents)) throw invalidArgument('embedChunks', 'a list of { text, chunks }', documents);
  return documents.map((document, i) => {
    const { text, chunks } = document ?? {};
    if (typeof text !== 'string') throw invalidArgument(`the text of document ${i}`, 'a string', text);
    if (!Array.isArray(chunks))
      throw invalidArgument(`the chunks of document ${i}`, 'a list of { start, end }', chunks);
    return { text, chunks: chunks.map((chunk, c) => checkSpan(chunk, text.length, `chunk ${c} of document ${i}`)) };
  });
}

function checkSpan(span: { start: number; end: number }, length: number, name: string) {
  const { start, end } = span ?? {};
  if (Number.isInteger(start) && Number.isInteger(end) && 0 <= start && start <= end && end <= length)
    return { start, end };
  const received = `start ${describe(start)} and end ${describe(end)}`;
  const message = `Expected 0 ≤ start ≤ end ≤ ${length}, the length of the text, for ${name}, received ${received}.`;
  throw new OvembedError('ERR_INVALID_ARGUMENT', message);
}

/** What becomes of a mean. */
interface VectorForm<D extends Dtype> {
  /** Of the dimensions that are wanted. */
  codec: VectorCodec<D>;
  normalize: boolean;
}

/** The vectors of each document's chunks, in the order of the documents. @param request for vectors of tokens, in windows */
export async function embedChunks<D extends Dtype>(
  engine: Engine,
  request: Request,
  documents: readonly ChunkedText[],
  form: VectorForm<D>,
  scope: CallScope,
): Promise<Embeddings<D>[]> {
  const started = performance.now();
  const collector = new ChunkCollector(engine, request, documents, form);
  await runWindows(engine, request, { inputs: documents.map(({ text }) => text) }, collector, scope);
  collector.timings.totalMs = performance.now() - started;
  return collector.results;
}

/** Some tokens of a chunk that are in one row: their mean is a piece of the chunk's vector. */
interface Piece {
  chunk: number;
  /** In the row. */
  start: number;
  count: number;
}

/** A document of which rows are under way. */
interface Pending {
  missing: number;
  firstRow: number;
  /** By row. */
  pieces: Piece[][];
  vectors: Float32Array[];
}

class ChunkCollector<D extends Dtype> implements Collector<NativeEncoding> {
  readonly results: Embeddings<D>[] = [];
  readonly timings = noTimings();
  readonly #metadata;
  readonly #engine: Engine;
  readonly #request: Request;
  readonly #documents: readonly ChunkedText[];
  readonly #form: VectorForm<D>;
  readonly #encodings = new Map<Window, { inputs: Uint32Array; lengths: Uint32Array }>();
  readonly #pending = new Map<number, Pending>();

  constructor(engine: Engine, request: Request, documents: readonly ChunkedText[], form: VectorForm<D>) {
    this.#engine = engine;
    this.#metadata = noBatches(engine);
    this.#request = request;
    this.#documents = documents;
    this.#form = form;
  }

  onEncoding(window: Window, encoding: NativeEncoding, tookMs: number): void {
    this.timings.tokenizeMs += tookMs;
    const { inputs, lengths } = encoding;
    this.#encodings.set(window, { inputs, lengths });
    const tokens = ownTokens(encoding);
    let row = 0;
    while (row < inputs.length) {
      const firstRow = row;
      while (row < inputs.length && inputs[row] === inputs[firstRow]) row++;
      const document = indexOf(window, inputs[firstRow] as number);
      const { chunks } = this.#documents[document] as ChunkedText;
      const rows = tokens.slice(firstRow, row);
      const pieces = piecesOf(chunks, rows, this.#request.prompt.length);
      this.#pending.set(document, { missing: row - firstRow, firstRow, pieces, vectors: [] });
    }
  }

  /** Vectors of tokens are kept nowhere. */
  onKept(): void {}

  onPart(window: Window, part: PartResult): void {
    addPart(this.timings, this.#metadata, part);
    const { inputs, lengths } = this.#encodings.get(window) as { inputs: Uint32Array; lengths: Uint32Array };
    const counts = part.rows.map((row) => lengths[row] as number);
    const width = part.data.length / counts.reduce((sum, count) => sum + count, 0);
    let end = 0;
    for (const [i, row] of part.rows.entries()) {
      const start = end;
      end += (counts[i] as number) * width;
      this.#take(indexOf(window, inputs[row] as number), row, part.data.subarray(start, end), width);
    }
  }

  #take(document: number, row: number, tokens: Float32Array, width: number): void {
    const pending = this.#pending.get(document) as Pending;
    const at = row - pending.firstRow;
    const pieces = pending.pieces[at] as Piece[];
    const starts = Uint32Array.from(pieces, ({ start }) => start);
    const lengths = Uint32Array.from(pieces, ({ count }) => count);
    const means = new Float32Array(pieces.length * width);
    this.#pool(tokens, means, { dimensions: width, starts, lengths, weights: null, normalize: false });
    pending.vectors[at] = means;
    if (--pending.missing > 0) return;
    this.#pending.delete(document);
    this.results[document] = this.#finish(document, pending, width);
  }

  /** Puts the pieces of each chunk together. */
  #finish(document: number, { pieces, vectors }: Pending, width: number): Embeddings<D> {
    const { codec, normalize } = this.#form;
    const { dimensions, dtype } = codec;
    const length = (this.#documents[document] as ChunkedText).chunks.length;
    const [lengths, tokens] = [new Uint32Array(length), new Uint32Array(length)];
    for (const { chunk, count } of pieces.flat()) {
      lengths[chunk] = (lengths[chunk] as number) + 1;
      tokens[chunk] = (tokens[chunk] as number) + count;
    }
    const starts = startsOf(lengths);
    const next = starts.slice();
    const rows = lengths.reduce((sum, count) => sum + count, 0);
    const [means, weights] = [new Float32Array(rows * dimensions), new Uint32Array(rows)];
    for (const [row, list] of pieces.entries()) {
      for (const [i, { chunk, count }] of list.entries()) {
        const to = next[chunk] as number;
        next[chunk] = to + 1;
        // Dimensions are cut before the last mean, which changes nothing, and before the norm.
        means.set((vectors[row] as Float32Array).subarray(i * width, i * width + dimensions), to * dimensions);
        weights[to] = count;
      }
    }
    const pooled = new Float32Array(length * dimensions);
    this.#pool(means, pooled, { dimensions, starts, lengths, weights, normalize });
    return new Embeddings({
      data: codec.encode(pooled),
      length,
      dimensions,
      dtype,
      tokens,
      originalTokens: tokens,
      truncated: new Uint8Array(length),
      chunks: new Uint32Array(length).fill(1),
      timings: this.timings,
      metadata: this.#metadata,
    });
  }

  #pool(...work: Parameters<Engine['pooler']['poolVectors']>): void {
    callNativeNow(() => this.#engine.pooler.poolVectors(...work));
  }
}

/** Where a row's own tokens begin in the row, and each of them in the text. */
interface OwnTokens {
  first: number;
  starts: Uint32Array;
}

function ownTokens(encoding: NativeEncoding): OwnTokens[] {
  const { ownStarts, ownLengths, lengths } = encoding;
  const { offsets } = encoding.tokens();
  const rowStarts = startsOf(lengths);
  return Array.from(lengths, (_, row) => {
    const first = ownStarts[row] as number;
    const at = (rowStarts[row] as number) + first;
    const starts = Uint32Array.from({ length: ownLengths[row] as number }, (_, i) => offsets[2 * (at + i)] as number);
    return { first, starts };
  });
}

/** A token belongs to the chunks that it begins in. */
function piecesOf(chunks: ChunkedText['chunks'], rows: readonly OwnTokens[], promptLength: number): Piece[][] {
  const pieces: Piece[][] = rows.map(() => []);
  const lastStarts = rows.map(({ starts }) => starts.at(-1) ?? 0);
  for (const [chunk, { start, end }] of chunks.entries()) {
    const [from, to] = [promptLength + start, promptLength + end];
    for (let row = lowerBound(lastStarts, from); row < rows.length; row++) {
      const { first, starts } = rows[row] as OwnTokens;
      if (starts.length > 0 && (starts[0] as number) >= to) break;
      const [begin, stop] = [lowerBound(starts, from), lowerBound(starts, to)];
      if (stop > begin) (pieces[row] as Piece[]).push({ chunk, start: first + begin, count: stop - begin });
    }
  }
  return pieces;
}

/** How many of ascending values are less. */
function lowerBound(values: ArrayLike<number>, value: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
