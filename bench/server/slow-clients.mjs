/** Clients that hold connections by sending a byte a second: half of them headers, half of them a body. */
import { connect } from 'node:net';

const PAUSE_MS = 1_000;
const START = 'POST /v1/embeddings HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n';

export class SlowClients {
  #sockets;
  #timer;

  constructor({ url }, count) {
    this.#sockets = Array.from({ length: count }, (_, i) => {
      const socket = connect(Number(url.port), url.hostname);
      socket.on('error', () => {});
      socket.write(i % 2 === 0 ? `${START}x-slow: ` : `${START}content-length: 100000\r\n\r\n{"input":"`);
      return socket;
    });
    this.#timer = setInterval(() => {
      for (const socket of this.#sockets) if (socket.writable) socket.write('a');
    }, PAUSE_MS);
  }

  close() {
    clearInterval(this.#timer);
    for (const socket of this.#sockets) socket.destroy();
  }
}
