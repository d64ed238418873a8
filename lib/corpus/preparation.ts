/** How documents are cleaned and cut: as the options say, and where they say nothing, by what the documents are written in. */
import type { Embedder } from '../embedder.js';
import type { Cleaner, Preparation, TextChunker } from './prepare.js';

export interface PreparationOptions {
  /** A function of your own. Default: as they are. */
  clean?: Cleaner | false;
  /** A chunker of your own. */
  chunk?: TextChunker;
}

export function preparationOf(_embedder: Embedder, { clean, chunk }: PreparationOptions): Preparation {
  return { cleanerFor: () => clean || undefined, chunkerFor: () => chunk as TextChunker };
}

/** What the options say, as JSON: for manifests, and to notice that a checkpoint is of another run. */
export function describePreparation({ clean, chunk }: PreparationOptions): Record<string, unknown> {
  return { clean: typeof clean === 'function' ? 'custom' : (clean ?? null), chunk: chunk ? 'custom' : null };
}
