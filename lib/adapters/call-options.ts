/** Options that every call of an adapter is made with. Vectors are always numbers. */
import type { EmbedOptions } from '../options.js';

export type CallOptions = Omit<EmbedOptions, 'dtype' | 'ranges' | 'inputType'>;
