/** The pages of `ovembed serve` in a real browser. `OVEMBED_SCREENSHOTS=<folder>` keeps pictures of them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tinyModels, writeTinyModel } from '../../scripts/models/make-tiny.mjs';
import { findChromium, launch } from './cli/browser.js';

const MAIN = join(import.meta.dirname, '../../dist/cli/main.js');
const EVIL = '<img src=x onerror="document.title=1"><b>bold</b>';
const KEY = 'a-key-of-this-test';

const folder = mkdtempSync(join(tmpdir(), 'ovembed-pages-'));
const model = join(folder, 'model');
writeTinyModel({ ...tinyModels.mean, prompts: { query: 'query: ', document: 'passage: ' } }, model);

const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

async function serve(env: NodeJS.ProcessEnv = {}): Promise<string> {
  const args = [
    MAIN,
    'serve',
    process.env.OVEMBED_PAGES_MODEL ?? model,
    '--port',
    '0',
    '--json',
    '--cache-dir',
    folder,
  ];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...env },
  });
  children.push(child);
  let said = '';
  for await (const chunk of child.stderr) {
    said += chunk;
    const address = /"address":"([^"]+)"/.exec(said)?.[1];
    if (address) return address;
  }
  throw new Error(`It did not start: ${said}`);
}

/** Asks again and again until told to stop. */
function load(address: string, headers: Record<string, string> = {}): () => Promise<unknown> {
  let going = true;
  const ask = (input: unknown) =>
    fetch(`${address}/v1/embeddings`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ input }),
    }).then((answer) => answer.text());
  const client = async (number: number) => {
    for (let i = 0; going; i++) await ask(Array.from({ length: 64 }, (_, row) => `mill ${number} ${i} ${row}`));
  };
  const clients = [1, 2, 3].map(client);
  return () => {
    going = false;
    return Promise.all(clients);
  };
}

const chromium = findChromium();
const missing = typeof chromium === 'string' ? null : chromium.missing;
if (missing) console.warn(`The pages are not seen in a browser: ${missing}`);

