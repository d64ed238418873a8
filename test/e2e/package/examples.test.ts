/** What the README tells a reader to run first: npm run demo, and both forms of the quick start. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../../..');
const run = promisify(execFile);

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
  const { stdout } = await run(process.execPath, [join(ROOT, 'examples', name)]);
  const [near, far] = [...stdout.matchAll(/-?\d\.\d\d/g)].map(Number) as [number, number];
  expect(near).toBeGreaterThan(0.4);
  expect(far).toBeLessThan(0.2);
});

test('examples/cache-level.mjs keeps vectors for the next process', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ovembed-example-'));
  try {
    const example = () => run(process.execPath, [join(ROOT, 'examples/cache-level.mjs'), join(folder, 'level')]);
    expect((await example()).stdout).toContain('3 texts: 1 equal to another, 0 kept');
    const { stdout } = await example();
    expect(stdout).toContain('3 texts: 1 equal to another, 2 kept');
    expect(stdout).toContain('files: 2 hits, 0 misses');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
