/** A device fails in every way that it can, below the seam, under load: no request is lost, answered twice, or answered wrong. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tinyModels, writeTinyModel } from '../../scripts/models/make-tiny.mjs';
import {
  changesOf,
  type Failure,
  failures,
  IMPATIENT,
  LOADS,
  type Load,
  type Outcome,
  type Places,
  randomly,
  runFailure,
} from './device-failures.js';
import { makeFaultyPackage } from './faulty-addon.js';
import { ROOT, temporaryFolder } from './support.js';

/** All loads and longer, with the table of docs/reliability.md written anew. */
const FULL = process.env.OVEMBED_TEST_FULL === '1';
const MS = FULL ? 5_000 : 2_500;

const folder = temporaryFolder();
const places: Places = {
  package_: join(folder, 'package'),
  model: join(folder, 'model'),
  cacheDir: join(folder, 'cache'),
  freshCacheDir: () => mkdtempSync(join(folder, 'cache-')),
};
const NO_FAILURE = failures()[0] as Failure;

beforeAll(async () => {
  makeFaultyPackage(places.package_);
  writeTinyModel(tinyModels.mean, places.model);
  await runFailure(places, NO_FAILURE, 'idle', 0); // and the comparison is remembered
});

const outcomes = new Map<string, Map<Load, Outcome>>();

describe.each(failures().map((failure) => [failure.name, failure] as const))('a device that %s', (name, failure) => {
  test.each(FULL ? LOADS : (['mixed'] as const))('%s', async (load) => {
    const outcome = await runFailure(places, failure, load, MS);
    outcomes.set(name, (outcomes.get(name) ?? new Map()).set(load, outcome));
    expect(outcome.message).toBeUndefined();
    const { requests, lost, duplicated, wrong, codes } = outcome;
    expect(requests).toBeGreaterThan(load === 'idle' ? 30 : 200);
    const told = JSON.stringify(outcome.devices);
    expect({ lost, duplicated, codes }, told).toEqual({ lost: 0, duplicated: 0, codes: {} });
    if (!failure.mayBeWrong) expect(wrong).toBe(0);
    if (failure.mostChanges !== undefined) expect(changesOf(outcome)).toBeLessThanOrEqual(failure.mostChanges);
    expect(failure.ends, told).toContain(outcome.devices[0]?.state);
  });
});

test('what was injected did happen', () => {
  const of = (name: string) => outcomes.get(name)?.get('mixed') as Outcome;
  expect(of('none').ranOn.CPU).toBeUndefined();
  expect(of('none').devices[0]?.reason).toMatch(/cosine of 1\.0000/);
  expect(of('throws once').devices[0]?.counts).toMatchObject({ failures: 0, retries: 1 });
  expect(of('throws always').fallbacks).toBeGreaterThanOrEqual(1);
  expect(of('gives NaN').fallbacks).toBeGreaterThanOrEqual(1);
  expect(of('throws in 30 % of tries').devices[0]?.counts.retries).toBeGreaterThan(20);
  expect(of('crashes on loading').ranOn.SIM_CPU).toBeUndefined();
  expect(of('crashes on loading').devices[0]?.reason).toMatch(
    /process of its own first, and that process was ended by SIG/,
  );
  expect(of("gives wrong vectors later on, `verify: 'interval'`").wrong).toBeGreaterThan(0);
  for (const name of ['gives wrong vectors later on', 'gives wrong vectors later on, models per bucket']) {
    expect(of(name).devices[0]).toMatchObject({ reason: expect.stringMatching(/gives a vector with a cosine of/) });
    expect(of(name).devices[0]?.counts.batches).toBeGreaterThan(3);
  }
  expect(of('gives wrong vectors from the start').devices[0]?.reason).toMatch(/is not used: it gives a cosine of/);
  const { hangs } = of('hangs always').devices[0]?.counts ?? {};
  // Those under way at once: two have threads, others wait behind them, and texts that verify others.
  expect([2, 3, 4, 5, 6]).toContain(hangs);
  expect(of('compiles slowly (2 s)').devicesAtFirst[0]?.state).toBe('loading');
  expect(of('comes back').events.map(({ name }) => name)).toContain('recovered');
});

