/** A way to a server on which things go wrong, as they do on networks. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * `slow` delays answers, `silent` swallows everything and says nothing (a half-open connection), `reset` cuts connections,
 * `garbage` answers with bytes that are no protocol.
 */
export type Fault = 'none' | 'slow' | 'silent' | 'reset' | 'garbage';

export class FaultProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #fault: Fault = 'none';
  delayMs = 0;

  private constructor(target: number) {
    this.#server = createServer((client) => this.#join(client, connect(target, '127.0.0.1')));
  }

  static async start(target: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    await once(proxy.#server.listen(0, '127.0.0.1'), 'listening');
    return proxy;
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  /** Also of the connections that are there already. */
  set fault(fault: Fault) {
    this.#fault = fault;
    if (fault === 'reset') for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async stop(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(client: Socket, server: Socket): void {
    if (this.#fault === 'reset') client.resetAndDestroy();
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from);
      from.on('error', () => {});
      from.on('data', (data) => this.#pass(data, to, to === client));
      from.on('close', () => {
        this.#sockets.delete(from);
        if (this.#fault !== 'silent') to.destroy();
      });
    }
  }

  #pass(data: Buffer, to: Socket, isAnswer: boolean): void {
    if (this.#fault === 'silent') return;
    if (isAnswer && this.#fault === 'garbage') to.write(Buffer.alloc(64, '\x00\xff{no'));
    else if (isAnswer && this.#fault === 'slow') setTimeout(() => to.destroyed || to.write(data), this.delayMs);
    else to.write(data);
  }
}
