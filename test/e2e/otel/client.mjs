/** A user's program: a span of its own around calls to the server at the address that is given. */
import { trace } from '@opentelemetry/api';
import { Embedder } from 'ovembed';

const [address, text] = process.argv.slice(2);
await trace.getTracer('user').startActiveSpan('user', async (span) => {
  const embedder = await Embedder.connect(address);
  await embedder.embedDocuments([text, 'b']);
  await embedder.close();
  span.end();
});