describe.skipIf(missing)('in a browser', () => {
  let browser: Browser;
  let address: string;
  beforeAll(async () => {
    browser = await launch(chromium as string);
    address = await serve();
  });
  afterAll(() => browser?.close());

  /** A page and what is wrong with it: what the console says, what breaks, what is asked of another origin. */
  async function open(url: string, more: Parameters<Browser['newContext']>[0] = {}) {
    const complaints: string[] = [];
    const context = await browser.newContext({ viewport: { width: 1100, height: 800 }, ...more });
    const page = await context.newPage();
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('request', (request) => {
      if (new URL(request.url()).origin !== new URL(url).origin) complaints.push(request.url());
    });
    await page.goto(url);
    return { page, complaints };
  }

  const ready = (page: Page) => page.locator('#state', { hasText: 'ready' }).waitFor();
  const overflow = (page: Page) => page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
  const picture = async (page: Page, name: string, fullPage = true) => {
    const target = process.env.OVEMBED_SCREENSHOTS;
    if (target) await page.screenshot({ path: join(target, `${name}.png`), fullPage });
  };

  describe('the status page', () => {
    test('shows what goes on, on wide, narrow and dark screens, and asks nobody else', async () => {
      const stop = load(address);
      const { page, complaints } = await open(address);
      await ready(page);
      await page.locator('#now-p95', { hasText: 'ms' }).waitFor();
      await delay(Number(process.env.OVEMBED_PAGES_MS ?? 3_000));
      const text = async (id: string) => (await page.locator(`#${id}`).textContent()) as string;
      expect(Number((await text('now-tokens')).replaceAll(',', ''))).toBeGreaterThan(0);
      expect(await text('now-p50')).toMatch(/^[\d.,]+\sms$/);
      expect(await text('models')).toContain('CPUready');
      expect(await text('routes')).toContain('POST /v1/embeddings');
      expect(await page.locator('#throughput .line').getAttribute('d')).toMatch(/^M\d+ [\d.]+.*L/);
      await picture(page, 'status');
      await page.emulateMedia({ colorScheme: 'dark' });
      await picture(page, 'status-dark');
      await page.setViewportSize({ width: 400, height: 800 });
      expect(await overflow(page)).toBeLessThanOrEqual(0);
      await picture(page, 'status-narrow');
      await stop();
      expect(complaints).toEqual([]);
      await page.context().close();
    });

    test('embeds a text by keys alone, and says it aloud', async () => {
      const { page, complaints } = await open(address);
      await ready(page);
      await page.keyboard.press('Tab');
      expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content');
      await page.keyboard.press('Enter');
      for (let i = 0; i < 2; i++) await page.keyboard.press('Tab');
      expect(await page.evaluate('document.activeElement.id')).toBe('text');
      await page.keyboard.press('Control+A');
      await page.keyboard.type('the river runs');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      const result = page.locator('#try-result');
      await result.locator('dl').waitFor();
      expect(await result.getAttribute('aria-live')).toBe('polite');
      expect(await result.textContent()).toMatch(/Tokens\d+Time[\d.]+\sms on CPU.*Vector32 numbers, of length 1First/);
      expect(await result.locator('code').textContent()).toMatch(/^(-?\d\.\d{4}, ){7}-?\d\.\d{4}$/);
      expect((await result.locator('.tokens span').allTextContents()).join('')).toBe('theriverruns');
      expect(await page.evaluate('document.activeElement.textContent')).toBe('Embed');
      expect(complaints).toEqual([]);
      await page.context().close();
    });

    test('orders texts by their similarity; markup in them is text', async () => {
      const { page, complaints } = await open(address);
      await ready(page);
      await page.fill('#query', EVIL);
      await page.fill('#texts', `the river\n\n${EVIL}\nseven mills`);
      await page.locator('#query').press('Control+Enter');
      const items = page.locator('#compare-result li');
      await items.first().waitFor();
      const scores = (await items.locator('.score').allTextContents()).map(Number);
      expect(scores).toHaveLength(3);
      expect(scores).toEqual([...scores].sort((a, b) => b - a));
      expect(await items.locator('.said').allTextContents()).toContain(EVIL);
      await page.fill('#text', EVIL);
      await page.click('#try button');
      await page.locator('#try-result .tokens').waitFor();
      expect(await page.locator('main img, main b').count()).toBe(0);
      expect(await page.title()).toBe('ovembed: status');
      await picture(page, 'status-tried');
      expect(complaints).toEqual([]);
      await page.context().close();
    });

    test('says what a request was refused for, and when nobody answers', async () => {
      const { page } = await open(address);
      await ready(page);
      await page.fill('#text', 'mill '.repeat(10_000));
      await page.click('#try button');
      const failure = page.locator('#try-result .failure');
      await failure.waitFor();
      expect(await failure.textContent()).toContain('input');
      await page.context().setOffline(true);
      await page.locator('#state', { hasText: 'no answer' }).waitFor();
      await page.context().setOffline(false);
      await ready(page);
      await page.context().close();
    });

    test('with keys shows nothing until one is given, which this tab alone keeps', async () => {
      const locked = await serve({ OVEMBED_API_KEY: KEY });
      const { page } = await open(locked);
      await page.locator('#key-form').waitFor({ state: 'visible' });
      expect(await page.locator('#models').textContent()).toBe('');
      expect(await page.locator('#text').isVisible()).toBe(false);
      await picture(page, 'status-locked');
      await page.fill('#key', KEY);
      await page.locator('#key').press('Enter');
      await ready(page);
      expect(await page.locator('#key-form').isVisible()).toBe(false);
      expect(await page.evaluate('[document.cookie, localStorage.length, location.href]')).toEqual([
        '',
        0,
        `${locked}/`,
      ]);
      await page.reload();
      await ready(page);
      const other = await page.context().newPage();
      await other.goto(locked);
      await other.locator('#key-form').waitFor({ state: 'visible' });
      await page.context().close();
    });
  });

  describe('the documentation', () => {
    test('has every route of the document, with a command that works', async () => {
      const { page, complaints } = await open(`${address}/docs`, {
        permissions: ['clipboard-read', 'clipboard-write'],
      });
      await page.locator('article').first().waitFor();
      const { paths } = (await (await fetch(`${address}/openapi.json`)).json()) as { paths: object };
      expect(await page.locator('article h3 code').allTextContents()).toEqual(
        expect.arrayContaining(Object.keys(paths)),
      );
      const similarity = page.locator('#post-similarity');
      expect(await similarity.textContent()).toContain('inputs.source_sentence');
      await similarity.locator('button').press('Enter');
      await page.locator('#copied', { hasText: 'Copied' }).waitFor();
      const command = await page.evaluate<string>('navigator.clipboard.readText()');
      expect(command).toContain(`curl '${address}/similarity'`);
      expect(JSON.parse(await shell(command))).toHaveLength(2);
      await picture(page, 'docs', false);
      await page.emulateMedia({ colorScheme: 'dark' });
      await page.setViewportSize({ width: 400, height: 800 });
      expect(await overflow(page)).toBeLessThanOrEqual(0);
      await picture(page, 'docs-narrow-dark', false);
      expect(complaints).toEqual([]);
      await page.context().close();
    });
  });
});

async function shell(command: string): Promise<string> {
  const child = spawn('sh', ['-c', command], { stdio: ['ignore', 'pipe', 'ignore'] });
  let said = '';
  for await (const chunk of child.stdout) said += chunk;
  return said;
}
