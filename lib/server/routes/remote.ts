/** For other processes of ovembed (`Embedder.connect`): all options, and vectors as bytes. */
import type { FastifyPluginAsync, FastifyReply } from 'fastify';
import { type Static, type TObject, Type } from 'typebox';
import type { Embedder } from '../../embedder.js';
import { OvembedError } from '../../errors.js';
import type { DecodeOptions, EmbedOptions, InputOptions, LimitOptions, TokenizeOptions } from '../../options.js';
import { identityOf } from '../../remote/remote-model.js';
import type { Offer } from '../../remote/shared.js';
import { encodeEmbeddings, encodeTokenEmbeddings, VECTORS_TYPE } from '../../remote/wire.js';
import type { TokenizedText } from '../../text/tokenization.js';
import type { Dtype } from '../../vectors/dtype.js';
import { VERSION } from '../../version.js';
import type { ServerContext } from '../context.js';
import { limitOf, type RequestLimit } from '../deadline.js';
import { inputsOf } from '../inputs.js';
import { jsonRows } from '../json-rows.js';
import { answerWith, remoteError } from '../protocols/errors.js';
import { Inputs, optional } from '../schemas.js';

const model = optional(Type.String(), 'the name of a model of this server (default: the first)');
/** The library checks them, as in a process of its own. */
const options = optional(Type.Record(Type.String(), Type.Unknown()), 'an object with options of the call');
const Ids = Type.Array(Type.Integer({ minimum: 0 }), { description: 'a list of token ids' });
const Texts = Type.Array(Type.String(), { description: 'a list of texts' });

const identity = optional(Type.String(), 'what the model must still be');

const EmbedBody = Type.Object({ model, identity, inputs: Inputs, options });
const TextsBody = Type.Object({ model, identity, texts: Texts, options });
const DecodeBody = Type.Object({ model, identity, ids: Ids, options });

/** What every request says of the model. */
interface Asked {
  model?: string | null;
  identity?: string | null;
  options?: Record<string, unknown> | null;
}

export const remoteRoutes: FastifyPluginAsync<ServerContext> = async (app, { models, limits }) => {
  app.setErrorHandler(answerWith(remoteError));
  const hide = { hide: true };
  const route = <T extends TObject>(
    url: string,
    body: T,
    answer: (body: Static<T>, reply: FastifyReply) => Promise<unknown>,
  ) =>
    app.post<{ Body: Static<T> }>(url, { schema: { body, ...hide } }, ({ body }, reply) =>
      answer(body as Static<T>, reply),
    );
  const textsOf = ({ texts }: Static<typeof TextsBody>, embedder: Embedder) =>
    (texts.length === 0 ? [] : inputsOf(texts, 'texts', embedder, limits).inputs) as string[];

  /** The model that the client was told of, and no other in its place; for as long as the call may take, and the server lets it. */
  const use = <T, O extends LimitOptions>(
    { model, identity, options }: Asked,
    reply: FastifyReply,
    work: (embedder: Embedder, options: O & RequestLimit, name: string) => Promise<T>,
  ): Promise<T> => {
    const asked = (options ?? {}) as O;
    const limit = limitOf(reply, limits, asked.timeoutMs || undefined);
    const checked = async (embedder: Embedder, { name }: { name: string }) => {
      if (typeof identity === 'string' && identity !== identityOf(embedder.info)) {
        const message = `${name} is another model by now, or has other options; connect anew.`;
        throw new OvembedError('ERR_DEVICE_UNAVAILABLE', message);
      }
      return work(embedder, { ...asked, ...limit }, name);
    };
    return models.use(model ?? undefined, checked, limit);
  };

  app.get('/ovembed/v1/models', { schema: hide }, (): Offer => {
    const offered = models.all.map(({ name, model, options, embedder }) => {
      return { name, model, options, info: embedder?.info ?? null };
    });
    return { version: VERSION, models: offered };
  });

  app.get<{ Querystring: { model?: string } }>('/ovembed/v1/info', { schema: hide }, ({ query }, reply) =>
    models.use(query.model, async ({ info }, { name }) => ({ version: VERSION, name, info }), limitOf(reply, limits)),
  );

  route('/ovembed/v1/embed', EmbedBody, (body, reply) =>
    use(body, reply, async (embedder, asked: EmbedOptions<Dtype>, model) => {
      const inputs = body.inputs.length === 0 ? [] : inputsOf(body.inputs, 'inputs', embedder, limits).inputs;
      const result = await embedder.embed(inputs, asked);
      reply.request.ovembedWork = { model, texts: result.length, tokens: result.usage.tokens };
      return reply.type(VECTORS_TYPE).send(encodeEmbeddings(result));
    }),
  );

  route('/ovembed/v1/embed-tokens', EmbedBody, (body, reply) =>
    use(body, reply, async (embedder, asked: InputOptions, model) => {
      const inputs = body.inputs.length === 0 ? [] : inputsOf(body.inputs, 'inputs', embedder, limits).inputs;
      const texts = await embedder.embedTokens(inputs, asked);
      const tokens = texts.reduce((sum, text) => sum + text.tokens, 0);
      reply.request.ovembedWork = { model, texts: texts.length, tokens };
      return reply.type(VECTORS_TYPE).send(encodeTokenEmbeddings(texts));
    }),
  );

  route('/ovembed/v1/tokenize', TextsBody, (body, reply) =>
    use(body, reply, async (embedder, asked: TokenizeOptions) => {
      const rows = await embedder.tokenize(textsOf(body, embedder), asked);
      const width = Math.ceil((4 * rows.reduce((sum, { ids }) => sum + ids.length, 0)) / rows.length) || 1;
      const write = (row: number) => {
        const { ids, offsets, specialTokensMask } = rows[row] as TokenizedText;
        return `[[${ids}],[${offsets}],[${specialTokensMask}]]`;
      };
      return reply.type('application/json; charset=utf-8').send(jsonRows(rows.length, width, write, ['[', ']']));
    }),
  );

  route('/ovembed/v1/count-tokens', TextsBody, (body, reply) =>
    use(body, reply, async (embedder, asked: InputOptions) => {
      return [...(await embedder.countTokens(textsOf(body, embedder), asked))];
    }),
  );

  route('/ovembed/v1/decode', DecodeBody, (body, reply) =>
    use(body, reply, async (embedder, asked: DecodeOptions) => {
      const [ids = []] = body.ids.length === 0 ? [] : inputsOf(body.ids, 'ids', embedder, limits).inputs;
      return { text: await embedder.decode(ids as number[], asked) };
    }),
  );
};
