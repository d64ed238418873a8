/** What `/openapi.json` says, and whether it is so. */
import { Validator } from '@seriousme/openapi-schema-validator';
import fastify from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { beforeAll, describe, expect, test } from 'vitest';
import { ovembed } from '../../../lib/server/index.js';
import { post, type Running, startServer } from './support.js';

interface Operation {
  tags: string[];
  summary: string;
  operationId: string;
  security?: object[];
  requestBody?: { content: Record<string, { schema: TSchema; example: object }> };
  responses: Record<string, { content: Record<string, { schema: TSchema }> }>;
}
interface Document {
  openapi: string;
  security: object[];
  paths: Record<string, Record<string, Operation>>;
}

let running: Running;
let document: Document;
beforeAll(async () => {
  running = await startServer();
  document = await documentAt(running.url);
});

const documentAt = async (url: string): Promise<Document> =>
  (await (await fetch(`${url}/openapi.json`)).json()) as Document;
const operations = ({ paths }: Document) =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );

describe('the document', () => {
  test('is OpenAPI 3.1, by a validator that is not ours', async () => {
    const validator = new Validator();
    expect(await validator.validate(structuredClone(document) as never)).toEqual({ valid: true });
    expect([document.openapi, validator.version]).toEqual(['3.1.0', '3.1']);
  });

  test('has all routes that are not for ovembed alone, each with words and its own name', () => {
    const all = operations(document);
    expect(all.map(({ path, method }) => `${method} ${path}`).sort()).toMatchInlineSnapshot(`
      [
        "get /health",
        "get /health/live",
        "get /health/ready",
        "get /info",
        "get /metrics",
        "get /openapi.json",
        "get /ping",
        "get /v1/models",
        "get /v1/models/{name}",
        "post /",
        "post /decode",
        "post /embed",
        "post /embed_all",
        "post /invocations",
        "post /similarity",
        "post /tokenize",
        "post /v1/embeddings",
        "post /v1/embeddings/stream",
      ]
    `);
    expect(new Set(all.map(({ operation }) => operation.operationId)).size).toBe(all.length);
    for (const { path, operation } of all) {
      expect([path, operation.tags?.length, operation.summary?.length > 0]).toEqual([path, 1, true]);
      expect([path, Object.keys(operation.responses)]).toEqual([path, expect.arrayContaining(['200', 'default'])]);
    }
  });

  test('gives requests that are answered as it says', async () => {
    for (const { path, method, operation } of operations(document)) {
      const url = running.url + path.replace('{name}', 'tiny');
      const example = Object.values(operation.requestBody?.content ?? {})[0]?.example;
      const answer = method === 'post' ? await post(url, example) : await got(url);
      const [type, { schema }] = Object.entries(operation.responses[200]?.content ?? {})[0] as [
        string,
        { schema: TSchema },
      ];
      expect([path, answer.status, answer.headers.get('content-type')]).toEqual([
        path,
        200,
        expect.stringContaining(type),
      ]);
      const isLines = type === 'application/x-ndjson';
      const bodies = isLines
        ? answer.body
            .trimEnd()
            .split('\n')
            .map((line: string) => JSON.parse(line))
        : [answer.body];
      for (const body of bodies) expect([path, [...Compile(closed(schema)).Errors(body)]]).toEqual([path, []]);
    }
  });

  test('says how failures look', async () => {
    const failures = { '/v1/embeddings': { input: 5 }, '/embed': { inputs: 5 }, '/similarity': {} };
    for (const [path, body] of Object.entries(failures)) {
      const answer = await post(running.url + path, body);
      const schema = document.paths[path]?.post?.responses.default?.content['application/json']?.schema as TSchema;
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect([path, [...Compile(closed(schema)).Errors(answer.body)]]).toEqual([path, []]);
    }
  });
});

describe('keys', () => {
  test('are in the document while there are some, and it needs none', async () => {
    const { url, server, embedder } = await startServer({ apiKeys: ['key'] });
    expect(document.security).toEqual([]);
    expect((await documentAt(url)).security).toEqual([{ apiKey: [] }]);
    const { paths } = await documentAt(url);
    expect(paths['/health']?.get?.security).toEqual([]);
    expect(paths['/v1/embeddings']?.post?.security).toBeUndefined();
    await server.reload({ models: [{ name: 'tiny', embedder }] });
    expect((await documentAt(url)).security).toEqual([]);
  });
});

describe('within a user’s app', () => {
  const models = () => [{ name: 'tiny', embedder: running.embedder }];

  test('paths have the prefix, and docs are found all the same', async () => {
    const app = fastify();
    await app.register(ovembed, { prefix: '/ai', models: models() });
    const { paths } = (await app.inject('/ai/openapi.json')).json() as Document;
    expect(Object.keys(paths)).toContain('/ai/v1/models/{name}');
    expect(paths['/ai/embed']?.post?.operationId).toBe('postEmbed');
    await app.close();
  });

  test('its own documentation is left as it is', async () => {
    const app = fastify();
    await app.register(import('@fastify/swagger'), { openapi: { info: { title: 'theirs', version: '7' } } });
    app.get('/theirs', () => 'x');
    await app.register(ovembed, { models: models() });
    const document = (await app.inject('/openapi.json')).json();
    expect(document.info.title).toBe('theirs');
    expect(Object.keys(document.paths)).toEqual(expect.arrayContaining(['/theirs', '/embed']));
    await app.close();
  });
});

async function got(url: string) {
  const response = await fetch(url);
  const isJson = response.headers.get('content-type')?.includes('json');
  return {
    status: response.status,
    headers: response.headers,
    body: isJson ? await response.json() : await response.text(),
  };
}

/** With no fields but those that are written down. */
function closed(schema: TSchema): TSchema {
  const inner = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(inner);
    if (typeof value !== 'object' || value === null) return value;
    const copy = Object.fromEntries(Object.entries(value).map(([key, one]) => [key, inner(one)]));
    return 'properties' in copy && Object.keys(copy.properties as object).length > 0
      ? { ...copy, additionalProperties: false }
      : copy;
  };
  return inner(schema) as TSchema;
}
