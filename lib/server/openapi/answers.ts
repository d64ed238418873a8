/**
 * What the routes answer, and a request to try each with: what their schemas do not say, as answers are written by hand.
 * test/native/server/openapi.test.ts sends each request and holds the answer against what stands here.
 */
import { type TSchema, Type } from 'typebox';

export interface AnswerDocs {
  /** Of the answer that is no failure; its description is that of the answer. */
  answer: TSchema;
  /** Media type of the answer. Default `application/json`. */
  type?: string;
  /** A body to try the route with. */
  example?: object;
  /** Whether it may be asked without a key. */
  isPublic?: boolean;
  /** Statuses besides 200 that come with the same answer. */
  also?: readonly number[];
}

const Count = Type.Integer({ minimum: 0 });
const Vector = Type.Array(Type.Number());
const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

const Model = Type.Object(
  {
    id: Type.String({ description: 'the name that requests call it by' }),
    object: Type.Literal('model'),
    created: Type.Integer({ description: 'seconds since 1970' }),
    owned_by: Type.String(),
  },
  { description: 'A model' },
);

const EmbeddingList = Type.Object(
  {
    object: Type.Literal('list'),
    data: Type.Array(
      Type.Object({
        object: Type.Literal('embedding'),
        index: Count,
        embedding: Type.Union([Vector, Type.String()], {
          description: 'numbers, or the base64 of little-endian 32-bit floats',
        }),
      }),
      { description: 'one for each input, in their order' },
    ),
    model: Type.String({ description: 'the name of the model' }),
    usage: Type.Object(
      { prompt_tokens: Count, total_tokens: Count },
      { description: 'tokens that the model has read' },
    ),
  },
  { description: 'Vectors, in the order of the inputs' },
);

const Tokens = Type.Array(
  Type.Array(
    Type.Object({
      id: Count,
      text: Type.String(),
      special: Type.Boolean(),
      start: nullable(Count),
      stop: nullable(Count),
    }),
  ),
  { description: 'For each text its tokens; start and stop count characters' },
);

const Info = Type.Object(
  {
    model_id: Type.String(),
    model_sha: nullable(Type.String()),
    model_dtype: Type.String(),
    served_model_name: Type.String(),
    model_type: Type.Object({ embedding: Type.Object({ pooling: Type.String() }) }),
    max_concurrent_requests: Count,
    max_input_length: Type.Integer({ minimum: 0, description: 'tokens' }),
    max_batch_tokens: Count,
    max_batch_requests: Type.Null(),
    max_client_batch_size: Type.Integer({ minimum: 0, description: 'inputs of a request' }),
    auto_truncate: Type.Boolean(),
    tokenization_workers: Count,
    version: Type.String({ description: 'of ovembed' }),
    sha: Type.Null(),
    docker_label: Type.Null(),
  },
  { description: 'The first model' },
);

const Lane = Type.Object({
  texts: Count,
  tokens: Count,
  fraction: Type.Number({ description: 'how full it is, from 0 to 1' }),
  waitMs: Type.Number({ description: 'how long a text that comes now will wait' }),
});

const Health = Type.Object(
  {
    status: Type.Enum(['starting', 'ok', 'degraded', 'failing', 'draining']),
    models: Type.Array(
      Type.Object({
        name: Type.String(),
        loaded: Type.Boolean(),
        status: Type.Enum(['ok', 'degraded', 'failing']),
        fingerprint: Type.Optional(Type.String({ description: 'names the vector space' })),
        device: Type.Optional(Type.String()),
        devices: Type.Optional(
          Type.Array(
            Type.Object({
              device: Type.String(),
              state: Type.Enum(['loading', 'ready', 'failing', 'probing', 'unavailable', 'dead']),
              reason: Type.String(),
              latencyMs: nullable(Type.Number()),
            }),
          ),
        ),
        queue: Type.Optional(
          Type.Object({ interactive: Lane, bulk: Lane }, { description: 'what waits for a device' }),
        ),
        inFlight: Type.Optional(Type.Object({ batches: Count, texts: Count })),
        rates: Type.Optional(Type.Object({ textsPerSecond: Type.Number(), tokensPerSecond: Type.Number() })),
      }),
    ),
  },
  { description: 'The state of the server and of its models' },
);

const VectorList = Type.Array(Vector, { description: 'A vector for each text' });
const INPUTS = ['The river runs past seven old mills.', 'Water turned their wheels.'];

const Job = {
  usage: Type.Object({ prompt_tokens: Count, total_tokens: Count }),
  id: Type.Optional(Type.Union([Type.String(), Type.Number()], { description: 'as it was given' })),
  error: Type.Object({ code: Type.String(), message: Type.String() }),
};

/** What a line of a large job can be. */
const JobLine = Type.Union(
  [
    Type.Object({
      index: Type.Integer({ minimum: 0, description: 'place among the documents' }),
      id: Job.id,
      embedding: Type.Union([Vector, Type.String()]),
      tokens: Type.Integer({ minimum: 0, description: 'that the model has read' }),
      truncated: Type.Boolean({ description: 'whether the text was cut' }),
    }),
    Type.Object({ index: Count, id: Job.id, error: Job.error }),
    Type.Object({
      done: Type.Boolean(),
      rows: Count,
      errors: Count,
      usage: Job.usage,
      error: Type.Optional(Job.error),
    }),
  ],
  { description: 'Lines of JSON: a vector or an error for each document, at the end one with `done`' },
);

/** By method and path. */
export const ANSWERS: Readonly<Record<string, AnswerDocs>> = {
  'POST /v1/embeddings': { answer: EmbeddingList, example: { input: INPUTS } },
  'POST /v1/embeddings/stream': {
    answer: JobLine,
    type: 'application/x-ndjson',
    example: { documents: [INPUTS[0], { id: 'second', text: INPUTS[1] }] },
  },
  'GET /v1/models': {
    answer: Type.Object(
      { object: Type.Literal('list'), data: Type.Array(Model) },
      { description: 'The models of this server' },
    ),
  },
  'GET /v1/models/*': { answer: Model },
  'POST /': { answer: VectorList, example: { inputs: INPUTS } },
  'POST /embed': { answer: VectorList, example: { inputs: INPUTS } },
  'POST /invocations': { answer: VectorList, example: { inputs: INPUTS } },
  'POST /embed_all': {
    answer: Type.Array(Type.Array(Vector), { description: 'For each text a vector for each of its tokens' }),
    example: { inputs: INPUTS },
  },
  'POST /similarity': {
    answer: Type.Array(Type.Number(), { description: 'The cosine of source_sentence with each of the sentences' }),
    example: { inputs: { source_sentence: 'What turned the wheels?', sentences: INPUTS } },
  },
  'POST /tokenize': { answer: Tokens, example: { inputs: INPUTS } },
  'POST /decode': {
    answer: Type.Array(Type.String(), { description: 'A text for each list of ids' }),
    example: { ids: [7, 8, 9] },
  },
  'GET /info': { answer: Info },
  'GET /health/live': {
    answer: Type.Object({ status: Type.Literal('ok') }, { description: 'The process answers' }),
    isPublic: true,
  },
  'GET /health': { answer: Health, isPublic: true, also: [503] },
  'GET /health/ready': { answer: Health, isPublic: true, also: [503] },
  'GET /ping': { answer: Health, isPublic: true, also: [503] },
  'GET /metrics': {
    answer: Type.String({ description: 'Figures in the text format of Prometheus' }),
    type: 'text/plain',
  },
  'GET /openapi.json': { answer: Type.Object({}, { description: 'An OpenAPI document, version 3.1' }), isPublic: true },
};
