/** A proxy that opens tunnels, and notes whereto. */
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export class FakeProxy {
  /** With name and password if it wants them. */
  address = '';
  /** `CONNECT host:port`, in order. */
  readonly requests: string[] = [];
  /** Other than undefined: refuses everything with this status. */
  refuseWith: number | undefined;

  /** @param credentials `name:password` that must be given */
  static async start(credentials = ''): Promise<FakeProxy> {
    const proxy = new FakeProxy();
    const wanted = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`;
    const refusal = (given = '') => proxy.refuseWith ?? (given === wanted ? undefined : 407);
    const sockets = new Set<Socket>();
    const server = createServer((_, response) => void response.writeHead(405).end());
    server.on('connect', ({ url = '', headers }, socket: Socket) => {
      proxy.requests.push(`CONNECT ${url}`);
      sockets.add(socket);
      const status = refusal(headers['proxy-authorization']);
      if (status) {
        socket.end(`HTTP/1.1 ${status} refused\r\n\r\n`);
        return;
      }
      const { hostname, port } = new URL(`http://${url}`);
      const target = connect(Number(port || 80), hostname, () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        target.pipe(socket).pipe(target);
      });
      sockets.add(target);
      for (const end of [target, socket]) end.on('error', () => {});
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    proxy.address = `http://${credentials && `${credentials}@`}127.0.0.1:${port}`;
    return proxy;
  }
}
