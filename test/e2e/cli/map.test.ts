/** `ovembed map`: what the page holds, and the page in a real browser. */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MapData } from '../../../lib/map/data.js';
import { seededRandom } from '../../../lib/map/random.js';
import { writeNpy, writeParquet, writeSafetensors } from '../../../lib/vectors/index.js';
import { findChromium, launch } from './browser.js';
import { Workplace } from './support.js';

const place = new Workplace();
const POINTS = 60;
const WIDTH = 8;
const EVIL = 'a </script><script>document.title = "taken"</script><!-- <b>b</b> \u2028 "quoted" & \\u003c';

const random = seededRandom(2);
const texts = Array.from({ length: POINTS }, (_, i) =>
  i === 5 ? EVIL : `text number ${i} of ${i % 3 ? 'cats' : 'ships'}`,
);
const rows = texts.map((text, i) => ({
  text,
  group: i % 3 ? 'cats' : 'ships',
  size: i / 7,
  meta: { lang: i % 2 ? 'de' : 'en' },
}));
const data = Float32Array.from({ length: POINTS * WIDTH }, (_, i) => {
  const row = Math.floor(i / WIDTH);
  return (row % 3 ? 1 : -1) * ((i % WIDTH) + 1) + random();
});
const vectors = { data, length: POINTS, dimensions: WIDTH, dtype: 'float32' as const };
const embedding = (row: number) => Array.from(data.subarray(row * WIDTH, (row + 1) * WIDTH));

