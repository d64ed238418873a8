/**
 * The addon in processes and threads that end at any moment: no crash, no hang, the exit code that was meant. Rules in
 * native/addon/env_state.h.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tinyModels, writeTinyModel } from '../../scripts/models/make-tiny.mjs';

const FULL = process.env.OVEMBED_TEST_FULL === '1';
/** Of each way to end; 5 ways, so 500 runs in full. */
const EXITS = FULL ? 100 : 6;
const WORKERS = FULL ? 1_000 : 40;
const DROPPED = FULL ? 300 : 20;
/** From the moment that ends a process to its end. */
const LIMIT_MS = 2_000;

const folder = mkdtempSync(join(tmpdir(), 'ovembed-lifecycle-'));
const model = join(folder, 'model');
beforeAll(async () => {
  writeTinyModel(tinyModels.mean, model);
  await child('idle'); // compiles once, so that the others load what is cached
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ending {
  code: number | null;
  signal: NodeJS.Signals | null;
  output: string;
  /** Milliseconds to the end from the moment that the child tells of. */
  took: number;
}

interface ChildOptions {
  parameter?: number;
  /** Milliseconds count from the first results, not from the start. */
  atWork?: boolean;
  /** Sent at the moment that the child tells of. */
  kill?: NodeJS.Signals;
  /** Without a compiled model from before. */
  cold?: boolean;
}

function child(
  scenario: string,
  { parameter = 0, atWork = false, kill, cold = false }: ChildOptions = {},
): Promise<Ending> {
  const cacheDir = cold ? mkdtempSync(join(folder, 'cold-')) : folder;
  const program = join(import.meta.dirname, 'lifecycle/child.cjs');
  const args = ['--expose-gc', program, scenario, model, cacheDir, String(parameter), atWork ? 'work' : 'start'];
  const process_ = spawn(process.execPath, args);
  let ended = performance.now();
  const timer = setTimeout(() => process_.kill('SIGKILL'), 60_000 + (FULL ? 1_200_000 : 0));
  let output = '';
  process_.stdout.on('data', (data) => {
    if (String(data).startsWith('ending')) {
      ended = performance.now();
      if (kill) process_.kill(kill);
    }
    output += data;
  });
  process_.stderr.on('data', (data) => (output += data));
  return new Promise((resolve) => {
    process_.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, output, took: performance.now() - ended });
    });
  });
}

/** Moments after the start of the process and after first results, every second one where the model must be compiled. */
const moments = Array.from({ length: EXITS }, (_, i) => ({
  parameter: Math.round((i * 400) / EXITS),
  cold: i % 2 === 1,
  atWork: i % 4 > 1,
}));

describe('a process ends by itself', () => {
  test.each(['idle', 'pending', 'search-pending'])('%s', async (scenario) => {
    expect(await child(scenario)).toMatchObject({ code: 0, signal: null, output: '400\n' });
  });
});

describe('a process is ended while the addon loads, compiles or works', () => {
  test.each([
    ['exit', 0],
    ['closing', 0],
    ['throw', 1],
    ['exit-searching', 0],
    ['throw-searching', 1],
  ])(
    '%s gives exit code %i at any moment',
    async (scenario, code) => {
      for (const moment of moments) {
        const ending = await child(scenario, moment);
        expect(ending, JSON.stringify(moment)).toMatchObject({ code, signal: null });
        expect(ending.took, JSON.stringify(moment)).toBeLessThan(LIMIT_MS);
      }
    },
    900_000,
  );

  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s ends it by that signal and no other',
    async (signal) => {
      for (const moment of moments) {
        const ending = await child('signalled', { ...moment, kill: signal });
        expect(ending, JSON.stringify(moment)).toMatchObject({ code: null, signal });
        expect(ending.took, JSON.stringify(moment)).toBeLessThan(LIMIT_MS);
      }
    },
    900_000,
  );
});

describe('workers', () => {
  test(`${WORKERS} of them are terminated at random moments, eight at a time, beside a working main thread`, async () => {
    const { code, signal, output } = await child('workers', { parameter: WORKERS });
    expect({ code, signal, output }).toEqual({ code: 0, signal: null, output: expect.stringMatching(/^\{.*\}\n$/) });
    const { same, rssAfter100, rss } = JSON.parse(output);
    if (FULL) console.log(`${WORKERS} workers: ${rssAfter100} MB after the first hundred, ${rss} MB at the end`);
    expect(same).toBe(true);
    if (FULL) expect(rss).toBeLessThan(1.1 * rssAfter100); // OpenVINO's own bound for its memory tests
  }, 1_300_000);

  test('the second and the eighth load the addon, one after the other and all at once', async () => {
    expect(await child('eight')).toMatchObject({ code: 0, signal: null, output: '16 times the same vector\n' });
  });
});

test(`${WORKERS} workers are terminated while they search`, async () => {
  const ending = await child('search-workers', { parameter: WORKERS });
  expect(ending).toMatchObject({ code: 0, signal: null, output: 'true\n' });
}, 900_000);

test(`${DROPPED} embedders that nobody closed leave no thread and no memory behind`, async () => {
  const { code, signal, output } = await child('dropped', { parameter: DROPPED });
  expect({ code, signal, output }).toEqual({ code: 0, signal: null, output: expect.stringMatching(/^\{.*\}\n$/) });
  const { threads, threadsBefore, rss, rssBefore } = JSON.parse(output);
  if (FULL) console.log(`${DROPPED} dropped: ${rssBefore} to ${rss} MB, ${threadsBefore} to ${threads} threads`);
  expect(threads).toBeLessThanOrEqual(threadsBefore);
  expect(rss).toBeLessThan(1.1 * rssBefore);
}, 600_000);
