/** What requests may say beyond the fields of their protocol, as options of a call. */
import type { InputOptions, InputType, Truncate } from '../options.js';

/** What fields must be, for messages and documentation. */
export const EXPECTED = {
  input: 'a text, token ids, or a list of either',
  encoding_format: 'float (default) or base64',
  dimensions: 'an integer from 1 to those of the model',
  user: 'a string, which is ignored',
  input_type: "query or document, which selects the model's prompt (default: none)",
  truncate:
    'true, false, error, end, start or chunk: what happens to a text longer than the model reads (default: as configured)',
  priority: 'interactive (default for one input) or bulk (for a list)',
};

/** null is "not given", as from clients in typed languages. */
export interface Extras {
  input_type?: InputType | null;
  truncate?: boolean | Truncate | null;
  priority?: 'interactive' | 'bulk' | null;
}

/** Those extras as options of an embed call. */
export function extrasOf(
  { input_type, truncate, priority }: Extras,
  isSingle: boolean,
): Pick<InputOptions, 'inputType' | 'truncate' | 'priority'> {
  return {
    priority: priority ?? (isSingle ? 'interactive' : 'bulk'),
    ...(input_type && { inputType: input_type }),
    ...truncation(truncate),
  };
}

/**
 * `true` and `false` are TEI's, and so is the direction.
 * @param direction the side that is cut
 */
export function truncation(
  truncate: boolean | Truncate | null | undefined,
  direction?: string | null,
): Pick<InputOptions, 'truncate'> {
  const side = direction?.toLowerCase() === 'left' ? 'start' : 'end';
  if (truncate === null || truncate === undefined) return side === 'start' ? { truncate: side } : {};
  if (typeof truncate === 'boolean') return { truncate: truncate ? side : 'error' };
  return { truncate };
}
