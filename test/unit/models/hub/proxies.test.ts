/** Proxies are used as the environment says, which is read as curl and huggingface_hub read it. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { HubClient } from '../../../../lib/models/hub/http.js';
import { hubSettings } from '../../../../lib/models/hub/settings.js';
import { FakeProxy } from '../../../fake-hub/proxy.js';
import { COMMIT } from '../../../fake-hub/server.js';
import { failure, temporaryFolder } from '../folders.js';
import { HubBench } from './support.js';

describe('plain HTTP', () => {
  test('goes through HTTP_PROXY, to the hub and to its storage', async () => {
    const hub = await HubBench.start();
    const proxy = await FakeProxy.start();
    hub.settings.proxies.http = proxy.address;
    await hub.resolve();
    const tunnels = (address: string) => proxy.requests.filter((request) => request.includes(new URL(address).host));
    expect(tunnels(hub.endpoint)).not.toEqual([]);
    expect(tunnels(hub.storage)).not.toEqual([]);
  });

  test('with name and password', async () => {
    const hub = await HubBench.start();
    const proxy = await FakeProxy.start('me:secret');
    hub.settings.proxies.http = proxy.address;
    expect((await hub.resolve()).revision).toBe(COMMIT);
  });

  test('not where NO_PROXY says so', async () => {
    const hub = await HubBench.start();
    const proxy = await FakeProxy.start();
    hub.settings.proxies = { ...hub.settings.proxies, http: proxy.address, none: 'example.org,127.0.0.1' };
    await hub.resolve();
    expect(proxy.requests).toEqual([]);
  });

  test('not through HTTPS_PROXY', async () => {
    const hub = await HubBench.start();
    const proxy = await FakeProxy.start();
    hub.settings.proxies.https = proxy.address;
    await hub.resolve();
    expect(proxy.requests).toEqual([]);
  });
});

describe('a proxy that does not work is named as the reason', () => {
  test.each([403, 407, 502])('HTTP %i', async (status) => {
    const hub = await HubBench.start();
    const proxy = await FakeProxy.start('me:secret');
    proxy.refuseWith = status;
    hub.settings.proxies.http = proxy.address;
    const problem = await failure(hub.resolve());
    expect(problem.code).toBe('ERR_DOWNLOAD');
    expect(proxy.requests).toHaveLength(status === 502 ? 3 : 1);
    expect(problem.message).toContain(String(status));
    expect(problem.message).toMatch(/[Pp]roxy/);
    expect(problem.message).not.toContain('secret');
    expect(hub.requests).toEqual([]);
  });

  test('nobody listens', async () => {
    const hub = await HubBench.start();
    hub.settings.proxies.http = 'http://127.0.0.1:9';
    expect((await failure(hub.resolve())).message).toContain('ECONNREFUSED');
  });

  test('no address', async () => {
    const hub = await HubBench.start();
    hub.settings.proxies.http = 'http://';
    expect((await failure(hub.resolve())).message).toContain('HTTP_PROXY is no address');
  });
});

/** A certificate of our own, which Node does not trust: so a request that gets as far as TLS fails, and says so. */
async function selfSigned(): Promise<string> {
  const folder = temporaryFolder();
  const files = ['-keyout', join(folder, 'key'), '-out', join(folder, 'cert')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=localhost', ...files], {
    stdio: 'ignore',
  });
  const server = createServer({ key: readFileSync(join(folder, 'key')), cert: readFileSync(join(folder, 'cert')) });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('HTTPS goes through a tunnel of HTTPS_PROXY, and certificates are checked behind it', async () => {
  const endpoint = await selfSigned();
  const proxy = await FakeProxy.start();
  const hub = await HubBench.start();
  hub.settings.endpoint = endpoint;
  hub.settings.proxies.https = proxy.address;
  const client = await HubClient.open(hub.settings);
  await expect(client.head(`${endpoint}/`)).rejects.toMatchObject({
    message: expect.stringMatching(/self.signed/),
    passing: false,
  });
  await client.close();
  expect(proxy.requests).toEqual([`CONNECT ${new URL(endpoint).host}`]);
});

test.each<[NodeJS.ProcessEnv, object]>([
  [{}, { https: '', http: '', none: '' }],
  [
    { HTTPS_PROXY: 'http://a:1', HTTP_PROXY: 'http://b:2', NO_PROXY: 'c' },
    { https: 'http://a:1', http: 'http://b:2', none: 'c' },
  ],
  [
    { https_proxy: 'http://a:1', HTTPS_PROXY: 'http://b:2', no_proxy: '*', NO_PROXY: '' },
    { https: 'http://a:1', none: '*' },
  ],
  [{ https_proxy: '', HTTPS_PROXY: 'http://b:2' }, { https: '' }],
  [{ HTTPS_PROXY: 'proxy.example.org:3128' }, { https: 'http://proxy.example.org:3128' }],
])('%j', (env, expected) => {
  expect(hubSettings(env).proxies).toMatchObject(expected);
});
