/** What an answer, and the log, tell beside its body. Milliseconds, as TEI's `x-compute-*` and `x-*-time` and as `Server-Timing`. */
import type { FastifyReply } from 'fastify';
import type { Embedder } from '../embedder.js';
import type { Embeddings } from '../embeddings.js';
import type { Input } from '../input.js';
import type { Dtype } from '../vectors/dtype.js';

export function tellRun(
  reply: FastifyReply,
  { embedder: { info }, name: model, inputs }: { embedder: Embedder; name: string; inputs: readonly Input[] },
  {
    length,
    usage,
    truncated,
    metadata,
    timings,
  }: Pick<Embeddings<Dtype>, 'length' | 'usage' | 'truncated' | 'metadata' | 'timings'>,
): void {
  reply.request.ovembedWork = { model, texts: length, tokens: usage.tokens };
  const cut = truncated.reduce((sum, one) => sum + one, 0);
  const ms = (value: number) => value.toFixed(value < 10 ? 2 : 0);
  reply.headers({
    'x-ovembed-tokens': usage.tokens,
    'x-ovembed-truncated': cut,
    'x-ovembed-fingerprint': info.fingerprint,
    'x-ovembed-device': metadata.device,
    'x-compute-type': metadata.device.startsWith('CPU') ? 'cpu' : 'gpu+optimized',
    'x-compute-time': Math.round(timings.totalMs),
    'x-compute-characters': inputs.reduce((sum, input) => sum + (typeof input === 'string' ? input.length : 0), 0),
    'x-compute-tokens': usage.tokens,
    'x-total-time': Math.round(timings.totalMs),
    'x-tokenization-time': Math.round(timings.tokenizeMs),
    'x-queue-time': Math.round(timings.queueMs),
    'x-inference-time': Math.round(timings.inferMs),
    'server-timing': `total;dur=${ms(timings.totalMs)}, tokenize;dur=${ms(timings.tokenizeMs)}, queue;dur=${ms(timings.queueMs)}, infer;dur=${ms(timings.inferMs)}`,
  });
}
