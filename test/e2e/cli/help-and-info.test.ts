/** What a person reads first: help, version and `ovembed info`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT, Workplace } from './support.js';

const place = new Workplace();
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

test('--version', async () => {
  expect(await place.run('--version')).toEqual({ code: 0, signal: null, stdout: `${version}\n`, stderr: '' });
});

describe('help', () => {
  test.each([[['--help']], [['help']]])('%j names the commands, the environment and the exit codes', async (args) => {
    const { code, stdout } = await place.run(...args);
    expect(code).toBe(0);
    for (const part of [
      'embed [options] [FILE...]',
      'info [options]',
      'pull [options] [MODEL]',
      'models',
      'cache',
      'OVEMBED_CACHE_DIR',
      '  3    input:',
      'Examples:',
    ]) {
      expect(stdout).toContain(part);
    }
  });

  test('the commands together have every option of docs/cli.md, and no others', async () => {
    const commands = [
      ['embed'],
      ['index'],
      ['search'],
      ['info'],
      ['pull'],
      ['models'],
      ['models', 'remove'],
      ['convert'],
      ['quantize'],
      ['verify'],
      ['map'],
      ['cache', 'stats'],
      ['cache', 'verify'],
      ['cache', 'clear'],
      ...['submit', 'work', 'status', 'cancel'].map((name) => ['jobs', name]),
    ];
    const helps = await Promise.all(commands.map((command) => place.run(...command, '--help')));
    expect(helps.map(({ code }) => code)).toEqual(commands.map(() => 0));
    const documented: string[] = readFileSync(join(ROOT, 'docs/cli.md'), 'utf8').match(/--[a-z][a-z-]+/g) ?? [];
    const known = new Set(helps.flatMap(({ stdout }) => stdout.match(/--[a-z][a-z-]+/g)));
    expect([...new Set(documented)].filter((option) => !known.has(option) && option !== '--version')).toEqual([]);
    expect([...known].filter((option) => !documented.includes(option as string))).toEqual([]);
  });

  test.each([[['embed', '--help']], [['help', 'embed']]])('%j has examples', async (args) => {
    const { stdout } = await place.run(...args);
    expect(stdout).toContain("echo 'how do I reset it?' | ovembed embed --query");
  });
});

describe('info', () => {
  test('--json', async () => {
    const { code, stdout } = await place.run('info', '--json', '--precision', 'f32');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      version,
      runtimeVersion: expect.stringContaining('2026.4.1'),
      devices: expect.arrayContaining([expect.objectContaining({ name: 'CPU' })]),
      model: {
        model: place.file('model'),
        revision: null,
        fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
        dimensions: 32,
        maxTokens: 48,
        pooling: 'MEAN',
        normalize: true,
        prompts: { query: 'query: ', document: 'passage: ' },
        precision: 'f32',
        precisionReason: 'asked for',
      },
      folders: { cache: place.file('cache') },
      problems: [],
    });
  });

  test('for people', async () => {
    const { stdout } = await place.run('info');
    expect(stdout).toMatch(/^ovembed .*, OpenVINO 2026\.4\.1.*, Node .*\n\nDevices\n {2}CPU {10}/);
    expect(stdout).toMatch(/\n {2}prompts {6}query "query: ", document "passage: "\n/);
    expect(stdout).toMatch(/\n {2}precision {4}\w+ \(.+\)\n/);
  });

  test('a model that does not load hides nothing else, and is no success', async () => {
    const { code, stdout } = await place.run('info', '--model', './none');
    expect(code).toBe(4);
    expect(stdout).toMatch(/\nDevices\n {2}CPU/);
    expect(stdout).toMatch(/\nProblems\n {2}model {8}ERR_MODEL_NOT_FOUND: /);
  });
});
