/** A piece of a text that a model reads whole. */
export interface Chunk {
  /** The source from `start` to `end`: chunks without overlap put together are the source, white space and all. */
  text: string;
  /** Tokens that the model reads, special tokens and the prompt counted: exactly those of embedding `text`. */
  tokens: number;
  /** Where it begins in the source, in UTF-16 units. */
  start: number;
  /** Where it ends in the source, in UTF-16 units, exclusive. */
  end: number;
  /** The headings that it stands under, outermost first; empty where the strategy knows of none. */
  headings: readonly string[];
  /** Its place among the chunks of the source. */
  index: number;
}
