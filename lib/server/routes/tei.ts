/** Text Embeddings Inference's REST API (its router and OpenAPI document, v1.9). One model: the first of the server. */
import type { FastifyPluginAsync, FastifyReply } from 'fastify';
import { type Static, Type } from 'typebox';
import type { Embedder } from '../../embedder.js';
import { rowOf } from '../../embeddings.js';
import type { DecodeOptions } from '../../options.js';
import type { TokenEmbeddings } from '../../text/token-embeddings.js';
import type { TokenizedText } from '../../text/tokenization.js';
import { cosine } from '../../vectors/similarity.js';
import { VERSION } from '../../version.js';
import { tellRun } from '../answer-headers.js';
import type { ServerContext } from '../context.js';
import { limitOf, type RequestLimit } from '../deadline.js';
import { truncation } from '../extras.js';
import { HttpError } from '../http-error.js';
import { inputsOf } from '../inputs.js';
import { jsonRows, jsonVector } from '../json-rows.js';
import { answerWith, teiError } from '../protocols/errors.js';
import { Dimensions, Inputs, optional } from '../schemas.js';

const common = {
  truncate: optional(Type.Boolean(), 'true (default: as configured) or false: a text that is too long is refused'),
  truncation_direction: optional(
    Type.Enum(['Left', 'Right', 'left', 'right']),
    'Right (default) or Left: the side that is cut',
  ),
  prompt_name: optional(Type.String(), 'the name of a prompt of the model'),
};

const Text = Type.String({ description: 'a text' });
const Texts = Type.Union([Text, Type.Array(Text)], { description: 'a text or a list of texts' });
const Flag = Type.Optional(Type.Boolean({ description: 'true (default) or false' }));
const Ids = Type.Array(Type.Integer({ minimum: 0 }));

const EmbedBody = Type.Object({
  inputs: Inputs,
  normalize: optional(Type.Boolean(), 'true (default) or false'),
  dimensions: Dimensions,
  ...common,
});
const EmbedAllBody = Type.Object({ inputs: Inputs, ...common });
const SimilarityBody = Type.Object({
  inputs: Type.Object(
    { source_sentence: Text, sentences: Type.Array(Text, { minItems: 1 }) },
    { description: 'an object with a source_sentence and a list of sentences' },
  ),
  parameters: optional(Type.Object(common), 'an object with truncate, truncation_direction and prompt_name'),
});
const TokenizeBody = Type.Object({ inputs: Texts, add_special_tokens: Flag, prompt_name: common.prompt_name });
const DecodeBody = Type.Object({
  ids: Type.Union([Ids, Type.Array(Ids)], { description: 'a list of token ids, or a list of such lists' }),
  skip_special_tokens: Flag,
});