beforeAll(async () => {
  await writeNpy(place.file('v.npy'), vectors);
  await writeSafetensors(place.file('s.safetensors'), vectors);
  await writeParquet(place.file('t.parquet'), vectors, {
    columns: { text: texts, group: rows.map(({ group }) => group) },
  });
  writeFileSync(place.file('v.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  writeFileSync(
    place.file('own.jsonl'),
    rows.map((row, i) => `${JSON.stringify({ ...row, embedding: embedding(i) })}\n`).join(''),
  );
});

function dataOf(html: string): MapData {
  return JSON.parse(/<script type="application\/json" id="data">(.*?)<\/script>/s.exec(html)?.[1] as string) as MapData;
}

async function mapOf(...args: string[]): Promise<string> {
  const { code, stderr } = await place.run('map', ...args, '--output', 'map.html');
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return readFileSync(place.file('map.html'), 'utf8');
}

describe('the page', () => {
  test('holds points, texts and fields, whatever the format', async () => {
    const whole = dataOf(await mapOf('v.npy', 'v.jsonl'));
    expect(whole).toMatchObject({ length: POINTS, texts, colour: 'group' });
    expect(whole.fields.map(({ name, kind }) => [name, kind])).toEqual([
      ['group', 'category'],
      ['size', 'number'],
      ['meta.lang', 'category'],
    ]);
    expect(whole.note).toContain('UMAP');
    expect(dataOf(await mapOf('v.npy'))).toEqual({ ...whole, title: 'v.npy' });
    expect(dataOf(await mapOf('own.jsonl'))).toEqual({ ...whole, title: 'own.jsonl' });
    mkdirSync(place.file('index'), { recursive: true });
    copyFileSync(place.file('v.npy'), place.file('index/vectors.npy'));
    copyFileSync(place.file('v.jsonl'), place.file('index/chunks.jsonl'));
    expect(dataOf(await mapOf('index'))).toEqual({ ...whole, title: 'index' });
    const table = dataOf(await mapOf('t.parquet'));
    expect(table).toMatchObject({ texts, points: whole.points });
    const plain = dataOf(await mapOf('s.safetensors', '--texts', 'v.jsonl', '--projection', 'pca', '--fields', 'size'));
    expect(plain).toMatchObject({ texts, colour: 'size' });
    expect(plain.note).toContain('PCA');
  }, 300_000);

  test('allows what is in it, by its hash, and nothing else; texts end nothing', async () => {
    const html = await mapOf('v.npy', '--projection', 'pca');
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] as string;
    const hashOf = (tag: string) => {
      const content = new RegExp(`<${tag}>(.*?)</${tag}>`, 's').exec(html)?.[1] as string;
      return `'sha256-${createHash('sha256').update(content).digest('base64')}'`;
    };
    expect(policy).toBe(
      `default-src 'none'; script-src ${hashOf('script')}; style-src ${hashOf('style')}; base-uri 'none'; form-action 'none'`,
    );
    expect(html.match(/<\/script/gi)).toHaveLength(2);
    expect(html.match(/<!--/g)).toBeNull();
    expect(html).not.toMatch(/https?:\/\/|url\(|@import/);
  });

  test('shows a sample of many, and joins files', async () => {
    const some = dataOf(await mapOf('v.npy', '--limit', '20', '--projection', 'pca'));
    expect(some.length).toBe(20);
    expect(some.texts.every((text) => texts.includes(text))).toBe(true);
    expect(some.note).toContain('a sample of 60');
    const both = dataOf(await mapOf('v.npy', 'own.jsonl', '--projection', 'pca'));
    expect(both.length).toBe(2 * POINTS);
    expect(both.fields[0]).toMatchObject({ name: 'file', labels: ['own.jsonl', 'v.npy'] });
  });

  test.for([
    [['none.npy'], 3, 'none.npy: no such file'],
    [['v.jsonl'], 3, 'the field "embedding" (--into) must be an array of numbers'],
    [['v.npy', '--field', 'title'], 3, 'there is no field "title"'],
    [['v.npy', '--color', 'text2'], 2, 'there is no field "text2"'],
    [['model'], 3, 'vectors.npy: no such file'],
    [['cats.txt'], 2, 'expected a file of vectors'],
    [['v.npy', 'wide.npy'], 3, 'vectors of one map must be of one model'],
    [['nan.npy'], 3, 'no finite numbers'],
    [['short.npy', '--texts', 'v.jsonl'], 3, 'expected a text for each of the 2 vectors'],
  ] as [string[], number, string][])('says what is wrong with %j', async ([args, code, message]) => {
    await writeNpy(place.file('wide.npy'), { ...vectors, length: POINTS / 2, dimensions: WIDTH * 2 });
    await writeNpy(place.file('nan.npy'), { ...vectors, length: 1, data: new Float32Array(WIDTH).fill(Number.NaN) });
    await writeNpy(place.file('short.npy'), { ...vectors, length: 2, data: data.slice(0, 2 * WIDTH) });
    const outcome = await place.run('map', ...args, '--output', 'bad.html');
    expect(outcome.stderr).toContain(message);
    expect(outcome.code).toBe(code);
    expect(existsSync(place.file('bad.html'))).toBe(false);
  });
});

/** Run in the page, whose types this side has not. */
const CONTEXT = "document.querySelector('#map').getContext('2d')";
const INKED = `(() => {
  const { data } = ${CONTEXT}.getImageData(0, 0, document.querySelector('#map').width, document.querySelector('#map').height);
  const pixels = new Uint32Array(data.buffer);
  return pixels.reduce((sum, pixel) => sum + (pixel === pixels[0] ? 0 : 1), 0) / pixels.length;
})()`;
const SETTLED = 'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))';
const GROUND = `Array.from(${CONTEXT}.getImageData(1, 1, 1, 1).data)`;

const chromium = findChromium();
const missing = typeof chromium === 'string' ? null : chromium.missing;
if (missing) console.warn(`The page is not seen in a browser: ${missing}`);

describe.skipIf(missing)('in a browser', () => {
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];
  beforeAll(async () => {
    await mapOf('v.npy', '--projection', 'pca');
    browser = await launch(chromium as string);
    page = await browser.newPage({ viewport: { width: 1000, height: 700 } });
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('request', (request) => complaints.push(request.url()));
    await page.goto(pathToFileURL(place.file('map.html')).href);
    await page.waitForTimeout(300);
  }, 300_000);
  afterAll(() => browser?.close());

  /** Share of the canvas that is no ground. */
  const inked = () => page.evaluate<number>(INKED);
  const settle = () => page.evaluate(SETTLED);

  const search = async (query: string, count: string) => {
    await page.fill('#search', query);
    await page.locator('#count', { hasText: count }).waitFor();
  };

  test('it asks nobody, breaks nothing, and no text runs', async () => {
    expect(complaints).toEqual([pathToFileURL(place.file('map.html')).href]);
    expect(await page.title()).toBe('v.npy');
    expect(await page.locator('#note').textContent()).toBe('60 vectors of 8 dimensions, placed by PCA');
    expect(await inked()).toBeGreaterThan(0.001);
  });

  test('a search lists and lights what has all words; a hit opens its text', async () => {
    const before = await inked();
    await page.keyboard.press('/');
    await page.keyboard.type('SHIPS number');
    await page.locator('#hits button').first().waitFor();
    expect(await page.locator('#count').textContent()).toBe('20 of 60');
    await page.locator('#hits button').nth(3).click();
    expect(await page.locator('#text').textContent()).toBe('text number 9 of ships');
    expect(await page.locator('#values').textContent()).toContain('meta.langde');
    await search('quoted', '1 of 60');
    await page.locator('#hits button').first().click();
    expect(await page.locator('#text').textContent()).toBe(EVIL);
    await page.fill('#search', '');
    await page.locator('#found').waitFor({ state: 'hidden' });
    await page.locator('[data-zoom=all]').click();
    await settle();
    expect(await inked()).toBeGreaterThan(before * 0.8);
  });

  test('the legend switches groups off, the choice colours by numbers', async () => {
    expect(await page.locator('#legend').textContent()).toBe('cats40ships20');
    const before = await inked();
    await page.locator('#legend button').first().click();
    await settle();
    expect(await inked()).toBeLessThan(before * 0.8);
    await page.selectOption('#colour', { label: 'size' });
    expect(await page.locator('#scale').textContent()).toBe('08.43');
    await settle();
    expect(await inked()).toBeGreaterThan(before * 0.8);
  });

  test('the pointer and the keys find the same point', async () => {
    await search('number 19', '1 of 60');
    await page.locator('#hits button').click(); // brings it to the middle
    await page.locator('#search').press('Tab');
    const shown = await page.locator('#tip').textContent();
    expect(shown).toContain('text number 19 of cats');
    await page.keyboard.press('Enter');
    const text = (await page.locator('#text').textContent()) as string;
    expect(shown).toContain(text);
    const box = (await page.locator('#map').boundingBox()) as { x: number; y: number; width: number; height: number };
    await page.mouse.move(box.x + 3, box.y + 3);
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    expect(await page.locator('#tip').textContent()).toContain(text);
    await page.mouse.wheel(0, -600);
    await settle();
    await page.mouse.down();
    await page.mouse.move(box.x + 40, box.y + 40, { steps: 4 });
    await page.mouse.up();
    await settle();
    expect(await page.locator('#tip').isVisible()).toBe(false);
    expect(complaints).toHaveLength(1);
  });

  test('on a narrow and dark screen nothing is wider than the screen', async () => {
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.setViewportSize({ width: 360, height: 700 });
    await page.locator('[data-zoom=all]').click();
    await settle();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    expect(await inked()).toBeGreaterThan(0.001);
    expect(await page.evaluate(GROUND)).toEqual([0x12, 0x18, 0x1e, 255]);
  });
});
