/** `/v1/embeddings/stream`: jobs of any size, NDJSON in and out. */
import type { Readable } from 'node:stream';
import type { FastifyPluginAsync, FastifyReply } from 'fastify';
import { type Static, Type } from 'typebox';
import type { Embedder } from '../../embedder.js';
import type { ServerContext } from '../context.js';
import { limitOf } from '../deadline.js';
import { DocumentJob } from '../document-job.js';
import { documentsOfLines, documentsOfList } from '../documents.js';
import { truncation } from '../extras.js';
import { limitSilence } from '../guards/slow-body.js';
import { HttpError } from '../http-error.js';
import type { ServerLimits } from '../limits.js';
import { answerWith, openAiError } from '../protocols/errors.js';
import type { ServedModel } from '../served-models.js';

const NDJSON = 'application/x-ndjson';

const Flag = (description: string) => Type.Optional(Type.Enum(['true', 'false'], { description }));

/** Parameters of the address, as the body may be nothing but lines. */
const Query = Type.Object({
  model: Type.Optional(Type.String({ description: 'the name of a model of this server (default: the first)' })),
  encoding_format: Type.Optional(Type.Enum(['float', 'base64'], { description: 'float (default) or base64' })),
  dimensions: Type.Optional(
    Type.String({ pattern: '^[1-9][0-9]{0,8}$', description: 'an integer from 1 to those of the model' }),
  ),
  input_type: Type.Optional(Type.Enum(['query', 'document'], { description: 'query or document (default)' })),
  truncate: Type.Optional(
    Type.Enum(['true', 'false', 'error', 'end', 'start', 'chunk'], {
      description: 'true, false, error, end, start or chunk (default: as configured)',
    }),
  ),
  ordered: Flag('true (default) or false: rows come as soon as they are there'),
});

const Body = Type.Object({ documents: Type.Array(Type.Unknown(), { description: 'a list of documents' }) });

interface Route {
  Querystring: Static<typeof Query>;
  Body: Static<typeof Body> | Readable | undefined;
}

export const jobRoutes: FastifyPluginAsync<ServerContext> = async (app, { models, limits }) => {
  app.setErrorHandler(answerWith(openAiError));
  app.addContentTypeParser(NDJSON, (_request, payload, done) => done(null, payload));
  const schema = {
    querystring: Query,
    body: { content: { 'application/json': { schema: Body } } },
    tags: ['OpenAI'],
    summary: 'Vectors of any number of documents, line by line',
  };

  app.post<Route>('/v1/embeddings/stream', { schema, config: { streamedType: NDJSON } }, ({ query, body }, reply) => {
    const limit = limitOf(reply, limits);
    const run = async (embedder: Embedder, model: ServedModel) => {
      const job = new DocumentJob({
        documents: documentsOf(body, embedder, limits),
        format: query.encoding_format ?? 'float',
        ...optionsOf(query, embedder, limit.signal),
        begin: (lines) => begin(reply, lines, embedder, model.name),
      });
      await job.run(embedder);
      reply.request.ovembedWork = { model: model.name, ...job.done };
    };
    return models.use(query.model, run, limit);
  });
};

function documentsOf(body: Route['Body'], { info }: Embedder, limits: ServerLimits) {
  const characters = info.maxTokens === 0 ? Infinity : info.maxTokens * limits.charactersPerToken;
  const perDocument = { lineBytes: limits.bodyBytes, characters };
  if (!body) throw new HttpError(400, 'ERR_INVALID_ARGUMENT', `Send documents, as ${NDJSON} or application/json.`);
  if ('documents' in body) return documentsOfList(body.documents, perDocument);
  return documentsOfLines(limitSilence(body, limits), perDocument);
}

function optionsOf(
  { dimensions, input_type, truncate: given, ordered }: Static<typeof Query>,
  { info }: Embedder,
  signal: AbortSignal,
) {
  const truncate = given ?? info.truncate;
  const refuseTruncated = truncate === 'false' || truncate === 'error';
  // The embedder would end the stream at a text that is too long.
  const asked = refuseTruncated || truncate === 'true' ? 'end' : truncate;
  return {
    refuseTruncated,
    stream: {
      signal,
      inputType: input_type ?? ('document' as const),
      ordered: ordered !== 'false',
      ...truncation(asked),
      ...(dimensions !== undefined && { dimensions: Number(dimensions) }),
    },
  };
}

function begin(reply: FastifyReply, lines: Readable, { info }: Embedder, model: string): void {
  reply
    .type(`${NDJSON}; charset=utf-8`)
    .headers({
      'x-ovembed-fingerprint': info.fingerprint,
      'x-ovembed-device': info.device,
      'x-ovembed-model': encodeURI(model), // a header is ASCII, and a name may be the path of a folder
    })
    .send(lines);
}
