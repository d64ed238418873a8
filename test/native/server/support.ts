/** A server of a tiny model, for tests of this folder. */
import { request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll } from 'vitest';
import { Embedder } from '../../../lib/index.js';
import { createServer, type EmbeddingServer, type ServerOptions } from '../../../lib/server/index.js';
import { tinyModels, writeTinyModel } from '../../../scripts/models/make-tiny.mjs';
import { temporaryFolder } from '../support.js';

export interface Running {
  server: EmbeddingServer;
  /** Of the same model. */
  embedder: Embedder;
  url: string;
  port: number;
}

/** Ends after the tests of the file. */
export async function startServer(options: Partial<ServerOptions> = {}): Promise<Running> {
  const folder = temporaryFolder();
  writeTinyModel(tinyModels.mean, folder);
  const embedder = await Embedder.load(folder, { precision: 'f32', streams: 1 });
  const models = options.models ?? [{ name: 'tiny', embedder }];
  const server = await createServer({ port: 0, ...options, models });
  const url = await server.listen();
  afterAll(async () => {
    await server.close();
    await embedder.close();
  });
  return { server, embedder, url, port: (server.app.server.address() as Partial<AddressInfo>).port ?? 0 };
}

/** Posts JSON; the body of the answer is parsed if it is JSON. */
export async function post(url: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('/json');
  return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : text };
}

/** A vector in JSON, or a list of such, as the float32 that its digits stand for. */
export function float32<T>(numbers: T): T {
  if (Array.isArray(numbers)) return numbers.map(float32) as T;
  return typeof numbers === 'number' ? (Math.fround(numbers) as T) : numbers;
}

/** Sends bytes as they are, and gives what comes until the server closes or nothing comes for a while. */
export function raw(port: number, bytes: string | Buffer, idleMs = 1_000): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    let answer = '';
    socket.setTimeout(idleMs, () => socket.destroy());
    socket.on('data', (chunk) => (answer += chunk.toString('latin1')));
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer));
  });
}

/** The status of a GET with these headers; `fetch` would not send some of them. */
export function statusOf(port: number, path: string, headers: Record<string, string | string[]>): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode as number);
    });
    asked.on('error', reject);
    asked.end();
  });
}
