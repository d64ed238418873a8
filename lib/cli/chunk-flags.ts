/** Options of the commands that cut texts into chunks. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ChunkerOptions, ChunkStrategy } from '../text/index.js';

export interface ChunkFlags {
  chunk?: ChunkStrategy | 'none';
  maxTokens?: number;
  overlapTokens?: number;
  minTokens?: number;
}

/** Written out here, since help loads nothing of the library. */
const STRATEGIES: readonly ChunkStrategy[] = ['recursive', 'sentence', 'markdown', 'code', 'fixed', 'semantic'];

/** Adds `--chunk`, `--max-tokens`, `--overlap-tokens` and `--min-tokens` to a command. */
export function addChunkFlags(command: Command): Command {
  return command
    .addOption(
      new Option('--chunk <strategy>', 'how documents are cut; none: not at all').choices([...STRATEGIES, 'none']),
    )
    .option('--max-tokens <count>', 'most tokens of a chunk (default: what the model reads)', count(1))
    .option('--overlap-tokens <count>', 'most tokens of whole sentences repeated from the chunk in front', count(0))
    .option('--min-tokens <count>', 'join a smaller chunk with its neighbour, where that fits', count(0));
}

/** What a `Chunker` takes; undefined for `--chunk none`. */
export function chunkerOptions({ chunk, maxTokens, overlapTokens, minTokens }: ChunkFlags): ChunkerOptions | undefined {
  if (chunk === 'none') return undefined;
  return {
    ...(chunk !== undefined && { strategy: chunk }),
    ...(maxTokens !== undefined && { maxTokens }),
    ...(overlapTokens !== undefined && { overlapTokens }),
    ...(minTokens !== undefined && { minTokens }),
  };
}

function count(least: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least) return value;
    throw new InvalidArgumentError(`Expected an integer of at least ${least}.`);
  };
}
