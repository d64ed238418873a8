/**
 * node examples/services/express.mjs: texts in, vectors out, by an Embedder in the process of an Express app.
 *   curl -s http://127.0.0.1:3000/embeddings -H 'content-type: application/json' -d '{"texts":["Oil the chain."]}'
 */
import { once } from 'node:events';
import express from 'express';
import { Embedder } from 'ovembed';
import { answerTo } from './http-errors.mjs';

const embedder = await Embedder.load();
const app = express();
app.use(express.json({ limit: '1mb' }));

app.post('/embeddings', async (request, response) => {
  const { texts, inputType = 'document' } = request.body ?? {};
  const embeddings = await embedder.embed(texts, {
    inputType,
    priority: texts?.length === 1 ? 'interactive' : 'bulk', // a query goes ahead of lists
    timeoutMs: 30_000,
    signal: clientGone(response),
  });
  const { model, fingerprint } = embedder.info;
  response.json({ model, fingerprint, tokens: embeddings.usage.tokens, embeddings: embeddings.toArrays() });
});

app.get('/health', (_request, response) => {
  const { state, queue } = embedder.status();
  const { calls } = embedder.metrics(); // by outcome: ok, aborted, an error's code
  response.status(state === 'ready' ? 200 : 503).json({ state, waiting: queue.bulk.texts, calls });
});

app.use((error, _request, response, _next) => {
  if (response.destroyed) return; // the client went away, and its texts have left the queue
  const { status, headers, body } = answerTo(error);
  if (status >= 500) console.error(error);
  response.status(status).set(headers).json(body);
});

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
await once(server, 'listening');
console.log(`Listening at http://127.0.0.1:${server.address().port}`);
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, stop);

/** Aborts when the client closes the connection before it was answered: what is queued for it is dropped. */
function clientGone(response) {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}

/** What was accepted is answered; then the model is freed and the process ends by itself. */
async function stop() {
  server.close();
  await once(server, 'close');
  await embedder.close();
}
