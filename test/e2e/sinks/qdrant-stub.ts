/**
 * No Qdrant is to be had from the registries that this project uses: this is a stand-in that knows the few requests of the sink, refuses
 * what Qdrant's OpenAPI 1.18 does not allow in them, and compares every point. It proves the requests, not the server.
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Server } from './servers.js';

interface Point {
  id: string;
  vector: number[];
  payload: Record<string, unknown>;
}
interface Collection {
  size: number;
  points: Map<string, Point>;
}
type Body = Record<string, unknown>;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const collections = new Map<string, Collection>();

export async function startQdrantStub(): Promise<Server> {
  const server = createServer((request, response) => {
    handle(request).then(
      ([status, result]) => response.writeHead(status, { 'content-type': 'application/json' }).end(result),
      (error) =>
        response
          .writeHead(400, { 'content-type': 'application/json' })
          .end(JSON.stringify({ status: { error: String(error) } })),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const stop = async () => {
    server.closeAllConnections();
    server.close();
  };
  return { address: `127.0.0.1:${port}`, stop };
}

async function handle(request: IncomingMessage): Promise<[number, string]> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = chunks.length > 0 ? (JSON.parse(Buffer.concat(chunks).toString()) as Body) : {};
  const { pathname } = new URL(request.url as string, 'http://stub');
  const [, , name = '', ...rest] = pathname.split('/');
  const result = route(`${request.method} ${rest.join('/')}`.trim(), decodeURIComponent(name), body);
  if (result === undefined)
    return [404, JSON.stringify({ status: { error: `Not found: ${request.method} ${pathname}` } })];
  return [200, JSON.stringify({ time: 0, status: 'ok', result })];
}

function route(what: string, name: string, body: Body): unknown {
  if (what === 'GET exists') return { exists: collections.has(name) };
  if (what === 'PUT') return create(name, body);
  const collection = collections.get(name);
  if (!collection) return undefined;
  const { points, size } = collection;
  switch (what) {
    case 'GET':
      return { config: { params: { vectors: { size, distance: 'Cosine' } } } };
    case 'PUT index':
      only(body, 'field_name', 'field_schema');
      return { operation_id: 0, status: 'completed' };
    case 'PUT points':
      only(body, 'points');
      return upsert(collection, body.points as Point[]);
    case 'POST points':
      only(body, 'ids', 'with_payload', 'with_vector');
      return (body.ids as string[]).map(checkId).flatMap((id) => (points.has(id) ? [{ id }] : []));
    case 'POST points/scroll':
      only(body, 'limit', 'with_payload', 'with_vector');
      return {
        points: [...points.values()].slice(0, body.limit as number).map(({ id, payload }) => ({ id, payload })),
      };
    case 'POST points/count':
      return { count: points.size };
    case 'POST points/delete':
      only(body, 'filter');
      return remove(collection, body.filter as Filter);
    case 'POST points/query':
      only(body, 'query', 'limit', 'with_payload', 'params');
      return { points: query(collection, body.query as number[], body.limit as number) };
  }
  return undefined;
}

function only(body: Body, ...names: string[]): void {
  for (const key of Object.keys(body)) if (!names.includes(key)) throw new Error(`unknown field ${key}`);
}

function checkId(id: string): string {
  if (UUID.test(id)) return id;
  throw new Error(`${id} is no valid point ID: unsigned integer or UUID`);
}

function create(name: string, body: Body): boolean {
  only(body, 'vectors', 'on_disk_payload');
  const { size, distance } = body.vectors as { size: number; distance: string };
  if (distance !== 'Cosine') throw new Error(`unexpected distance ${distance}`);
  collections.set(name, { size, points: new Map() });
  return true;
}

function upsert({ points, size }: Collection, added: Point[]) {
  for (const point of added) {
    only(point as unknown as Body, 'id', 'vector', 'payload');
    checkId(point.id);
    if (point.vector.length !== size) throw new Error(`expected dim: ${size}, got ${point.vector.length}`);
    points.set(point.id, point);
  }
  return { operation_id: 1, status: 'completed' };
}

interface Filter {
  must: [{ key: string; match: { any: string[] } }];
  must_not: [{ has_id: string[] }];
}

function remove({ points }: Collection, { must: [{ key, match }], must_not: [{ has_id }] }: Filter) {
  const kept = new Set(has_id.map(checkId));
  for (const { id, payload } of points.values()) {
    if (match.any.includes(payload[key] as string) && !kept.has(id)) points.delete(id);
  }
  return { operation_id: 2, status: 'completed' };
}

function query({ points }: Collection, vector: number[], limit: number) {
  const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);
  const scored = [...points.values()].map(({ id, payload, vector: other }) => ({
    ...{ id, payload, version: 0 },
    score: dot(vector, other) / Math.sqrt(dot(vector, vector) * dot(other, other)),
  }));
  return scored.sort((a, b) => b.score - a.score).slice(0, limit);
}
