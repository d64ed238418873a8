/**
 * node examples/services/fastify.mjs: texts in, vectors out, by an Embedder in the process of a Fastify app.
 *   curl -s http://127.0.0.1:3000/embeddings -H 'content-type: application/json' -d '{"texts":["Oil the chain."]}'
 * For the routes of OpenAI and TEI, register the plugin of ovembed/server instead: docs/server.md.
 */
import { fastify } from 'fastify';
import { Embedder } from 'ovembed';
import { answerTo } from './http-errors.mjs';

const embedder = await Embedder.load();
const app = fastify({ ajv: { customOptions: { coerceTypes: false } } }); // a number is no text
app.addHook('onClose', () => embedder.close()); // when what was accepted is answered

const body = {
  type: 'object',
  required: ['texts'],
  properties: {
    texts: { type: 'array', maxItems: 256, items: { type: 'string' } },
    inputType: { enum: ['query', 'document'], default: 'document' },
  },
};

app.post('/embeddings', { schema: { body } }, async ({ body: { texts, inputType } }, reply) => {
  const embeddings = await embedder.embed(texts, {
    inputType,
    priority: texts.length === 1 ? 'interactive' : 'bulk', // a query goes ahead of lists
    timeoutMs: 30_000,
    signal: clientGone(reply),
  });
  const { model, fingerprint } = embedder.info;
  return { model, fingerprint, tokens: embeddings.usage.tokens, embeddings: embeddings.toArrays() };
});

app.get('/health', (_request, reply) => {
  const { state, queue } = embedder.status();
  const { calls } = embedder.metrics(); // by outcome: ok, aborted, an error's code
  return reply.code(state === 'ready' ? 200 : 503).send({ state, waiting: queue.bulk.texts, calls });
});

app.setErrorHandler((error, _request, reply) => {
  if (reply.raw.destroyed) return reply.hijack(); // the client went away, and its texts have left the queue
  const { status, headers, body } = answerTo(error);
  if (status >= 500) console.error(error);
  return reply.code(status).headers(headers).send(body);
});

console.log(`Listening at ${await app.listen({ port: Number(process.env.PORT ?? 3000), host: '127.0.0.1' })}`);
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => app.close());

/** Aborts when the client closes the connection before it was answered: what is queued for it is dropped. */
function clientGone({ raw }) {
  const controller = new AbortController();
  raw.once('close', () => {
    if (!raw.writableFinished) controller.abort();
  });
  return controller.signal;
}
