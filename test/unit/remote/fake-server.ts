/** A server that answers as a test says; everything else of the client is real. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from 'vitest';
import { Embeddings } from '../../../lib/embeddings.js';
import type { EmbedderInfo } from '../../../lib/index.js';
import { encodeEmbeddings } from '../../../lib/remote/wire.js';
import { VERSION } from '../../../lib/version.js';

export const INFO = { fingerprint: 'x', buckets: [8], dimensions: 1, model: 'm' } as unknown as EmbedderInfo;

export interface Asked {
  path: string;
  inputs: (string | number[])[];
  headers: IncomingMessage['headers'];
}

type Answer = (asked: Asked, response: ServerResponse) => unknown;

const ending: (() => void)[] = [];
afterEach(() => {
  for (const end of ending.splice(0)) end();
});

/** @returns its address */
export async function serve(answer: Answer): Promise<string> {
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const body = Buffer.concat(parts).toString() || '{}';
    await answer({ path: request.url ?? '', inputs: [], headers: request.headers, ...JSON.parse(body) }, response);
  });
  ending.push(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** As a server of ovembed with one model. The vector of token ids is the first of them, and that of a text its length. */
export function asOvembed(onEmbed: Answer = () => {}, offer: object = {}): Answer {
  return async (asked, response) => {
    const send = (body: unknown): void => void response.end(JSON.stringify(body));
    if (asked.path === '/ovembed/v1/models') {
      const models = [{ name: 'm', model: 'm', options: null, info: INFO }];
      return send({ version: VERSION, models, ...offer });
    }
    if (asked.path.startsWith('/ovembed/v1/info')) return send({ version: VERSION, name: 'm', info: INFO });
    await onEmbed(asked, response);
    if (!response.writableEnded) response.end(vectorsOf(asked.inputs));
  };
}

function vectorsOf(inputs: Asked['inputs']): Buffer {
  const { length } = inputs;
  const data = Float32Array.from(inputs, (input) => (typeof input === 'string' ? input.length : (input[0] as number)));
  const tokens = new Uint32Array(length);
  const counts = { tokens, originalTokens: tokens, truncated: new Uint8Array(length), chunks: tokens };
  const timings = { queueMs: 0, tokenizeMs: 0, inferMs: 0, poolMs: 0, totalMs: 0 };
  const metadata = { devices: [], batches: 1, paddedTokens: 0, cacheHits: 0, duplicates: 0 };
  const parts = { data, length, dimensions: 1, dtype: 'float32', ...counts, timings, metadata };
  return encodeEmbeddings(new Embeddings(parts as never));
}
