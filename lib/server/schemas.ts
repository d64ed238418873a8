/** What requests of several protocols have in common. Each schema is the check, the type and the documentation. */
import { type TSchema, Type } from 'typebox';
import { EXPECTED } from './extras.js';

/** Clients in typed languages send null for what was not given. */
export const optional = <T extends TSchema>(schema: T, description: string) =>
  Type.Optional(Type.Union([schema, Type.Null()], { description }));

const Ids = Type.Array(Type.Integer({ minimum: 0 }));

export const Inputs = Type.Union([Type.String(), Type.Array(Type.Union([Type.String(), Ids])), Ids], {
  description: EXPECTED.input,
});

export const Dimensions = optional(Type.Integer({ minimum: 1 }), EXPECTED.dimensions);

/** Beyond OpenAI's fields; clients that do not know them never send them. */
export const embedExtras = {
  input_type: optional(Type.Enum(['query', 'document']), EXPECTED.input_type),
  truncate: optional(Type.Union([Type.Boolean(), Type.Enum(['error', 'end', 'start', 'chunk'])]), EXPECTED.truncate),
  priority: optional(Type.Enum(['interactive', 'bulk']), EXPECTED.priority),
  timeout_ms: optional(
    Type.Number({ exclusiveMinimum: 0 }),
    'a number of milliseconds above 0, at most those of the server',
  ),
};
