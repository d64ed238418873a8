/**
 * A server that speaks the hub's protocol, as ovembed and Python's huggingface_hub use it, and a storage server of another
 * origin that large files are redirected to. Faults are put into its answers from outside.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export const ID = 'org/tiny';
export const COMMIT = 'c0ffee'.padEnd(40, '0');

/** Content per path: an object is served as JSON; null is left out. */
export type HubFiles = Record<string, string | object | null>;
type Where = 'hub' | 'storage';
type Headers = Record<string, string | number>;

/** An answer that is about to be given for a file. */
export interface Answer {
  on: Where;
  method: string;
  file: string;
  status: number;
  headers: Headers;
  /** What is to be sent: after a Range, a part of the file. */
  body: Buffer;
  /** All of the file. */
  content: Buffer;
  response: ServerResponse;
}

/** May give another answer than the right one; returns whether it has given one. */
export type Fault = (answer: Answer) => boolean;

export interface HubRequest {
  server: Where;
  method: string;
  path: string;
  authorization: string | undefined;
  range: string | undefined;
}

export class FakeHub {
  /** Addresses without a trailing slash. */
  endpoint = '';
  storage = '';
  /** What was asked for, in order. */
  readonly requests: HubRequest[] = [];
  /** For the next requests; may be changed at any time. */
  fault: Fault | undefined;
  files: HubFiles;
  commit = COMMIT;

  constructor(files: HubFiles) {
    this.files = files;
  }

  /** Starts both servers, until the test ends. */
  async start(): Promise<this> {
    this.storage = await listen((request, response) => {
      this.#note('storage', request);
      this.#give('storage', decodeURIComponent((request.url ?? '').slice(1)), request, response);
    });
    this.endpoint = await listen((request, response) => {
      this.#note('hub', request);
      const { pathname } = new URL(request.url ?? '', 'http://hub');
      const api = /^\/api\/models\/[^/]+\/[^/]+\/(revision|tree)\/[^/]+$/.exec(pathname);
      if (api) return this.#answerApi(api[1] as 'revision' | 'tree', response);
      const file = decodeURIComponent(pathname).split(/\/resolve\/[^/]+(?:\/pr\/\d+)?\//)[1] ?? '';
      this.#give('hub', file, request, response);
    });
    return this;
  }

  /** Requests for the content of a file, which may have been redirected. */
  downloads(file: string): HubRequest[] {
    const path = isLarge(file) ? /^\/(.*)$/ : /\/resolve\/[^/]+\/(.*)$/;
    const server = isLarge(file) ? 'storage' : 'hub';
    return this.requests.filter((r) => r.method === 'GET' && r.server === server && path.exec(r.path)?.[1] === file);
  }

  etag(file: string): string {
    return isLarge(file) ? sha256(this.#content(file)) : gitId(this.#content(file));
  }

  #content(file: string): Buffer {
    const content = this.files[file] ?? '';
    return Buffer.isBuffer(content)
      ? content
      : Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
  }

  #note(server: Where, { method = '', url = '', headers }: IncomingMessage): void {
    this.requests.push({ server, method, path: url, authorization: headers.authorization, range: headers.range });
  }

  #give(on: Where, file: string, request: IncomingMessage, response: ServerResponse): void {
    const content = this.#content(file);
    const isThere = (this.files[file] ?? null) !== null;
    const answer: Answer = {
      ...{ on, method: request.method ?? '', file, response, content, body: content, status: isThere ? 200 : 404 },
      headers: on === 'hub' ? this.#hubHeaders(file, isThere) : { etag: '"of the storage, not of the file"' },
    };
    if (isThere && 'location' in answer.headers) Object.assign(answer, { status: 302, body: Buffer.alloc(0) });
    else if (isThere) cutToRange(answer, request.headers.range);
    if (!this.fault?.(answer)) send(answer);
  }

  #hubHeaders(file: string, isThere: boolean): Headers {
    const commit = { 'x-repo-commit': this.commit };
    if (!isThere) return { ...commit, 'x-error-code': 'EntryNotFound' };
    if (!isLarge(file)) return { ...commit, etag: `W/"${this.etag(file)}"` };
    const size = this.#content(file).length;
    return {
      ...commit,
      'x-linked-etag': `"${this.etag(file)}"`,
      'x-linked-size': size,
      location: `${this.storage}/${file}`,
    };
  }

  /** What Python's `snapshot_download` asks for first. */
  #answerApi(kind: 'revision' | 'tree', response: ServerResponse): void {
    const paths = Object.keys(this.files).filter((path) => this.files[path] !== null);
    const tree = paths.map((path) => {
      const content = this.#content(path);
      const lfs = isLarge(path) ? { lfs: { oid: sha256(content), size: content.length, pointerSize: 100 } } : {};
      return { type: 'file', path, size: content.length, oid: gitId(content), ...lfs };
    });
    const model = { id: ID, modelId: ID, sha: this.commit, siblings: paths.map((rfilename) => ({ rfilename })) };
    const headers = { 'content-type': 'application/json' };
    response.writeHead(200, headers).end(JSON.stringify(kind === 'tree' ? tree : model));
  }
}

/** Kept in large-file storage, under the SHA-256 of the content. */
export function isLarge(file: string): boolean {
  return /\.(safetensors|bin|onnx)$/.test(file);
}

export function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

export function gitId(content: string | Buffer): string {
  const bytes = Buffer.from(content);
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}

/** Sends an answer as it is, with the length of its body unless its headers state one. */
export function send({ response, status, headers, body, method }: Answer): void {
  const length = status === 302 ? {} : { 'content-length': body.length };
  response.writeHead(status, { ...length, ...headers });
  response.end(method === 'HEAD' ? undefined : body);
}

function cutToRange(answer: Answer, range: string | undefined): void {
  const from = /^bytes=(\d+)-$/.exec(range ?? '')?.[1];
  if (from === undefined) return;
  const { length } = answer.content;
  if (Number(from) >= length) {
    Object.assign(answer, { status: 416, body: Buffer.alloc(0) });
    answer.headers['content-range'] = `bytes */${length}`;
    return;
  }
  Object.assign(answer, { status: 206, body: answer.content.subarray(Number(from)) });
  answer.headers['content-range'] = `bytes ${from}-${length - 1}/${length}`;
}

/** A server on a free port, closed when the test ends; its address. */
export async function listen(handle: RequestListener): Promise<string> {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
