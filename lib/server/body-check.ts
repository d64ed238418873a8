/**
 * Bodies against their schemas, by TypeBox itself rather than the app's AJV: a user's app may have one that turns 5 into "5",
 * and its messages for alternatives are long. What is said is the description of the field, and never what was sent.
 */
import type { FastifySchemaCompiler } from 'fastify';
import type { TObject } from 'typebox';
import { Compile } from 'typebox/compile';
import { HttpError } from './http-error.js';

export const checkBody: FastifySchemaCompiler<TObject> = ({ schema }) => {
  const compiled = Compile(schema);
  return (value: unknown) => {
    if (compiled.Check(value)) return { value };
    return { error: failure(schema, compiled.Errors(value)[0] as Failure) };
  };
};

interface Failure {
  keyword: string;
  instancePath: string;
  params: object;
}

function failure(schema: TObject, { keyword, instancePath, params }: Failure): HttpError {
  const missing =
    keyword === 'required' ? (params as { requiredProperties: string[] }).requiredProperties[0] : undefined;
  const param = instancePath.split('/')[1] ?? missing;
  if (param === undefined) return new HttpError(400, 'ERR_INVALID_ARGUMENT', 'The body must be a JSON object.');
  const { description = 'something else' } = schema.properties[param] as { description?: string };
  const lacks = instancePath === '' ? ', and is missing' : '';
  return new HttpError(400, 'ERR_INVALID_ARGUMENT', `${param} must be ${description}${lacks}.`, { param });
}
