/**
 * `/openapi.json`: what the schemas of the routes say, which are also what bodies are checked by, and what stands in answers.ts.
 * It is made of copies: an answer is never serialised by what is documented of it.
 */
import type { SwaggerTransform } from '@fastify/swagger';
import type { FastifyInstance, FastifySchema } from 'fastify';
import { type TSchema, Type } from 'typebox';
import { importPeers, SERVER_PACKAGES } from '../../peers.js';
import { VERSION } from '../../version.js';
import { TIMEOUT_HEADER } from '../deadline.js';
import type { ApiKeys } from '../guards/api-keys.js';
import { ANSWERS, type AnswerDocs } from './answers.js';

const TAGS = [
  { name: 'OpenAI', description: "OpenAI's API. Fields that it has not are extras, and may be left out." },
  {
    name: 'Text Embeddings Inference',
    description: "The API of Hugging Face's server of that name, for the first model of this one.",
  },
  { name: 'Operations', description: 'For those who run the server.' },
];

/** How a failure is worded, by tag; in Operations as OpenAI has it. */
const FAILURES: Record<string, TSchema> = {
  'Text Embeddings Inference': Type.Object(
    { error: Type.String(), error_type: Type.String() },
    { description: 'A failure. With 429 and 503, Retry-After says when to try again.' },
  ),
};
const OPENAI_FAILURE = Type.Object(
  {
    error: Type.Object({
      message: Type.String(),
      type: Type.String(),
      param: Type.Union([Type.String(), Type.Null()], { description: 'the field that is at fault' }),
      code: Type.String({ description: 'stable, for programs' }),
    }),
  },
  { description: 'A failure. With 429 and 503, Retry-After says when to try again.' },
);

const TIMEOUT = Type.Object({
  [TIMEOUT_HEADER]: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      description: 'milliseconds that the request may take, at most those of the server',
    }),
  ),
});

/** Headers of answers with vectors. */
const RUN_HEADERS = {
  'x-ovembed-tokens': { type: 'integer', description: 'tokens that the model has read' },
  'x-ovembed-truncated': { type: 'integer', description: 'texts that were cut' },
  'x-ovembed-fingerprint': { type: 'string', description: 'names the vector space' },
  'x-ovembed-device': { type: 'string', description: 'where the model ran' },
  'server-timing': { type: 'string', description: 'milliseconds of tokenising, waiting and inference' },
};
const JSON_TYPE = 'application/json';
const NDJSON_TYPE = 'application/x-ndjson';
const WITH_RUN = ['/v1/embeddings', '/', '/embed', '/invocations', '/similarity'];

/**
 * Before the routes, as it listens to their being added. Where a user's app has `@fastify/swagger` already, that documents
 * these routes, and `/openapi.json` is its document.
 */
export async function documentRoutes(app: FastifyInstance, apiKeys: ApiKeys): Promise<void> {
  const isOurs = !app.hasDecorator('swagger');
  if (isOurs) {
    const { default: swagger } = await importPeers(() => import('@fastify/swagger'), 'Servers', SERVER_PACKAGES);
    await app.register(swagger, {
      openapi: {
        openapi: '3.1.0',
        info: { title: 'ovembed', version: VERSION, description: 'Text embeddings on OpenVINO.' },
        tags: TAGS,
        components: { securitySchemes: { apiKey: { type: 'http', scheme: 'bearer' } } },
      },
      transform: transformOf(app.prefix),
    });
  }
  const schema = { tags: ['Operations'], summary: 'This documentation, for programs' };
  app.get('/openapi.json', { schema }, () => {
    const document = app.swagger();
    // Keys may have come or gone since the start.
    return isOurs ? { ...document, security: apiKeys.required ? [{ apiKey: [] }] : [] } : document;
  });
}

const transformOf = (prefix: string): SwaggerTransform => {
  return ({ schema, url, route }) => {
    const path = url.slice(prefix.length);
    const docs = ANSWERS[`${route.method} ${path}`];
    const shown = url.replace('/*', '/:name');
    // Under a prefix, `/` is there twice.
    const given: FastifySchema = path === '' ? { hide: true } : (schema ?? { hide: true });
    return { url: shown, schema: given.hide || !docs ? given : described(given, String(route.method), path, docs) };
  };
};

function described(schema: FastifySchema, method: string, path: string, docs: AnswerDocs): FastifySchema {
  const { answer, type, example, isPublic = false, also = [] } = docs;
  const failure = FAILURES[schema.tags?.[0] ?? ''] ?? OPENAI_FAILURE;
  const { description } = answer as { description?: string };
  const shown = WITH_RUN.includes(path) ? { ...answer, headers: RUN_HEADERS } : answer;
  const ok = type === undefined ? shown : { description, content: { [type]: { schema: answer } } };
  return {
    ...schema,
    operationId: operationId(method, path),
    ...(isPublic && { security: [] }),
    ...(schema.body ? bodyOf(schema.body as Body, example) : {}),
    ...(path.endsWith('*') && {
      params: Type.Object({ name: Type.String({ description: 'the name of a model, slashes and all' }) }),
    }),
    response: { 200: ok, ...Object.fromEntries(also.map((status) => [status, answer])), default: failure },
  };
}

/** Of one media type, or by media types; a job of many lines has no time of its own. */
type Body = TSchema | { content: Record<string, { schema: TSchema }> };

function bodyOf(body: Body, example: object | undefined) {
  const examples = example ? [example] : [];
  if (!('content' in body)) return { body: { ...body, examples }, headers: TIMEOUT };
  const lines = Type.String({
    description: 'on every line a text as JSON, or an object with text and, if wanted, id',
    examples: ['"a text"\n{"id":7,"text":"another"}\n'],
  });
  const json = { ...body.content[JSON_TYPE]?.schema, examples };
  return { body: { content: { [JSON_TYPE]: { schema: json }, [NDJSON_TYPE]: { schema: lines } } } };
}

/** `POST /v1/embeddings`: postV1Embeddings; `POST /`: postRoot. */
function operationId(method: string, path: string): string {
  const words = (path === '/' ? 'root' : path.replace('*', 'name')).split(/[^a-z0-9]+/i);
  const capital = (word: string) => word.slice(0, 1).toUpperCase() + word.slice(1);
  return method.toLowerCase() + words.map(capital).join('');
}
