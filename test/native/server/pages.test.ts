/** The pages as files, who may see them, and the figures that they show. */
import fastify from 'fastify';
import { beforeAll, describe, expect, test } from 'vitest';
import { ovembed } from '../../../lib/server/index.js';
import type { StatusReport } from '../../../lib/server/routes/status.js';
import { tinyModels, writeTinyModel } from '../../../scripts/models/make-tiny.mjs';
import { temporaryFolder } from '../support.js';
import { post, type Running, startServer, statusOf } from './support.js';

const PATHS = ['/', '/docs', '/pages/page.css', '/pages/icon.svg', '/pages/status.js', '/pages/docs.js'];

let running: Running;
beforeAll(async () => {
  running = await startServer();
});

const statusAt = async (url: string): Promise<StatusReport> =>
  (await (await fetch(`${url}/ovembed/v1/status`)).json()) as StatusReport;

describe('pages', () => {
  test('run nothing but their own, and talk to nobody else', async () => {
    for (const path of PATHS) {
      const { status, headers } = await fetch(running.url + path);
      expect([path, status, headers.get('x-content-type-options')]).toEqual([path, 200, 'nosniff']);
      const policy = headers.get('content-security-policy')?.split('; ');
      expect(policy).toContain("default-src 'none'");
      expect(policy?.every((rule) => / '(none|self)'$/.test(rule))).toBe(true);
    }
  });

  test('have no address of another origin, no style and no script within', async () => {
    for (const path of ['/', '/docs', '/pages/page.css']) {
      const text = await (await fetch(running.url + path)).text();
      expect(text).not.toMatch(/https?:\/\/|url\(|@import|style=|<style| on[a-z]+=|<script>/);
      for (const [, address] of text.matchAll(/(?:src|href)="([^"#]+)"/g)) {
        expect([address, (await fetch(new URL(address as string, running.url + path))).status]).toEqual([address, 200]);
      }
    }
  });

  test('no other file is one', async () => {
    for (const path of ['/pages/', '/pages/status.html', '/pages/..%2fpages%2fstatus.js', '/pages/%2e%2e/index.js']) {
      expect([path, await statusOf(running.port, path, {})]).toEqual([path, 404]);
    }
  });

  test('are there without a key, and what they show is not', async () => {
    const { url } = await startServer({ apiKeys: ['key'] });
    for (const path of PATHS) expect([path, (await fetch(url + path)).status]).toEqual([path, 200]);
    const status = async (headers: Record<string, string>) =>
      (await fetch(`${url}/ovembed/v1/status`, { headers })).status;
    expect([await status({}), await status({ authorization: 'Bearer key' })]).toEqual([401, 200]);
  });

  test('can be left out', async () => {
    const { url } = await startServer({ pages: false });
    for (const path of PATHS) expect([path, (await fetch(url + path)).status]).toEqual([path, 404]);
    expect((await fetch(`${url}/openapi.json`)).status).toBe(200);
  });

  test('within a user’s app are left out unless asked for', async () => {
    const models = [{ name: 'tiny', embedder: running.embedder }];
    const plain = fastify();
    plain.get('/', () => 'theirs');
    await plain.register(ovembed, { models });
    expect((await plain.inject('/')).body).toBe('theirs');
    await plain.close();
    const asked = fastify();
    await asked.register(ovembed, { models, prefix: '/ai', pages: true });
    expect([(await asked.inject('/ai')).statusCode, (await asked.inject('/ai/')).statusCode]).toEqual([404, 200]);
    expect((await asked.inject('/ai/pages/status.js')).statusCode).toBe(200);
    await asked.close();
  });
});

describe('the figures', () => {
  test('are those of the server', async () => {
    await post(`${running.url}/v1/embeddings`, { input: ['the river runs', 'seven old mills'] });
    await post(`${running.url}/v1/embeddings`, { input: 5 });
    const report = await statusAt(running.url);
    expect(report).toMatchObject({ phase: 'ready', active: 0, process: { pid: process.pid, isWorker: false } });
    expect(report.routes.map(({ route, status, ms }) => [route, status, ms.count])).toEqual([
      ['POST /v1/embeddings', 200, 1],
      ['POST /v1/embeddings', 400, 1],
    ]);
    const [model] = report.models;
    expect(model).toMatchObject({
      name: 'tiny',
      loaded: true,
      status: 'ok',
      devices: [{ device: 'CPU', state: 'ready' }],
      info: { dimensions: running.embedder.info.dimensions },
      metrics: { texts: running.embedder.metrics().texts },
    });
    expect(model?.metrics?.callMs.bounds.at(-1)).toBeNull();
  });

  test('know levels of a cache, and models that are not loaded', async () => {
    const folder = temporaryFolder();
    writeTinyModel(tinyModels.mean, folder);
    const { url } = await startServer({
      models: [
        { name: 'cached', model: folder, cache: {} },
        { name: 'later', model: folder, lazy: true, aliases: ['other'] },
      ],
    });
    for (let i = 0; i < 2; i++) await post(`${url}/v1/embeddings`, { input: 'the river runs' });
    const [cached, later] = (await statusAt(url)).models;
    expect(cached?.cache).toMatchObject([{ name: 'memory', hits: 1, entries: 2 }]);
    expect(later).toMatchObject({
      name: 'later',
      aliases: ['other'],
      loaded: false,
      info: null,
      metrics: null,
      cache: [],
    });
  });
});
