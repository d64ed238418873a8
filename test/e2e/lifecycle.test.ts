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
const EXITS = FULL ? 125 : 6;
const WORKERS = FULL ? 1_000 : 40;

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
  /** Milliseconds from start to end. */
  took: number;
}

function child(scenario: string, parameter = 0, { signalAfter }: { signalAfter?: number } = {}): Promise<Ending> {
  const started = performance.now();
  const process_ = spawn(process.execPath, [
    join(import.meta.dirname, 'lifecycle/child.cjs'),
    scenario,
    model,
    folder,
    String(parameter),
  ]);
  const timers = [setTimeout(() => process_.kill('SIGKILL'), 60_000 + (FULL ? 600_000 : 0))];
  if (signalAfter !== undefined) timers.push(setTimeout(() => process_.kill('SIGTERM'), signalAfter));
  let output = '';
  process_.stdout.on('data', (data) => (output += data));
  process_.stderr.on('data', (data) => (output += data));
  return new Promise((resolve) => {
    process_.on('close', (code, signal) => {
      timers.forEach(clearTimeout);
      resolve({ code, signal, output, took: performance.now() - started });
    });
  });
}

/** Moments from the start of the process to well inside inference. */
const moments = Array.from({ length: EXITS }, (_, i) => Math.round((i * 400) / EXITS));

describe('a process ends by itself', () => {
  test.each(['idle', 'pending', 'search-pending'])('%s', async (scenario) => {
    expect(await child(scenario)).toMatchObject({ code: 0, signal: null, output: '400\n' });
  });
});

describe('a process is ended while the addon loads or works', () => {
  test.each([
    ['exit', 0],
    ['closing', 0],
    ['throw', 1],
    ['exit-searching', 0],
    ['throw-searching', 1],
  ])('%s gives exit code %i at any moment', async (scenario, code) => {
    for (const moment of moments) {
      const ending = await child(scenario, moment);
      expect(ending, `after ${moment} ms: ${ending.output}`).toMatchObject({ code, signal: null });
    }
  });

  test('SIGTERM ends it by that signal and no other', async () => {
    for (const moment of moments) {
      expect(await child('busy', 0, { signalAfter: 50 + moment })).toMatchObject({ code: null, signal: 'SIGTERM' });
    }
  });
});

test(`${WORKERS} workers are terminated at random moments beside a working main thread`, async () => {
  const ending = await child('workers', WORKERS);
  expect(ending).toMatchObject({ code: 0, signal: null, output: 'true\n' });
}, 900_000);

test(`${WORKERS} workers are terminated while they search`, async () => {
  const ending = await child('search-workers', WORKERS);
  expect(ending).toMatchObject({ code: 0, signal: null, output: 'true\n' });
}, 900_000);