export const teiRoutes: FastifyPluginAsync<ServerContext> = async (app, { models, limits }) => {
  app.setErrorHandler(answerWith(teiError));
  const tags = ['Text Embeddings Inference'];
  const use = <T>(
    reply: FastifyReply,
    work: (embedder: Embedder, limit: RequestLimit, name: string) => Promise<T>,
  ): Promise<T> => {
    const limit = limitOf(reply, limits);
    return models.use(undefined, (embedder, { name }) => work(embedder, limit, name), limit);
  };

  for (const url of ['/embed', '/', '/invocations']) {
    app.post<{ Body: Static<typeof EmbedBody> }>(
      url,
      { schema: { body: EmbedBody, tags, summary: 'Vectors of texts' } },
      ({ body }, reply) =>
        use(reply, async (embedder, limit, name) => {
          const { inputs, isSingle } = inputsOf(body.inputs, 'inputs', embedder, limits);
          const result = await embedder.embed(inputs, {
            ...optionsOf(body),
            priority: isSingle ? 'interactive' : 'bulk',
            normalize: body.normalize ?? true,
            ...(body.dimensions && { dimensions: body.dimensions }),
            ...limit,
          });
          tellRun(reply, { embedder, name, inputs }, result);
          const { length, dimensions } = result;
          const json = jsonRows(length, dimensions, (row) => jsonVector(rowOf(result, row)), ['[', ']']);
          return reply.type('application/json; charset=utf-8').send(json);
        }),
    );
  }

  app.post<{ Body: Static<typeof EmbedAllBody> }>(
    '/embed_all',
    { schema: { body: EmbedAllBody, tags, summary: 'A vector for each token of each text' } },
    ({ body }, reply) =>
      use(reply, async (embedder, limit, name) => {
        const { inputs, isSingle } = inputsOf(body.inputs, 'inputs', embedder, limits);
        const texts = await embedder.embedTokens(inputs, {
          ...optionsOf(body),
          priority: isSingle ? 'interactive' : 'bulk',
          ...limit,
        });
        const tokens = texts.reduce((sum, text) => sum + text.tokens, 0);
        reply.request.ovembedWork = { model: name, texts: texts.length, tokens };
        const rows = texts.flatMap((text) => Array.from({ length: text.tokens }, (_, token) => ({ text, token })));
        const write = (row: number) => tokenVector(rows[row] as (typeof rows)[number]);
        const json = jsonRows(rows.length, texts[0]?.dimensions ?? 1, write, ['[', ']']);
        return reply.type('application/json; charset=utf-8').send(json);
      }),
  );

  app.post<{ Body: Static<typeof SimilarityBody> }>(
    '/similarity',
    { schema: { body: SimilarityBody, tags, summary: 'Cosines of one text with others' } },
    ({ body }, reply) =>
      use(reply, async (embedder, limit, name) => {
        const { source_sentence, sentences } = body.inputs;
        const { inputs } = inputsOf([source_sentence, ...sentences], 'inputs', embedder, limits);
        const result = await embedder.embed(inputs, {
          ...optionsOf(body.parameters ?? {}),
          ...limit,
        });
        tellRun(reply, { embedder, name, inputs }, result);
        const source = rowOf(result, 0);
        return sentences.map((_, i) => cosine(source, rowOf(result, i + 1)));
      }),
  );

  app.post<{ Body: Static<typeof TokenizeBody> }>(
    '/tokenize',
    { schema: { body: TokenizeBody, tags, summary: 'The tokens of texts' } },
    ({ body }, reply) =>
      use(reply, async (embedder, limit) => {
        const { inputs } = inputsOf(body.inputs, 'inputs', embedder, limits);
        const prompt = promptNamed(embedder.info.prompts, body.prompt_name);
        const texts = (inputs as string[]).map((text) => prompt + text);
        const tokenized = await embedder.tokenize(texts, {
          addSpecialTokens: body.add_special_tokens ?? true,
          ...limit,
        });
        const special = await specialTokens(embedder, tokenized);
        return reply.type('application/json; charset=utf-8').send(jsonTokens(tokenized, texts, special));
      }),
  );

  app.post<{ Body: Static<typeof DecodeBody> }>(
    '/decode',
    { schema: { body: DecodeBody, tags, summary: 'The texts of token ids' } },
    ({ body }, reply) =>
      use(reply, async (embedder, limit) => {
        const { inputs } = inputsOf(body.ids, 'ids', embedder, limits);
        const options = {
          skipSpecialTokens: body.skip_special_tokens ?? true,
          ...limit,
        };
        return decodeAll(embedder, inputs as number[][], options);
      }),
  );

  app.get('/info', { schema: { tags, summary: 'The model and the limits of this server' } }, (_, reply) =>
    use(reply, async ({ info }, _limit, name) => ({
      model_id: info.model,
      model_sha: info.revision,
      model_dtype: info.precision,
      served_model_name: name,
      model_type: { embedding: { pooling: [info.pooling].flat().join('+').toLowerCase() } },
      max_concurrent_requests: limits.connections,
      max_input_length: info.maxTokens,
      max_batch_tokens: info.batchTokens,
      max_batch_requests: null,
      max_client_batch_size: limits.inputs,
      auto_truncate: info.truncate !== 'error',
      tokenization_workers: info.threads,
      version: VERSION,
      sha: null,
      docker_label: null,
    })),
  );
};

/** Brackets around the vectors of a text come with its first token and its last. */
function tokenVector({ text: { data, dimensions, tokens }, token }: { text: TokenEmbeddings; token: number }): string {
  const vector = jsonVector(data.subarray(token * dimensions, (token + 1) * dimensions));
  return `${token === 0 ? '[' : ''}${vector}${token === tokens - 1 ? ']' : ''}`;
}

type Common = { truncate?: boolean | null; truncation_direction?: string | null; prompt_name?: string | null };

