/** A vector per token: what late chunking and late interaction build on. */
import { addPart, noBatches, noTimings } from '../batching/accounting.js';
import { allocate } from '../batching/allocate.js';
import { type Collector, type Engine, type Request, runWindows, type Window } from '../batching/windows.js';
import type { PartResult } from '../batching/work.js';
import type { RunMetadata, Timings } from '../embeddings.js';
import type { ModelInput } from '../input.js';
import type { NativeEncoding } from '../native.js';
import type { CallScope } from '../signals.js';
import { splitRows, type TokenizedText } from './tokenization.js';

/** The token vectors of one text. */
export interface TokenEmbeddings extends TokenizedText {
  /**
   * Row-major, `tokens` × `dimensions`: the model's last hidden states, special tokens included, padding left out,
   * neither pooled nor normalised (`output_value='token_embeddings'` of sentence-transformers).
   */
  data: Float32Array;
  /** Number of token vectors. */
  tokens: number;
  /** Width of a token vector. */
  dimensions: number;
  /** Tokens of the text before it was cut. */
  originalTokens: number;
  /** Whether the text was cut. */
  truncated: boolean;
  /** UTF-16 units of the prompt in front of the text: `offsets` count from the start of the prompt. */
  promptLength: number;
  /** Of the call, and shared by its texts. */
  timings: Timings;
  /** As `timings`. */
  metadata: RunMetadata;
}

/** Embeds every token of a list of inputs, in the order of the list. */
export async function embedTokens(
  engine: Engine,
  request: Request,
  inputs: readonly ModelInput[],
  dimensions: number,
  scope: CallScope,
): Promise<TokenEmbeddings[]> {
  const started = performance.now();
  const texts = new TokenCollector(engine, inputs, dimensions, request.prompt.length);
  await runWindows(engine, request, { inputs }, texts, scope);
  texts.timings.totalMs = performance.now() - started;
  return texts.results;
}

class TokenCollector implements Collector<NativeEncoding> {
  readonly results: TokenEmbeddings[] = [];
  readonly #inputs: readonly ModelInput[];
  readonly #dimensions: number;
  readonly #promptLength: number;
  readonly timings = noTimings();
  readonly #metadata: RunMetadata;

  constructor(engine: Engine, inputs: readonly ModelInput[], dimensions: number, promptLength: number) {
    this.#metadata = noBatches(engine);
    this.#inputs = inputs;
    this.#dimensions = dimensions;
    this.#promptLength = promptLength;
  }

  onEncoding({ first }: Window, encoding: NativeEncoding, tookMs: number): void {
    this.timings.tokenizeMs += tookMs;
    splitRows(encoding).forEach((tokenized, row) => {
      const tokens = encoding.lengths[row] as number;
      this.results[first + row] = {
        ...tokenized,
        data: allocate(tokens, this.#dimensions, 'give fewer or shorter texts to a call'),
        tokens,
        dimensions: this.#dimensions,
        originalTokens: encoding.originalLengths[row] as number,
        truncated: encoding.truncated[row] === 1,
        promptLength: typeof this.#inputs[first + row] === 'string' ? this.#promptLength : 0,
        timings: this.timings,
        metadata: this.#metadata,
      };
    });
  }

  /** Vectors of tokens are kept nowhere. */
  onKept(): void {}

  onPart({ first }: Window, part: PartResult): void {
    addPart(this.timings, this.#metadata, part);
    const { rows, data } = part;
    let start = 0;
    for (const row of rows) {
      const target = (this.results[first + row] as TokenEmbeddings).data;
      target.set(data.subarray(start, start + target.length));
      start += target.length;
    }
  }
}
