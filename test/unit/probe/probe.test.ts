/** What a child that tries a model can end in, with children that do only that. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { OvembedError } from '../../../lib/errors.js';
import { runProbe } from '../../../lib/probe/run-probe.js';

const folder = mkdtempSync(join(tmpdir(), 'ovembed-probe-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
/** Runs a child of this JavaScript. */
function run(program: string, { limitMs = 8_000, signal = new AbortController().signal } = {}): Promise<void> {
  const file = join(folder, `child-${count++}.cjs`);
  writeFileSync(file, program);
  return runProbe(file, { model: 'the model', options: { maxLength: 7 } }, { limitMs, signal });
}

const answer = (value: object) =>
  `process.once('message', (request) => process.send(${JSON.stringify(value)}, () => process.disconnect()));`;

test('passes when the child says so', async () => {
  await expect(run(answer({ ok: true }))).resolves.toBeUndefined();
});

test('the child is told the model and the options', async () => {
  const program = `process.once('message', (request) =>
    process.send({ ok: false, code: 'ERR_MODEL_INVALID', message: JSON.stringify(request) }, () => process.disconnect()));`;
  await expect(run(program)).rejects.toMatchObject({
    code: 'ERR_MODEL_INVALID',
    message: '{"model":"the model","options":{"maxLength":7}}',
  });
});

test("an error without a code is the child's own", async () => {
  await expect(run(answer({ ok: false, message: 'a defect' }))).rejects.toMatchObject({ message: 'a defect' });
});

test.each<[string, string, string]>([
  ['a signal', `process.kill(process.pid, 'SIGSEGV'); setInterval(() => {}, 1000);`, 'was ended by SIGSEGV'],
  ['abort()', 'process.abort()', 'was ended by SIGABRT'],
  ['an exit code', 'process.exit(3)', 'ended with exit code 3'],
  ['nothing', '', 'ended with exit code 0'],
  ['a program that is none', '}', 'ended with exit code 1'],
])('a child that ends by %s has crashed', async (_, program, message) => {
  const error = await run(program).catch((problem) => problem);
  expect(error).toMatchObject({ code: 'ERR_MODEL_PROBE_CRASHED' });
  expect(error.message).toContain('the model');
  expect(error.message).toContain(message);
});

test('its last words are the cause', async () => {
  const error: OvembedError = await run(`process.stderr.write('free(): invalid pointer'); process.exitCode = 1`).catch(
    (e) => e,
  );
  expect(error.cause).toMatchObject({ message: 'free(): invalid pointer' });
});

test('a child that does not end is ended', async () => {
  const started = performance.now();
  const hung = run('setInterval(() => {}, 1000)', { limitMs: 300 });
  await expect(hung).rejects.toMatchObject({
    code: 'ERR_MODEL_PROBE_CRASHED',
    message: expect.stringMatching(/not done after 300 ms/),
  });
  expect(performance.now() - started).toBeLessThan(8_000);
});

test('an abort ends the child, and is the reason', async () => {
  const controller = new AbortController();
  const running = run('setInterval(() => {}, 1000)', { signal: controller.signal });
  setTimeout(() => controller.abort('enough'), 200);
  await expect(running).rejects.toBe('enough');
});

test('a bundle without the program is told what to do', async () => {
  const missing = join(folder, 'none.js');
  const signal = new AbortController().signal;
  await expect(runProbe(missing, { model: 'm', options: {} }, { limitMs: 1, signal })).rejects.toMatchObject({
    code: 'ERR_NATIVE_LOAD',
    message: expect.stringMatching(/bundler/),
  });
});
