/**
 * As little of an HTTP client as asks a server that answers correctly: a load driver must not be what is measured. Requests are
 * bytes that were made beforehand; of an answer the status is read, and its end found.
 */
import { connect } from 'node:net';

const HEADERS_END = Buffer.from('\r\n\r\n');
const LAST_CHUNK = Buffer.from('0\r\n\r\n');

/** @returns {Buffer} a whole request */
export function postOf({ host, port, path }, body) {
  const text = JSON.stringify(body);
  const head = `POST ${path} HTTP/1.1\r\nhost: ${host}:${port}\r\ncontent-type: application/json\r\n`;
  return Buffer.from(`${head}content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
}

/** A connection that is kept, for one request at a time. */
export class Connection {
  #target;
  #socket = null;
  #onEnd = null;
  /** What has come of the headers, while they are not complete. */
  #head = null;
  #status = 0;
  /** Bytes of the body that have not come; -1: not known yet, or chunked. */
  #left = -1;
  /** The last bytes of a chunked body. */
  #tail = Buffer.alloc(0);

  /** @param {{ host: string, port: number }} target */
  constructor(target) {
    this.#target = target;
  }

  /** @param {(status: number) => void} onEnd 0: the connection failed */
  send(request, onEnd) {
    this.#onEnd = onEnd;
    this.#head = null;
    this.#status = 0;
    this.#left = -1;
    this.#tail = Buffer.alloc(0);
    if (this.#socket === null) this.#open();
    this.#socket.write(request);
  }

  close() {
    this.#socket?.destroy();
  }

  #open() {
    const socket = connect(this.#target.port, this.#target.host);
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#onData(chunk));
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      this.#finish(0);
    });
  }

  #finish(status) {
    const onEnd = this.#onEnd;
    this.#onEnd = null;
    onEnd?.(status);
  }

  #onData(chunk) {
    let body = chunk;
    if (this.#status === 0) {
      const all = this.#head === null ? chunk : Buffer.concat([this.#head, chunk]);
      const end = all.indexOf(HEADERS_END);
      if (end < 0) {
        this.#head = all;
        return;
      }
      const head = all.latin1Slice(0, end).toLowerCase();
      this.#status = Number(head.slice(9, 12));
      const length = /\ncontent-length: *(\d+)/.exec(head);
      this.#left = length ? Number(length[1]) : -1;
      body = all.subarray(end + HEADERS_END.length);
    }
    if (this.#left >= 0) {
      this.#left -= body.length;
      if (this.#left === 0) this.#finish(this.#status);
      return;
    }
    this.#tail = Buffer.concat([this.#tail, body]).subarray(-LAST_CHUNK.length);
    if (this.#tail.equals(LAST_CHUNK)) this.#finish(this.#status);
  }
}