function optionsOf({ truncate, truncation_direction, prompt_name }: Common) {
  const promptName = prompt_name ?? undefined;
  return { ...truncation(truncate, truncation_direction), ...(promptName !== undefined && { promptName }) };
}

function promptNamed(prompts: Readonly<Record<string, string>>, name: string | null | undefined): string {
  if (name === null || name === undefined) return '';
  const prompt = Object.hasOwn(prompts, name) ? prompts[name] : undefined;
  if (prompt !== undefined) return prompt;
  const message = `The model has no prompt of that name; its prompts: ${Object.keys(prompts).join(', ')}.`;
  throw new HttpError(400, 'ERR_INVALID_ARGUMENT', message, { param: 'prompt_name' });
}

/** Rows of token ids that are decoded at once. */
const DECODE_ROWS = 16;

/** Some rows after the other: all of them at once would hold up the event loop. */
async function decodeAll(embedder: Embedder, rows: readonly number[][], options: DecodeOptions): Promise<string[]> {
  const texts: string[] = [];
  for (let row = 0; row < rows.length; row += DECODE_ROWS) {
    const some = rows.slice(row, row + DECODE_ROWS);
    texts.push(...(await Promise.all(some.map((ids) => embedder.decode(ids, options)))));
  }
  return texts;
}

/** What special tokens are called, by id. */
async function specialTokens(embedder: Embedder, texts: readonly TokenizedText[]): Promise<Map<number, string>> {
  const ids = new Set<number>();
  for (const { ids: all, specialTokensMask } of texts) {
    for (const [i, id] of all.entries()) if (specialTokensMask[i] === 1) ids.add(id);
  }
  const names = await Promise.all([...ids].map((id) => embedder.decode([id], { skipSpecialTokens: false })));
  return new Map([...ids].map((id, i) => [id, names[i] as string]));
}

/** Tokens of a text that are written together. */
const PIECE_TOKENS = 512;
/** Some numbers, in the time that it takes to write them. */
const TOKEN_WIDTH = 16;

/** Piece by piece, as a request of 2 MB may have a million tokens. */
function jsonTokens(tokenized: readonly TokenizedText[], texts: readonly string[], special: Map<number, string>) {
  const pieces = tokenized.flatMap(({ ids }, text) =>
    Array.from(
      { length: Math.max(1, Math.ceil(ids.length / PIECE_TOKENS)) },
      (_, i) => [text, i * PIECE_TOKENS] as const,
    ),
  );
  const tokens = tokenized.reduce((sum, { ids }) => sum + ids.length, 0);
  let describe: (token: number) => object;
  const write = (piece: number) => {
    const [text, first] = pieces[piece] as (typeof pieces)[number];
    const one = tokenized[text] as TokenizedText;
    if (first === 0) describe = tokenDescriber(one, texts[text] as string, special);
    const end = Math.min(first + PIECE_TOKENS, one.ids.length);
    const written = Array.from({ length: end - first }, (_, i) => JSON.stringify(describe(first + i))).join(',');
    return `${first === 0 ? '[' : ''}${written}${end === one.ids.length ? ']' : ''}`;
  };
  return jsonRows(pieces.length, Math.ceil((tokens * TOKEN_WIDTH) / pieces.length) || 1, write, ['[', ']']);
}

/** Offsets are in characters, as the tokenizers library counts them in Python: an emoji is one, though two in JavaScript. */
function tokenDescriber(
  { ids, offsets, specialTokensMask }: TokenizedText,
  text: string,
  special: Map<number, string>,
): (token: number) => object {
  const characters = characterOffsets(text);
  return (i) => {
    const id = ids[i] as number;
    if (specialTokensMask[i] === 1) return { id, text: special.get(id), special: true, start: null, stop: null };
    const [start, stop] = [offsets[2 * i] as number, offsets[2 * i + 1] as number];
    return { id, text: text.slice(start, stop), special: false, start: characters(start), stop: characters(stop) };
  };
}

function characterOffsets(text: string): (offset: number) => number {
  if (!/[\ud800-\udbff]/.test(text)) return (offset) => offset;
  const before = new Uint32Array(text.length + 1);
  for (let i = 0; i < text.length; i++) {
    const isSecondHalf = i > 0 && (text.charCodeAt(i) & 0xfc00) === 0xdc00;
    before[i + 1] = (before[i] as number) + (isSecondHalf ? 0 : 1);
  }
  return (offset) => before[offset] as number;
}
