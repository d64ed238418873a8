/** What a strategy is. */
import type { ChunkCallOptions, ChunkEmbedder, ChunkerOptions } from './options.js';
import type { Structure } from './structure.js';
import type { TokenIndex } from './token-index.js';

export interface StrategyContext {
  text: string;
  tokens: TokenIndex;
  embedder: ChunkEmbedder;
  options: ChunkerOptions;
  call: ChunkCallOptions;
}

/** Says where a text can be cut; one packer makes the chunks of all strategies. */
export type Strategy = (context: StrategyContext) => Structure | Promise<Structure>;
