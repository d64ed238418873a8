/** Ctrl-C and kills at random moments: whatever ends the command, the file that is left can be read. */
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { DIMENSIONS, jsonLines, outcome, readNpy, Workplace } from './support.js';

const FULL = process.env.OVEMBED_TEST_FULL === '1';
const KILLS = FULL ? 30 : 3;
const LINES = 400_000;

const place = new Workplace();
writeFileSync(place.file('large.txt'), Array.from({ length: LINES }, (_, i) => `stone ${i}\n`).join(''));

/** Some time after the first vectors were written: up to half a second, spread over the runs. */
async function someMomentIn(file: string, run: number): Promise<void> {
  const deadline = performance.now() + 30_000;
  while ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) <= 128) {
    if (performance.now() > deadline) throw new Error('Nothing is written.');
    await wait(5);
  }
  await wait((run * 500) / KILLS);
}

function expectFirstLines(content: string): number {
  const rows = jsonLines<{ text: string; embedding: number[] }>(content);
  rows.forEach(({ text, embedding }, i) => {
    if (text !== `stone ${i}` || embedding.length !== DIMENSIONS) throw new Error(`Row ${i} is wrong: ${text}`);
  });
  return rows.length;
}

const runs = Array.from({ length: KILLS }, (_, i) => i);

describe.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s', (signal, exitCode) => {
  test.each(runs)('leaves whole JSON Lines (run %i)', async (run) => {
    const file = place.file(`${signal}-${run}.jsonl`);
    const child = place.start('embed', 'large.txt', '-o', file);
    await someMomentIn(file, run);
    child.kill(signal);
    const { code, stderr } = await outcome(child);
    expect(code).toBe(exitCode);
    expect(stderr).toContain('Stopping: what was read is finished.');
    const rows = expectFirstLines(readFileSync(file, 'utf8'));
    expect(rows).toBeLessThan(LINES);
    // Everything that was read is written: the summary counts what came from the model.
    expect(stderr).toContain(`${rows.toLocaleString('en-US')} texts, `);
  });

  test.each(runs)('leaves a whole .npy (run %i)', async (run) => {
    const file = place.file(`${signal}-${run}.npy`);
    const child = place.start('embed', 'large.txt', '-o', file);
    await someMomentIn(file, run);
    child.kill(signal);
    expect((await outcome(child)).code).toBe(exitCode);
    const { rows, columns, excess } = readNpy(file);
    expect({ columns, excess }).toEqual({ columns: DIMENSIONS, excess: 0 });
    expect(rows).toBeGreaterThan(0);
    expect(rows).toBeLessThan(LINES);
  });
});

test.each(runs)('SIGKILL leaves a .npy whose header says no more than the file holds (run %i)', async (run) => {
  const file = place.file(`killed-${run}.npy`);
  const child = place.start('embed', 'large.txt', '-o', file);
  await someMomentIn(file, run);
  while (readNpy(file).rows === 0) await wait(1); // between the first rows and their header
  child.kill('SIGKILL');
  await outcome(child);
  const { rows, columns } = readNpy(file);
  expect(columns).toBe(DIMENSIONS);
  expect(rows).toBeGreaterThan(0);
});

test('ends a wait for standard input; the lines that have come are embedded, a line that has not ended is not', async () => {
  const child = place.start('embed');
  const lines = 2 * 512 + 2; // two windows of a stream, and the beginning of a third
  child.stdin.write(Array.from({ length: lines }, (_, i) => `stone ${i}\n`).join(''));
  child.stdin.write('stone');
  const ended = outcome(child);
  await once(child.stdout, 'data');
  await wait(300);
  child.kill('SIGINT');
  const { code, stdout } = await ended;
  expect(code).toBe(130);
  expect(expectFirstLines(stdout)).toBe(lines);
});

test('while the model is being loaded: no output file is made', async () => {
  // A hub that takes the request and never answers, so that loading is not over whatever the machine's speed.
  const hub = createServer();
  const asked = once(hub, 'request');
  await once(hub.listen(0, '127.0.0.1'), 'listening');
  const { port } = hub.address() as AddressInfo;
  place.env.HF_ENDPOINT = `http://127.0.0.1:${port}`;
  const child = place.start('embed', 'large.txt', '--model', 'some/model', '-o', 'never.jsonl');
  delete place.env.HF_ENDPOINT;
  const ended = outcome(child);
  await asked;
  child.kill('SIGINT');
  expect(await ended).toMatchObject({ code: 130 });
  expect(statSync(place.file('never.jsonl'), { throwIfNoEntry: false })).toBeUndefined();
  hub.closeAllConnections();
  hub.close();
});

test('the second one does not wait for what the first one waits for', async () => {
  const child = place.start('embed', 'large.txt');
  await once(child.stdout, 'readable'); // and is not read any further, so that the command cannot finish
  child.kill('SIGINT');
  for await (const data of child.stderr.iterator({ destroyOnReturn: false })) if (`${data}`.includes('Stopping')) break;
  child.kill('SIGINT'); // at once: the same Ctrl-C, as npx forwards it
  await wait(500);
  expect(child.exitCode).toBeNull();
  child.kill('SIGINT');
  const [code] = await once(child, 'exit');
  expect(code).toBe(130);
});
