/** What requests of several protocols have in common. Each schema is the check, the type and the documentation. */
import { type Static, type TSchema, Type } from 'typebox';
import type { InputOptions, Truncate } from '../options.js';

/** Clients in typed languages send null for what was not given. */
export const optional = <T extends TSchema>(schema: T, description: string) =>
  Type.Optional(Type.Union([schema, Type.Null()], { description }));

const Ids = Type.Array(Type.Integer({ minimum: 0 }));

export const Inputs = Type.Union([Type.String(), Type.Array(Type.Union([Type.String(), Ids])), Ids], {
  description: 'a text, token ids, or a list of either',
});

export const Dimensions = optional(Type.Integer({ minimum: 1 }), 'an integer from 1 to those of the model');

/** Beyond OpenAI's fields; clients that do not know them never send them. */
export const embedExtras = {
  input_type: optional(
    Type.Enum(['query', 'document']),
    "query or document, which selects the model's prompt (default: none)",
  ),
  truncate: optional(
    Type.Union([Type.Boolean(), Type.Enum(['error', 'end', 'start', 'chunk'])]),
    'true, false, error, end, start or chunk: what happens to a text longer than the model reads (default: as configured)',
  ),
  priority: optional(Type.Enum(['interactive', 'bulk']), 'interactive (default for one input) or bulk (for a list)'),
  timeout_ms: optional(
    Type.Number({ exclusiveMinimum: 0 }),
    'a number of milliseconds above 0, at most those of the server',
  ),
};

const Extras = Type.Object(embedExtras);

/** Those extras as options of an embed call. */
export function extrasOf(
  { input_type, truncate, priority }: Static<typeof Extras>,
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
