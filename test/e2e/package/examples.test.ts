/** Each program in examples/ does what examples/README.md says of it. */
import { execFile, spawn } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { tinyModels, writeTinyModel } from '../../../scripts/models/make-tiny.mjs';

const ROOT = join(import.meta.dirname, '../../..');
const run = promisify(execFile);
const example = (name: string, ...args: string[]) => run(process.execPath, [join(ROOT, 'examples', name), ...args]);

const folder = mkdtempSync(join(tmpdir(), 'ovembed-example-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Where what the vectors mean does not matter. */
const model = join(folder, 'model');
writeTinyModel(tinyModels.mean, model);
const withTinyModel = { env: { ...process.env, OVEMBED_MODEL: model, OVEMBED_CACHE_DIR: join(folder, 'cache') } };

describe('npm run demo', () => {
  test('prints shape, speed, the choices, and the best three matches for each query', async () => {
    const { stdout } = await run('npm', ['run', '--silent', 'demo'], { cwd: ROOT });
    const documents = readdirSync(join(ROOT, 'examples/documents')).length;
    expect(stdout).toContain(`vectors    ${documents} × 384, float32, in one array of ${documents * 384} numbers\n`);
    expect(stdout).toMatch(/\nspeed {6}[\d,]+ texts\/s, [\d,]+ tokens\/s/);
    expect(stdout).toMatch(/\nprecision {2}\w+ \(.+\)\n/);
    const matches = [...stdout.matchAll(/^ {2}(0\.\d{3}) {2}([\w-]+\.\w+) /gm)];
    expect(matches).toHaveLength(6 * 3);
    expect(matches.filter((_, i) => i % 3 === 0).map(([, , name]) => name)).toEqual([
      'wheel-true.md',
      'flat-tyre.md',
      'ebike-battery.md',
      'repair-evening.md',
      'stolen.txt',
      'handlebar.txt',
    ]);
  });
});

test.each(['quickstart.mjs', 'quickstart.cjs'])('examples/%s', async (name) => {
  const { stdout } = await example(name);
  const [near, far] = [...stdout.matchAll(/-?\d\.\d\d/g)].map(Number) as [number, number];
  expect(near).toBeGreaterThan(0.4);
  expect(far).toBeLessThan(0.2);
});

test('examples/cache-level.mjs keeps vectors for the next process', async () => {
  const level = join(folder, 'level');
  expect((await example('cache-level.mjs', level)).stdout).toContain('3 texts: 1 equal to another, 0 kept');
  const { stdout } = await example('cache-level.mjs', level);
  expect(stdout).toContain('3 texts: 1 equal to another, 2 kept');
  expect(stdout).toContain('files: 2 hits, 0 misses');
});

test('examples/search.mjs finds in two steps what the exact search finds', async () => {
  const { stdout } = await example('search.mjs');
  const found = [...stdout.matchAll(/rescoreMultiplier (\d): ([\d.]+) %/g)].map(([, , share]) => Number(share));
  expect(found).toHaveLength(4);
  expect(found.at(-1)).toBeGreaterThan(95);
});

test('examples/folder-search.mjs finds the passage, and embeds a second time only what has changed', async () => {
  const documents = join(folder, 'documents');
  mkdirSync(documents);
  writeFileSync(join(documents, 'chain.md'), '# Chains\n\nOil the chain after rain.\n');
  writeFileSync(join(documents, 'soup.txt'), 'The soup is served at eight.\n');
  const search = () =>
    run(process.execPath, [join(ROOT, 'examples/folder-search.mjs'), documents, 'my', 'bicycle', 'squeaks'], {
      env: { ...process.env, INDEX_FOLDER: join(folder, 'index') },
    });
  const { stdout } = await search();
  expect(stdout).toContain('2 documents, 2 passages, of which 0 were known');
  expect(stdout).toMatch(/“my bicycle squeaks”\n {2}0\.\d{3} {2}chain\.md:1 {2}# Chains Oil the chain/);
  writeFileSync(join(documents, 'soup.txt'), 'The soup is cold.\n');
  expect((await search()).stdout).toContain('2 documents, 2 passages, of which 1 were known');
});

describe('examples/million-rows.mjs', () => {
  const embed = (...args: string[]) =>
    run(process.execPath, [join(ROOT, 'examples/million-rows.mjs'), ...args], withTinyModel);

  test('writes a vector for each row of a CSV', async () => {
    const output = join(folder, 'vectors.npy');
    const { stdout } = await embed('--rows', '2000', '--output', output);
    expect(stdout).toMatch(/vectors\.npy: 2,000 rows, /);
    const header = readFileSync(output).subarray(0, 128).toString('latin1');
    expect(header).toMatch(/'shape': \(2000, \d+\)/);
  });

  test('writes JSON Lines with the columns of a file of your own', async () => {
    const [input, output] = [join(folder, 'rows.csv'), join(folder, 'vectors.jsonl')];
    writeFileSync(input, '\uFEFFsku,title\r\n7,"A bell, ""brass"""\r\n8,A lamp\r\n');
    await embed('--input', input, '--column', 'title', '--output', output);
    const rows = readFileSync(output, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows.map(({ embedding, ...columns }) => [columns, embedding.length > 1])).toEqual([
      [{ sku: '7', title: 'A bell, "brass"' }, true],
      [{ sku: '8', title: 'A lamp' }, true],
    ]);
  });

  test('ends with the failure of a file that is not there', async () => {
    await expect(embed('--input', join(folder, 'none.csv'))).rejects.toThrow('ENOENT');
  });
});

test('examples/workers.mjs: workers get the same bits, of one set of weights', async () => {
  const { stdout } = await example('workers.mjs', '3');
  const workers = [...stdout.matchAll(/^worker (\d): loaded in \d+ ms, (-?\d+) MB more, (.*)$/gm)];
  expect(workers.map(([, i, , bits]) => [i, bits])).toEqual(['1', '2', '3'].map((i) => [i, 'the same bits']));
  // Another set of weights in memory would be 91 MB, and 180 to 270 MB with what is laid out for speed.
  expect(Number(workers.at(-1)?.[2])).toBeLessThan(80);
});

describe('examples/next', () => {
  test('the route answers requests', async () => {
    const app = join(folder, 'next');
    mkdirSync(join(app, 'node_modules'), { recursive: true });
    symlinkSync(ROOT, join(app, 'node_modules/ovembed'), 'junction');
    copyFileSync(join(ROOT, 'examples/next/app/api/embed/route.js'), join(app, 'route.mjs'));
    const program = `
      import { GET, POST } from './route.mjs';
      const url = 'http://localhost/api/embed';
      const post = (body) => POST(new Request(url, { method: 'POST', body }));
      const answers = [await GET(new Request(url + '?text=hello')), await post('{"texts":["a","b"]}'), await post('{"texts":[1]}'), await post('{')];
      const bodies = await Promise.all(answers.map((answer) => answer.json()));
      console.log(JSON.stringify(bodies.map(({ embedding, embeddings, error }, i) => [answers[i].status, embedding?.length ?? embeddings?.length ?? error.code])));
      await (await globalThis.embedder).close();`;
    writeFileSync(join(app, 'program.mjs'), program);
    const { stdout } = await run(process.execPath, ['program.mjs'], { ...withTinyModel, cwd: app });
    expect(JSON.parse(stdout)).toEqual([
      [200, expect.any(Number)],
      [200, 2],
      [400, 'ERR_INVALID_ARGUMENT'],
      [400, 'ERR_JSON'],
    ]);
  });

  // Next.js itself is 340 MB.
  test.runIf(process.env.OVEMBED_TEST_FULL === '1')('builds and starts', { timeout: 600_000 }, async () => {
    const cwd = join(ROOT, 'examples/next');
    const app = spawn('npm', ['start', '--', '--port', '3941'], { cwd, stdio: 'inherit', detached: true });
    try {
      const ask = () => fetch('http://127.0.0.1:3941/api/embed?text=hello').then((answer) => answer.json());
      await expect.poll(ask, { timeout: 500_000, interval: 1000 }).toMatchObject({ embedding: expect.any(Array) });
    } finally {
      process.kill(-(app.pid as number), 'SIGTERM'); // npm, its shell and Next.js
    }
  });
});
