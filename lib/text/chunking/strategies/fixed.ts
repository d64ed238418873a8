/** After so many tokens, wherever that is. */
import type { Strategy } from '../strategy.js';

/** The packer's own splitters, of which tokens are the first. */
export const fixed: Strategy = () => ({ splitters: [], overlap: 0 });
