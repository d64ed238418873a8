/** OpenAI's API: `/v1/embeddings` and `/v1/models` (OpenAI's OpenAPI document 2.3.0), with extras that clients may send. */
import type { FastifyPluginAsync } from 'fastify';
import { type Static, Type } from 'typebox';
import type { Embedder } from '../../embedder.js';
import type { Embeddings } from '../../embeddings.js';
import { rowOf } from '../../embeddings.js';
import { toBase64 } from '../../vectors/base64.js';
import { tellRun } from '../answer-headers.js';
import type { ServerContext } from '../context.js';
import { limitOf } from '../deadline.js';
import { EXPECTED, extrasOf } from '../extras.js';
import { inputsOf, nameField, refuseEmpty } from '../inputs.js';
import { jsonRows, jsonVector } from '../json-rows.js';
import { answerWith, openAiError } from '../protocols/errors.js';
import { Dimensions, embedExtras, Inputs, optional } from '../schemas.js';
import type { ServedModel } from '../served-models.js';

const EmbeddingsBody = Type.Object({
  input: Inputs,
  model: optional(Type.String(), 'the name of a model of this server (default: the first)'),
  encoding_format: optional(Type.Enum(['float', 'base64']), EXPECTED.encoding_format),
  dimensions: Dimensions,
  user: optional(Type.String(), EXPECTED.user),
  ...embedExtras,
});

export const openAiRoutes: FastifyPluginAsync<ServerContext> = async (app, { models, limits }) => {
  app.setErrorHandler(answerWith(openAiError));

  app.post<{ Body: Static<typeof EmbeddingsBody> }>(
    '/v1/embeddings',
    { schema: { body: EmbeddingsBody, tags: ['OpenAI'], summary: 'Vectors of texts' } },
    ({ body }, reply) => {
      const limit = limitOf(reply, limits, body.timeout_ms);
      const embed = async (embedder: Embedder, model: ServedModel) => {
        const { inputs, isSingle } = inputsOf(body.input, 'input', embedder, limits);
        refuseEmpty(inputs);
        const options = {
          ...extrasOf(body, isSingle),
          ...(body.dimensions && { dimensions: body.dimensions }),
          ...limit,
        };
        const result = await embedder.embed(inputs, options).catch(nameField);
        tellRun(reply, { embedder, name: model.name, inputs }, result);
        return reply.type('application/json; charset=utf-8').send(answer(result, model.name, body.encoding_format));
      };
      return models.use(body.model ?? undefined, embed, limit);
    },
  );

  app.get('/v1/models', { schema: { tags: ['OpenAI'], summary: 'The models of this server' } }, () => ({
    object: 'list',
    data: models.all.map(describeModel),
  }));

  app.get<{ Params: { '*': string } }>(
    '/v1/models/*',
    { schema: { tags: ['OpenAI'], summary: 'One model' } },
    ({ params }) => describeModel(models.named(params['*'])),
  );
};

const describeModel = ({ name, created }: ServedModel) => ({ id: name, object: 'model', created, owned_by: 'ovembed' });

function answer(result: Embeddings, model: string, format: 'float' | 'base64' | null | undefined) {
  const { tokens } = result.usage;
  const vector =
    format === 'base64'
      ? (row: number) => JSON.stringify(toBase64(rowOf(result, row)))
      : (row: number) => jsonVector(rowOf(result, row));
  return jsonRows(
    result.length,
    format === 'base64' ? result.dimensions / 16 : result.dimensions,
    (row) => `{"object":"embedding","index":${row},"embedding":${vector(row)}}`,
    [
      '{"object":"list","data":[',
      `],"model":${JSON.stringify(model)},"usage":{"prompt_tokens":${tokens},"total_tokens":${tokens}}}`,
    ],
  );
}