test('a device on which the model was loaded in a child process first is used', async () => {
  const failure = { ...NO_FAILURE, isCompared: false, fallback: { probe: true } };
  const fine = await runFailure(places, failure, 'idle', 100);
  expect([fine.lost, fine.devices[0]?.state]).toEqual([0, 'ready']);
});

test('where three in ten tries fail a device does most of its work, and does not come and go', async () => {
  // A batch takes 5 ms beside what the CPUs are busy with, and there is always a next one.
  const run = (...faults: string[]) => {
    const delayed = ['infer.SIM_CPU:delay@1-=5', ...faults].join();
    return runFailure(places, { ...NO_FAILURE, readers: 8, faults: delayed }, 'bulk', MS);
  };
  const sound = await run();
  const failing = await run(randomly('throw', 0.3));
  for (const { lost, duplicated, wrong } of [sound, failing]) {
    expect({ lost, duplicated, wrong }).toEqual({ lost: 0, duplicated: 0, wrong: 0 });
  }
  expect(failing.devices[0]?.counts.retries).toBeGreaterThan(30);
  expect(changesOf(failing)).toBeLessThanOrEqual(1); // less than two a minute
  const perMs = ({ requests, tookMs }: Outcome) => requests / tookMs;
  // Other work on the machine slows now the one, now the other.
  expect(perMs(failing) / perMs(sound)).toBeGreaterThan(FULL ? 0.6 : 0.3);
});

describe('several devices at once', () => {
  const distribute = ['SIM_CPU', 'CPU'];

  test('both work, and every text comes back once', async () => {
    const { lost, duplicated, wrong, devices } = await runFailure(places, { ...NO_FAILURE, distribute }, 'bulk', MS);
    expect({ lost, duplicated, wrong }).toEqual({ lost: 0, duplicated: 0, wrong: 0 });
    for (const { counts } of devices) expect(counts.batches).toBeGreaterThan(10);
  });

  test('one that fails in the middle leaves its share to the other', async () => {
    const failure = { ...NO_FAILURE, distribute, faults: 'infer.SIM_CPU:throw@60-' };
    const { lost, duplicated, wrong, devices, message } = await runFailure(places, failure, 'mixed', MS);
    expect(message).toBeUndefined();
    expect({ lost, duplicated, wrong }).toEqual({ lost: 0, duplicated: 0, wrong: 0 });
    expect(devices[0]?.state).not.toBe('ready');
  });
});

test('a batch that does not return holds up neither close() nor the end of the process', async () => {
  const started = performance.now();
  const failure = { ...NO_FAILURE, fallback: IMPATIENT, faults: 'infer.SIM_CPU:hang@20-' };
  const { lost, devices } = await runFailure(places, failure, 'bulk', 2_000);
  expect([lost, devices[0]?.state]).toEqual([0, 'dead']);
  expect(performance.now() - started).toBeLessThan(15_000);
});

afterAll(() => {
  if (!FULL) return;
  const file = join(ROOT, 'docs', 'reliability.md');
  const [head, rest] = readFileSync(file, 'utf8').split('<!-- table -->\n') as [string, string];
  const tail = rest.split('<!-- end of table -->')[1] as string;
  writeFileSync(file, `${head}<!-- table -->\n${table()}<!-- end of table -->${tail}`);
});

/** A line per failure; of queries, idle / mixed. */
function table(): string {
  const titles = ['a device that', 'requests', 'lost', 'twice', 'wrong', 'longest query, ms', 'until it was back, ms'];
  const lines = [`| ${titles.join(' | ')} |`, `|${'---|'.repeat(titles.length)}`];
  for (const [name, byLoad] of outcomes) {
    const all = [...byLoad.values()];
    const sum = (of: 'requests' | 'lost' | 'duplicated' | 'wrong') => all.reduce((total, each) => total + each[of], 0);
    const longest = all.flatMap(({ queryMs }) => (queryMs.length > 0 ? [Math.max(...queryMs).toFixed(0)] : []));
    const back = all.flatMap(
      ({ events }) => events.find((event) => event.name === 'recovered')?.downMs?.toFixed(0) ?? [],
    );
    const counts = [sum('requests'), sum('lost'), sum('duplicated'), sum('wrong')];
    lines.push(`| ${[name, ...counts, longest.join(' / '), back.join(' / ') || '–'].join(' | ')} |`);
  }
  return `${lines.join('\n')}\n`;
}
