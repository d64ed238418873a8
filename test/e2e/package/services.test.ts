/** The services of examples/services, from outside: answers, statuses of errors, clients that go away, and the end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../../..');
/** Some batches. */
const LONG_LIST = Array.from({ length: 64 }, (_, i) => `${i} ${'the river runs past the old mill '.repeat(16)}`);

describe.each(['express', 'fastify'])('examples/services/%s.mjs', (name) => {
  let service: ChildProcess;
  let address: string;

  beforeAll(async () => {
    service = spawn(process.execPath, [join(ROOT, `examples/services/${name}.mjs`)], {
      env: { ...process.env, PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(createInterface(service.stdout as NodeJS.ReadableStream), 'line')) as [string];
    address = line.replace('Listening at ', '');
  });
  afterAll(() => {
    service.kill('SIGKILL');
  });

  test('answers with vectors, and with the status of what went wrong', async () => {
    const { status, body } = await post({ texts: ['Oil the chain.', 'The soup is hot.'] });
    expect(status).toBe(200);
    expect(body).toMatchObject({ tokens: expect.any(Number), fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(body.embeddings.map((row: number[]) => row.length)).toEqual([384, 384]);
    for (const wrong of [{ texts: [1] }, {}, { texts: ['a'], inputType: 'passage' }]) {
      expect((await post(wrong)).status, JSON.stringify(wrong)).toBe(400);
    }
    const broken = await post('{"texts":');
    expect([broken.status, Object.keys(broken.body.error)]).toEqual([400, ['code', 'message']]);
  });

  test('drops what a client that went away has queued', async () => {
    const client = new AbortController();
    const answer = post({ texts: LONG_LIST }, client.signal);
    await until(({ waiting }) => waiting > 0);
    client.abort();
    await expect(answer).rejects.toThrow();
    await until(({ waiting, calls }) => waiting === 0 && calls.aborted === 1);
  });

  test('answers what it has accepted after SIGTERM, then ends by itself', async () => {
    const ended = once(service, 'exit');
    const answer = post({ texts: LONG_LIST });
    await until(({ waiting }) => waiting > 0);
    service.kill('SIGTERM');
    const { status, body } = await answer;
    expect([status, body.embeddings?.length]).toEqual([200, LONG_LIST.length]);
    expect(await ended).toEqual([0, null]);
  });

  async function post(body: unknown, signal?: AbortSignal) {
    const response = await fetch(`${address}/embeddings`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
      signal: signal ?? null,
    });
    return { status: response.status, body: await response.json() };
  }

  /** Until the service's own health says so. */
  async function until(holds: (health: { waiting: number; calls: Record<string, number> }) => boolean) {
    for (;;) {
      const response = await fetch(`${address}/health`, { headers: { connection: 'close' } });
      if (holds(await response.json())) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
});
