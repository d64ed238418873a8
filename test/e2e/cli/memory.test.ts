/** Constant memory: neither a long input nor a slow reader makes the command hold more. */
import type { ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { outcome, Workplace } from './support.js';

const MEGABYTE = 1_000_000;
const LINES = 60_000;

/** Each line carries a field that has to be kept until its vector comes: 120 MB in all. */
const LINE = (i: number) => `{"text":"stone ${i}","kept":"${'k'.repeat(2_000)}"}\n`;

/**
 * A short run needs 155 MB, 180 where the model is compiled: Node, the runtime and the model. This one takes 225 to 255, most of
 * the rest garbage; holding the input would take 120 more.
 */
const MOST_RESIDENT = 290 * MEGABYTE;

const place = new Workplace();
// As Node 20 and 22 have it: from 24 on, V8 lets young garbage pile up higher before it looks (350 MB here, 375 for twice the input).
place.env.NODE_OPTIONS = '--max-semi-space-size=16';
writeFileSync(place.file('large.jsonl'), '');
for (let i = 0; i < LINES; i += 1_000) {
  const lines = Array.from({ length: 1_000 }, (_, j) => LINE(i + j)).join('');
  writeFileSync(place.file('large.jsonl'), lines, { flag: 'a' });
}

/** The most bytes that a process has ever had resident; 0 once it has ended. */
function peakResident(child: ChildProcess): number {
  try {
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

async function peakUntilEnd(child: ChildProcess): Promise<number> {
  let peak = 0;
  while (child.exitCode === null && child.signalCode === null) {
    peak = Math.max(peak, peakResident(child));
    await wait(20);
  }
  return peak;
}

function expectBounded(peak: number): void {
  expect(peak).toBeGreaterThan(50 * MEGABYTE); // else it was not measured
  expect(peak).toBeLessThan(MOST_RESIDENT);
}

describe.runIf(process.platform === 'linux')('resident memory', () => {
  test('of a long input', async () => {
    const child = place.start('embed', 'large.jsonl', '-o', 'large.out.jsonl');
    const [peak, { code }] = await Promise.all([peakUntilEnd(child), outcome(child)]);
    expect(code).toBe(0);
    expectBounded(peak);
  });

  test('while nobody reads the output', async () => {
    const child = place.start('embed', 'large.jsonl', '--quiet');
    await wait(4_000); // in which most of it would be embedded
    const peak = peakResident(child);
    expect(child.exitCode).toBeNull();
    child.kill('SIGKILL');
    expectBounded(peak);
  });
});
