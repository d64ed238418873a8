/** `ovembed/function`: an embedder as a plain function, for frameworks that take one. */
import { checkObject } from '../../checks.js';
import type { InputType } from '../../options.js';
import { type EmbedderOptions, LazyEmbedder } from '../lazy-embedder.js';
import { embedRows } from '../rows.js';

export type { TextEmbedder } from '../../text-embedder.js';
export type { CallOptions } from '../call-options.js';
export type { EmbedderOptions, GivenEmbedder, NamedModel } from '../lazy-embedder.js';

/** Vectors of texts, as plain arrays in the order of the texts; `[]` for none. */
export interface EmbedFunction extends AsyncDisposable {
  /** Rejects with `signal.reason` where that is aborted. */
  (texts: string[], options?: { signal?: AbortSignal }): Promise<number[][]>;
  /** Closes a model that was loaded by name; an embedder that was given stays open. */
  close(): Promise<void>;
}

/**
 * Vectors as a function of texts.
 *
 * @param options an embedder, or a model that is loaded with the first call; and what the texts are: by default documents.
 *   Queries need a function of their own, as many models put another prompt before them
 */
export function embedFunction(options: EmbedderOptions & { inputType?: InputType } = {}): EmbedFunction {
  checkObject(options, 'embedFunction');
  const { inputType = 'document', ...source } = options;
  const lazy = new LazyEmbedder(source as EmbedderOptions, 'embedFunction', ['inputType']);
  const priority = inputType === 'query' ? ('interactive' as const) : ('bulk' as const);
  const embed = async (texts: string[], { signal }: { signal?: AbortSignal } = {}) => {
    const asked = { inputType, priority, ...lazy.callOptionsWith(signal) };
    return (await embedRows(lazy, texts, asked)).vectors;
  };
  const close = () => lazy.close();
  return Object.assign(embed, { close, [Symbol.asyncDispose]: close });
}
