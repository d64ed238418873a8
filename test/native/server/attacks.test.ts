/**
 * What a hostile client sends on a raw socket. Each is refused with a status of 400 to 431, or the connection is closed; never
 * an error of the server's, never two answers to what may be one request, and afterwards the server works as before.
 */
import { connect } from 'node:net';
import { beforeAll, describe, expect, test } from 'vitest';
import { post, type Running, raw, startServer } from './support.js';

let running: Running;
beforeAll(async () => {
  running = await startServer({ limits: { receiveMs: 2_000, bodyBytes: 10_000 } });
});

const HOST = 'Host: localhost\r\n';
const BODY = '{"input":"a"}';
const postHead = (headers: string) =>
  `POST /v1/embeddings HTTP/1.1\r\n${HOST}Content-Type: application/json\r\n${headers}\r\n`;
const get = (line: string, headers = HOST) => `${line}\r\n${headers}\r\n`;

const ATTACKS: Record<string, string | Buffer> = {
  'no HTTP at all': 'hello there\r\n\r\n',
  'TLS on a plain port': Buffer.from('16030100f4010000f003', 'hex'),
  SSH: 'SSH-2.0-OpenSSH_9.9\r\n',
  'an HTTP/2 preface': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'an unknown method': get('BREW /v1/models HTTP/1.1'),
  'a method in lower case': get('get /v1/models HTTP/1.1'),
  'no version': get('GET /v1/models'),
  'HTTP/3.7': get('GET /v1/models HTTP/3.7'),
  'a tab in the request line': get('GET\t/v1/models\tHTTP/1.1'),
  'a NUL in the path': get('GET /v1/\0models HTTP/1.1'),
  'a CR in the path': get('GET /v1/\rmodels HTTP/1.1'),
  'a broken escape': get('GET /v1/models/%E0%A4%A HTTP/1.1'),
  'a path upwards': get('GET /../../../../etc/passwd HTTP/1.1'),
  'an escaped path upwards': get('GET /v1/models/..%2f..%2f..%2fetc%2fpasswd HTTP/1.1'),
  'a path of 20 kB': get(`GET /${'a'.repeat(20_000)} HTTP/1.1`),
  'an absolute address elsewhere': get('GET http://evil.example/v1/models HTTP/1.1', 'Host: evil.example\r\n'),
  'a proxy request': get('CONNECT evil.example:443 HTTP/1.1', 'Host: evil.example:443\r\n'),
  'no Host': get('GET /v1/models HTTP/1.1', ''),
  'two Hosts': get('GET /v1/models HTTP/1.1', `${HOST}${HOST}`),
  'a Host elsewhere': get('GET /v1/models HTTP/1.1', 'Host: evil.example\r\n'),
  'an empty Host': get('GET /v1/models HTTP/1.1', 'Host:\r\n'),
  'a header of 20 kB': get('GET /v1/models HTTP/1.1', `${HOST}X-A: ${'a'.repeat(20_000)}\r\n`),
  'thousands of headers': get('GET /v1/models HTTP/1.1', HOST + 'A: b\r\n'.repeat(5_000)),
  'a header without a name': get('GET /v1/models HTTP/1.1', `${HOST}: a\r\n`),
  'a space before the colon': get('GET /v1/models HTTP/1.1', `${HOST}Content-Length : 0\r\n`),
  'a folded header': get('GET /v1/models HTTP/1.1', `${HOST}X-A: a\r\n b\r\n`),
  'a NUL in a header': get('GET /v1/models HTTP/1.1', `${HOST}X-A: a\0b\r\n`),
  'a bare LF': `GET /v1/models HTTP/1.1\n${HOST}\n\n`,
  'two lengths': postHead('Content-Length: 13\r\nContent-Length: 14\r\n') + BODY,
  'the same length twice': postHead('Content-Length: 13\r\nContent-Length: 13\r\n') + BODY,
  'a negative length': postHead('Content-Length: -1\r\n') + BODY,
  'a length in hex': postHead('Content-Length: 0x0d\r\n') + BODY,
  'a length with a plus': postHead('Content-Length: +13\r\n') + BODY,
  'a length beyond 64 bits': postHead('Content-Length: 99999999999999999999999\r\n') + BODY,
  'a length beyond the limit': postHead('Content-Length: 10001\r\n') + BODY,
  'a length and chunks': `${postHead('Content-Length: 13\r\nTransfer-Encoding: chunked\r\n')}d\r\n${BODY}\r\n0\r\n\r\n`,
  'chunks, then a length': `${postHead('Transfer-Encoding: chunked\r\nContent-Length: 3\r\n')}d\r\n${BODY}\r\n0\r\n\r\n`,
  'chunked twice': `${postHead('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n')}d\r\n${BODY}\r\n0\r\n\r\n`,
  'an unknown encoding of transfer': postHead('Transfer-Encoding: xchunked\r\n') + BODY,
  'a chunk size that is none': `${postHead('Transfer-Encoding: chunked\r\n')}zz\r\n${BODY}\r\n0\r\n\r\n`,
  'a chunk size beyond 64 bits': `${postHead('Transfer-Encoding: chunked\r\n')}fffffffffffffffff\r\n${BODY}`,
  'chunks beyond the limit': `${postHead('Transfer-Encoding: chunked\r\n')}4000\r\n${'a'.repeat(0x4000)}\r\n0\r\n\r\n`,
  'a compressed body': postHead('Content-Encoding: gzip\r\nContent-Length: 13\r\n') + BODY,
  'JSON of 4,000 brackets': postHead('Content-Length: 8000\r\n') + '['.repeat(4_000) + ']'.repeat(4_000),
  'a prototype': postHead('Content-Length: 38\r\n') + '{"input":"a","__proto__":{"model":"x"}}'.slice(0, 38),
  'another upgrade': get(
    'GET /v1/models HTTP/1.1',
    `${HOST}Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n`,
  ),
};

