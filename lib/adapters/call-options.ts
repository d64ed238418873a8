/** Options that every call of an adapter is made with. Vectors are always numbers. */
import type { EmbedOptions } from '../options.js';

/** Options of `embed`, but for what the adapter sets itself. */
export type CallOptions = Omit<EmbedOptions, 'dtype' | 'ranges' | 'inputType'>;
