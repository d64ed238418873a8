/** A server that speaks the hub's protocol, and a storage server of another origin that large files are redirected to. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { HubSettings } from '../../../../lib/models/hub/settings.js';
import { contentOf, type Files, mini, temporaryFolder } from '../folders.js';

export const ID = 'org/tiny';
export const COMMIT = 'c0ffee'.padEnd(40, '0');

/** Replaces the answer for a file; `on: 'storage'` for the one that the hub redirects to. */
export interface Fault {
  file: string;
  on?: 'hub' | 'storage';
  answer: (response: ServerResponse, body: Buffer, headers: Record<string, string | number>) => void;
}

export interface FakeHub {
  settings: HubSettings;
  /** What was asked for, in order. */
  requests: { server: 'hub' | 'storage'; path: string; authorization: string | undefined }[];
  /** Applied to the next requests; may be changed at any time. */
  fault: Fault | undefined;
}

export function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

export function gitId(content: string | Buffer): string {
  const bytes = Buffer.from(content);
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}

export async function startFakeHub(changes: Files = {}, fault?: Fault): Promise<FakeHub> {
  const files = mini(changes);
  const fake: FakeHub = { settings: {} as HubSettings, requests: [], fault };
  const note = (server: 'hub' | 'storage', request: IncomingMessage) =>
    fake.requests.push({ server, path: request.url ?? '', authorization: request.headers.authorization });

  const answer = (
    on: 'hub' | 'storage',
    file: string,
    response: ServerResponse,
    headers: Record<string, string | number>,
  ) => {
    const body = Buffer.from(contentOf(files[file] ?? ''));
    if (fake.fault?.file === file && (fake.fault.on ?? 'hub') === on) return fake.fault.answer(response, body, headers);
    response.writeHead('location' in headers ? 302 : 200, headers).end('location' in headers ? '' : body);
  };

  const storage = await listen((request, response) => {
    note('storage', request);
    const file = decodeURIComponent((request.url ?? '').slice(1));
    const body = Buffer.from(contentOf(files[file] ?? ''));
    answer('storage', file, response, { 'content-length': body.length, etag: '"of the storage, not of the file"' });
  });

  const hub = await listen((request, response) => {
    note('hub', request);
    const file =
      decodeURIComponent(new URL(request.url ?? '', 'http://hub').pathname).split(
        /\/resolve\/[^/]+(?:\/pr\/\d+)?\//,
      )[1] ?? '';
    const content = files[file];
    const commit = { 'x-repo-commit': COMMIT };
    if (content === undefined || content === null) {
      response.writeHead(404, { ...commit, 'x-error-code': 'EntryNotFound' }).end();
      return;
    }
    const body = Buffer.from(contentOf(content));
    const large = file.endsWith('.safetensors');
    answer(
      'hub',
      file,
      response,
      large
        ? {
            ...commit,
            'x-linked-etag': `"${sha256(body)}"`,
            'x-linked-size': body.length,
            location: `${storage}/${file}`,
          }
        : { ...commit, etag: `W/"${gitId(body)}"`, 'content-length': body.length },
    );
  });
  fake.settings = { cache: temporaryFolder(), endpoint: hub, token: null, offline: false, timeoutMs: 5000 };
  return fake;
}

/** A server on a free port, closed when the test ends; its origin. */
export async function listen(handle: (request: IncomingMessage, response: ServerResponse) => unknown): Promise<string> {
  const server: Server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
