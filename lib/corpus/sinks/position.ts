/** Positions as they come out of a checkpoint. */
import { invalidArgument } from '../../errors.js';

/**
 * @returns null for a new run
 * @throws OvembedError `ERR_INVALID_ARGUMENT` for what another kind of sink wrote
 */
export function checkPosition<K extends string>(position: unknown, ...names: K[]): Record<K, number> | null {
  if (position === null) return null;
  const found = position as Record<K, unknown> | undefined;
  if (names.every((name) => Number.isSafeInteger(found?.[name]))) return found as Record<K, number>;
  throw invalidArgument('the position in the checkpoint', `{ ${names.join(', ')} }`, position);
}
