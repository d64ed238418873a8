/** Names of scopes: every chunk and every row of a store carries them, so they stay short. */
import { boundaryBefore } from './graphemes.js';

/** UTF-16 units. */
const LONGEST_NAME = 200;

export function shortened(name: string): string {
  return name.length <= LONGEST_NAME ? name : name.slice(0, boundaryBefore(name, LONGEST_NAME, 0));
}
