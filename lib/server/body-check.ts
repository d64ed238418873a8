/**
 * Bodies against their schemas, by TypeBox itself rather than the app's AJV: a user's app may have one that turns 5 into "5",
 * and its messages for alternatives are long. What is said is the description of the field, and never what was sent. Fields are
 * checked one by one, as TypeBox takes seconds to say what is wrong in a list of 400,000 items.
 */
import type { FastifySchemaCompiler } from 'fastify';
import type { TObject } from 'typebox';
import { Compile } from 'typebox/compile';
import { HttpError } from './http-error.js';

export const checkBody: FastifySchemaCompiler<TObject> = ({ schema }) => {
  const fields = Object.entries(schema.properties).map(([name, field]) => ({ name, check: Compile(field) }));
  return (value: unknown) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return { error: new HttpError(400, 'ERR_INVALID_ARGUMENT', 'The body must be a JSON object.') };
    }
    for (const { name, check } of fields) {
      const isGiven = Object.hasOwn(value, name);
      const fits = isGiven ? check.Check(value[name as keyof typeof value]) : !schema.required?.includes(name);
      if (!fits) return { error: failure(schema, name, isGiven) };
    }
    return { value };
  };
};

function failure(schema: TObject, param: string, isGiven: boolean): HttpError {
  const { description = 'something else' } = schema.properties[param] as { description?: string };
  const lacks = isGiven ? '' : ', and is missing';
  return new HttpError(400, 'ERR_INVALID_ARGUMENT', `${param} must be ${description}${lacks}.`, { param });
}
