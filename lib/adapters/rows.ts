/** Vectors as the plain arrays that frameworks keep, compare and put into JSON. */
import { snapshot } from '../input.js';
import { checkEmbedOptions, type InputType } from '../options.js';
import type { CallOptions } from './call-options.js';
import type { EmbedderSource } from './lazy-embedder.js';
import { withinLimits } from './limits.js';

/** Texts that go together: few enough for a server, and for a conversion that nobody waits for. */
const WINDOW = 512;

export interface RowsOptions extends CallOptions {
  inputType?: InputType;
  /** Texts that go together. Integer from 1. Default 512. */
  batchSize?: number;
  /** Called after each row, with the number of rows so far. */
  onRow?: (done: number) => void;
}

export interface Rows {
  vectors: number[][];
  /** Tokens that the model read. */
  tokens: number;
  /** Texts that were cut. */
  truncated: number;
}

/** The list is copied before the first wait: frameworks reuse theirs. */
export async function embedRows(
  source: EmbedderSource,
  texts: readonly string[],
  { onRow, batchSize = WINDOW, ...options }: RowsOptions,
): Promise<Rows> {
  const copy = snapshot(texts, 'a list of texts');
  checkEmbedOptions(options, 'embed');
  return withinLimits('embed', options, async (left) => {
    const rows: Rows = { vectors: [], tokens: 0, truncated: 0 };
    const embedder = await source.get();
    const stream = embedder.stream(copy, { ...left(), batchSize });
    for await (const { embedding, tokens, truncated } of stream) {
      rows.vectors.push(Array.from(embedding));
      rows.tokens += tokens;
      if (truncated) rows.truncated++;
      onRow?.(rows.vectors.length);
    }
    return rows;
  });
}

/** The vector of a query, by the model's prompt for queries; it goes ahead of lists that wait. */
export async function embedQuery(source: EmbedderSource, query: string): Promise<Float32Array> {
  return withinLimits('embedQuery', source.callOptions, async (left) => {
    const embedder = await source.get();
    return embedder.embedQuery(query, left());
  });
}

/** The same as plain numbers. */
export async function embedQueryRow(source: EmbedderSource, query: string): Promise<number[]> {
  return Array.from(await embedQuery(source, query));
}