/** Statuses of all answers that came. */
const statuses = (answer: string) => [...answer.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status));

describe('on a raw socket', () => {
  test.for(Object.entries(ATTACKS))('%s', async ([name, bytes]) => {
    const answered = statuses(await raw(running.port, bytes, 300));
    // An upgrade that the server does not know is a request like any other.
    const allowed =
      name === 'another upgrade' ? [200] : [400, 401, 403, 404, 405, 408, 411, 413, 414, 415, 417, 421, 431, 501, 505];
    expect(answered.length).toBeLessThanOrEqual(1);
    for (const status of answered) expect(allowed).toContain(status);
    expect((await post(`${running.url}/v1/embeddings`, { input: 'a' })).status).toBe(200);
  });
});

describe('slow clients', () => {
  const closedAfter = (port: number, first: string, drip: string, everyMs: number) =>
    new Promise<number>((resolve) => {
      const started = performance.now();
      const socket = connect(port, '127.0.0.1', () => socket.write(first));
      const timer = setInterval(() => socket.write(drip), everyMs);
      socket.on('error', () => {});
      socket.resume();
      socket.on('close', () => {
        clearInterval(timer);
        resolve(performance.now() - started);
      });
    });

  test('one that never ends its headers is cut off', async () => {
    expect(await closedAfter(running.port, `GET /health HTTP/1.1\r\n${HOST}`, 'X-A: b\r\n', 200)).toBeLessThan(8_000);
  });

  test('one that never ends its body is cut off', async () => {
    expect(await closedAfter(running.port, postHead('Content-Length: 9000\r\n'), ' ', 200)).toBeLessThan(8_000);
  });

  test('hundreds of them do not hold up others', async () => {
    const sockets = Array.from({ length: 500 }, () => connect(running.port, '127.0.0.1'));
    for (const socket of sockets) socket.on('error', () => {}).write(`GET /health HTTP/1.1\r\n${HOST}X-A: `);
    const { status } = await post(`${running.url}/v1/embeddings`, { input: 'a' });
    expect(status).toBe(200);
    for (const socket of sockets) socket.destroy();
  });
});
