/** What requests of several protocols have in common. Each schema is the check, the type and the documentation. */
import { type Static, type TSchema, Type } from 'typebox';
import type { InputOptions, Truncate } from '../options.js';

/** Clients in typed languages send null for what was not given. */
export const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

const Ids = Type.Array(Type.Integer({ minimum: 0 }));

/** A text, token ids, or a list of either. */
export const Inputs = Type.Union([Type.String(), Type.Array(Type.Union([Type.String(), Ids])), Ids]);

/** Beyond OpenAI's fields; clients that do not know them never send them. */
export const embedExtras = {
  input_type: Type.Optional(
    nullable(
      Type.Union([Type.Literal('query'), Type.Literal('document')], {
        description: 'Which prompt of the model goes in front; default: none.',
      }),
    ),
  ),
  truncate: Type.Optional(
    nullable(
      Type.Union([Type.Boolean(), ...(['error', 'end', 'start', 'chunk'] as const).map((mode) => Type.Literal(mode))], {
        description: 'What happens to a text longer than the model reads; default: as configured.',
      }),
    ),
  ),
  priority: Type.Optional(
    nullable(
      Type.Union([Type.Literal('interactive'), Type.Literal('bulk')], {
        description: 'Default: interactive for one input, bulk for a list.',
      }),
    ),
  ),
  timeout_ms: Type.Optional(
    nullable(Type.Number({ exclusiveMinimum: 0, description: 'Milliseconds; at most those of the server.' })),
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
  if (truncate === null || truncate === undefined) return side === 'start' ? { truncate: side as Truncate } : {};
  if (typeof truncate === 'boolean') return { truncate: truncate ? (side as Truncate) : 'error' };
  return { truncate };
}
