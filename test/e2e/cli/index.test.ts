/** `ovembed index` and `ovembed search`; runs that are killed at random moments and go on. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { generator, makeClass } from '../../../bench/corpus.mjs';
import type { Match } from '../../../lib/corpus/sink.js';
import { DIMENSIONS, jsonLines, outcome, readNpy, Workplace } from './support.js';

const FULL = process.env.OVEMBED_TEST_FULL === '1';
const KILLS = FULL ? 100 : 10;

const place = new Workplace();

/** Every file of a folder that is an output, by its name. */
function contentOf(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => statSync(join(folder, name)).isFile());
  return Object.fromEntries(files.sort().map((name) => [name, readFileSync(join(folder, name), 'latin1')]));
}

describe('a folder of documents', () => {
  mkdirSync(place.file('docs/sub'), { recursive: true });
  const files: Record<string, string | Buffer> = {
    'docs/guide.md': '# Guide\n\nFirst words.\n\n## Reset\n\nHold the river stone for ten seconds.\n',
    'docs/sub/soup.html': '<html><script>no()</script>\n<p>The soup is warm.</p></html>',
    'docs/sub/code.py': 'def boil(soup):\n    return soup\n',
    'docs/list.jsonl': '{"id":"one","text":"a mountain of snow","kind":"hill"}\n{"no":1}\n',
    'docs/picture.png': Buffer.from('\x89PNG\0', 'latin1'),
    'docs/latin.txt': Buffer.from('caf\xe9', 'latin1'),
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(place.file(name), content);

  test('is indexed and searched', async () => {
    const { code, stderr, stdout } = await place.run('index', 'docs');
    expect(stdout).toBe('');
    // Two documents cannot be used, and all others are done.
    expect(code).toBe(3);
    expect(stderr).toMatch(/7 documents, \d chunks, \d+ tokens in .* written to \.\/ovembed-index/);
    expect(stderr).toContain('1 document left out (binary)');
    expect(stderr).toContain('2 documents could not be used:');
    expect(stderr).toContain('docs/latin.txt: not valid UTF-8');
    expect(stderr).toContain('docs/list.jsonl:2: there is no field "text"');
    expect(readdirSync(place.file('ovembed-index')).sort()).toEqual(['chunks.jsonl', 'manifest.json', 'vectors.npy']);
    expect(existsSync(place.file('ovembed-index.checkpoint'))).toBe(false);

    const rows = jsonLines<Omit<Match, 'score'>>(readFileSync(place.file('ovembed-index/chunks.jsonl'), 'utf8'));
    expect(readNpy(place.file('ovembed-index/vectors.npy'))).toMatchObject({
      rows: rows.length,
      columns: DIMENSIONS,
      excess: 0,
    });
    const reset = rows.find(({ text }) => text.includes('river'));
    expect(reset).toMatchObject({ documentId: 'docs/guide.md', headings: ['Guide', 'Reset'], line: 5 });
    const soup = rows.find(({ documentId }) => documentId.endsWith('.html'));
    expect(soup).toMatchObject({ text: expect.not.stringContaining('<'), line: 2 });
    expect(rows.find(({ documentId }) => documentId === 'one')?.metadata).toEqual({ kind: 'hill' });

    const found = await place.run('search', 'Hold the river stone for ten seconds.', '-k', '9');
    expect(found.code).toBe(0);
    // What a model without a training takes for near is of no account here.
    expect(found.stdout).toMatch(/^0\.\d{3} {2}docs\//);
    expect(found.stdout).toMatch(/^0\.\d{3} {2}docs\/guide\.md:5 {2}Guide > Reset\n {7}## Reset Hold the river stone/m);
    const json = JSON.parse((await place.run('search', 'The soup is warm.', '--json')).stdout);
    expect(json.matches).toHaveLength(Math.min(5, rows.length));
    const scores = json.matches.map(({ score }: Match) => score);
    expect(scores).toEqual(scores.toSorted((a: number, b: number) => b - a));
  });

  test('by another model is not searched', async () => {
    const { code, stderr } = await place.run(
      'search',
      'soup',
      '--index',
      'ovembed-index',
      '--model',
      place.file('other'),
    );
    expect(code).toBe(4);
    expect(stderr).toContain('other');
  });

  test('is not searched where there is no index', async () => {
    expect(await place.run('search', 'soup', '--index', 'docs')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there is no index here'),
    });
  });

  test.each([
    [['index', 'nowhere'], 3, 'nowhere: there is no such file or folder'],
    [['index', 'docs', '--sink', 'docs'], 2, 'with other things than an index'],
    [['index', 'docs', '--sink', 'none/deep/a.jsonl'], 6, 'cannot be written'],
    [['index', 'docs/latin.txt', '--on-error', 'throw', '-s', 'x.jsonl'], 3, 'docs/latin.txt: not valid UTF-8'],
  ])('%j', async (args, code, message) => {
    expect(await place.run(...(args as string[]))).toMatchObject({
      code,
      stderr: expect.stringContaining(message as string),
    });
  });
});

/** Lines of words of the bench's corpus; some documents repeat others. */
function makeDocuments(folder: string, count: number, seed: number): void {
  mkdirSync(folder, { recursive: true });
  const texts = makeClass({ name: 'documents', texts: count, seed });
  const random = generator(seed);
  for (let i = 0; i < count; i++) {
    const text = texts[random() < 0.1 ? Math.floor(random() * i) : i] as string;
    writeFileSync(join(folder, `${String(i).padStart(5, '0')}.txt`), text.replaceAll('. ', '.\n'));
  }
  writeFileSync(join(folder, '00050-picture.png'), '\x89PNG\0');
  writeFileSync(join(folder, '00080-latin.txt'), Buffer.from('caf\xe9', 'latin1'));
}

describe('interrupted', () => {
  const source = place.file('source');
  makeDocuments(source, 150, 7);
  const sinks = ['index', 'a.jsonl', 'a.parquet'];

  function start(folder: string, sink: string) {
    const script = join(import.meta.dirname, 'indexing-child.mjs');
    const args = [script, place.env.OVEMBED_MODEL as string, source, join(folder, sink)];
    return spawn(process.execPath, args, { cwd: place.folder, env: place.env });
  }

  /** @returns the report's line; undefined if it was killed */
  async function life(
    folder: string,
    sink: string,
    killAfter?: { begun: boolean; ms: number },
  ): Promise<string | undefined> {
    const child = start(folder, sink);
    const ended = outcome(child);
    if (killAfter) {
      const begun = killAfter.begun ? once(child.stdout, 'data') : Promise.resolve();
      await Promise.race([begun, ended]);
      await Promise.race([wait(killAfter.ms), ended]);
      child.kill('SIGKILL');
    }
    const { signal, code, stdout, stderr } = await ended;
    if (signal === 'SIGKILL') return undefined;
    expect(`${code} ${stderr}`).toBe('0 ');
    return stdout.replace('begun\n', '');
  }

  test(`${KILLS} kills at random moments: the output is that of a calm run, byte by byte`, {
    timeout: FULL ? 1_800_000 : 180_000,
  }, async () => {
    const random = generator(11);
    const calm = await Promise.all(
      sinks.map(async (sink) => {
        const folder = place.file(`calm-${sink}`);
        mkdirSync(folder);
        const started = performance.now();
        const report = await life(folder, sink);
        return { report, content: contentOf(folder), ms: performance.now() - started };
      }),
    );
    let kills = 0;
    for (let run = 0; kills < KILLS; run++) {
      const which = run % sinks.length;
      const { report, content, ms } = calm[which] as (typeof calm)[number];
      const folder = place.file(`killed-${run}`);
      mkdirSync(folder);
      for (;;) {
        const begun = random() < 0.8;
        const killAfter = { begun, ms: random() * (begun ? ms / 4 : 400) };
        const ended = await life(folder, sinks[which] as string, kills < KILLS ? killAfter : undefined);
        if (ended === undefined) {
          kills++;
          continue;
        }
        expect(ended).toBe(report);
        break;
      }
      const found = contentOf(folder);
      expect(Object.keys(found)).toEqual(Object.keys(content));
      for (const name of Object.keys(content)) expect(found[name] === content[name], name).toBe(true);
    }
  });

  test('by Ctrl-C: what was read is written, and the same command goes on', async () => {
    const args = ['index', 'source', '-s', 'stopped.jsonl'];
    const child = place.start(...args);
    const ended = outcome(child);
    while (!existsSync(place.file('stopped.jsonl'))) await wait(5);
    await wait(200);
    child.kill('SIGINT');
    const { code, stderr } = await ended;
    const whole = await place.run('index', 'source', '-s', 'whole.jsonl');
    expect(whole.code).toBe(3);
    if (code !== 3) {
      expect(code).toBe(130);
      expect(stderr).toContain('the same command goes on from there');
      // Whole lines, as many as are said to be done.
      const rows = jsonLines(readFileSync(place.file('stopped.jsonl'), 'utf8'));
      expect(stderr).toContain(` ${rows.length.toLocaleString('en-US')} chunk`);
      expect((await place.run(...args)).code).toBe(3);
    }
    expect(readFileSync(place.file('stopped.jsonl'), 'utf8') === readFileSync(place.file('whole.jsonl'), 'utf8')).toBe(
      true,
    );
    expect(existsSync(place.file('stopped.jsonl.checkpoint'))).toBe(false);
  });

  const canMount = (() => {
    if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
    try {
      execFileSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  })();

  test.skipIf(!canMount)('by a full disk: an error that names it, and the run goes on once there is room', async () => {
    const disk = place.file('disk');
    mkdirSync(disk);
    const mount = (options: string) => execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', disk]);
    mount('size=400k');
    onTestFinished(() => void execFileSync('umount', ['-l', disk]));
    const args = ['index', 'source', '-s', 'disk/index', '--quiet'];
    const { code, stderr } = await place.run(...args);
    expect(code).toBe(6);
    expect(stderr).toMatch(/disk\/index\S* cannot be written: no space left on device/);
    mount('remount,size=100m');
    expect((await place.run(...args)).code).toBe(3);
    expect((await place.run('index', 'source', '-s', 'roomy')).code).toBe(3);
    for (const name of ['chunks.jsonl', 'vectors.npy']) {
      expect(
        readFileSync(place.file(`disk/index/${name}`)).equals(readFileSync(place.file(`roomy/${name}`))),
        name,
      ).toBe(true);
    }
  });
});
